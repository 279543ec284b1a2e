/* "indrik.http.file/1": a file as the answer to a request. RFC 9110 13 and 14. */
#ifndef INDRIK_EXT_HTTP_FILE_H
#define INDRIK_EXT_HTTP_FILE_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_HTTP_FILE "indrik.http.file/1"

/* A file to send. Zero it first, then set descriptor to -1 or to one that is open. */
typedef struct indrik_file {
  uint32_t struct_size;
  int32_t descriptor;       /* a regular file, open for reading (its position does not matter); -1: path is opened */
  indrik_text path;         /* with a descriptor only a name, whose end says the Content-Type; without NUL */
  indrik_text content_type; /* empty: by the end of path, application/octet-stream if that is none we know */
  indrik_text content_encoding; /* "gzip", for a file that is compressed already; empty: none */
} indrik_file;

typedef struct indrik_http_file {
  uint32_t struct_size;
  uint32_t reserved;

  /* Makes a file the answer. It is sent by sendfile(2) after the handler has ended, as long as the client takes it.
   *
   * To GET and HEAD, where the status is 200 so far, the answer has ETag, Last-Modified and Accept-Ranges, and
   * If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, and to GET also Range and If-Range, are obeyed:
   * the status becomes 206, 304, 412 or 416. With 412 and 416 the fields added so far are dropped. The entity tag is
   * made of the time of modification in nanoseconds, size and inode. It is strong, but for a file that was modified
   * within the last second. At most 16 ranges are obeyed, and none overlap in what is sent. With any other status or
   * method the whole file is sent, without those fields.
   *
   * When:      once, in place of append_body(), while the exchange lives, on the thread or fiber that runs its handler.
   *            Status and fields first; Content-Type and Content-Encoding stand in *file and are not added.
   *            set_status() and append_body() are refused afterwards.
   * OWNERSHIP: file->descriptor is the host's from this call on, whatever it returns. The rest is copied.
   * Changes:   replace files by rename(2). A file that becomes shorter while it is sent ends its connection; one that
   * is written to meanwhile is sent as it is read. Time:      open(2) and fstat(2). Sending waits for the disk where
   * the file is not in memory. Returns:   INDRIK_OK. INDRIK_E_NOT_FOUND: there is no such file, or it is not a regular
   * one; the answer is 404 from now on, and the handler may end as usual. INDRIK_E_FAILED: it cannot be opened; errno
   * says why. INDRIK_E_INVALID: a descriptor that is not open for reading, a path with NUL. INDRIK_E_BAD_VALUE:
   * content_type or content_encoding is no field value. INDRIK_E_WRONG_PHASE: the answer has a body, a Content-Type or
   * a file already, or has failed. INDRIK_E_NO_MEMORY. */
  int32_t (*answer)(indrik_exchange* exchange, const indrik_file* file);
} indrik_http_file;

#ifdef __cplusplus
}
#endif

#endif
