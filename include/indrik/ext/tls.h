/* "indrik.tls/1": how a request's connection is secured, and who the client showed itself to be. RFC 8446, RFC 5280. */
#ifndef INDRIK_EXT_TLS_H
#define INDRIK_EXT_TLS_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_TLS "indrik.tls/1"

/* What the handshake came to. Texts are empty where there is nothing to tell. */
typedef struct indrik_tls_connection {
  uint32_t struct_size;    /* set by the plugin: how far the host may write */
  int32_t resumed;         /* 1: the client took up a session of before */
  indrik_text version;     /* "TLSv1.2" or "TLSv1.3" */
  indrik_text cipher;      /* OpenSSL's name: "TLS_AES_256_GCM_SHA384" */
  indrik_text server_name; /* the host that the client asked for (SNI, RFC 6066 3), as sent */
  indrik_text protocol;    /* agreed on by ALPN (RFC 7301): "http/1.1" */
  int32_t has_certificate; /* 1: the client has shown a certificate, and the following is about it */
  int32_t is_verified;     /* 1: an authority of the server's ca_certs vouches for it; with this server always */
  indrik_text subject;     /* RFC 4514: "CN=alice,O=Example" */
  indrik_text issuer;      /* the same */
  indrik_text serial;      /* hexadecimal, capitals: "0F27" */
  indrik_text fingerprint; /* SHA-256 of its DER, 64 hexadecimal digits, small letters */
  indrik_text pem;         /* the certificate itself, without its chain */
} indrik_tls_connection;

/* When:      while the exchange lives, on the thread or fiber that runs its handler.
 * OWNERSHIP: all texts are the host's and live as long as the exchange. */
typedef struct indrik_tls {
  uint32_t struct_size;
  uint32_t reserved;

  /* Fills *connection, as far as connection->struct_size reaches.
   * Returns:   INDRIK_OK; INDRIK_E_NOT_FOUND: the connection to this server is plain, whatever a proxy in front of it
   *            speaks; INDRIK_E_INVALID if struct_size is smaller than it was in the first revision. */
  int32_t (*read)(const indrik_exchange* exchange, indrik_tls_connection* connection);
} indrik_tls;

#ifdef __cplusplus
}
#endif

#endif
