/* "indrik.config/1": what the configuration says for this plugin ([app.config] in TOML). */
#ifndef INDRIK_EXT_CONFIG_H
#define INDRIK_EXT_CONFIG_H

#include <indrik/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INDRIK_CONFIG "indrik.config/1"

enum {
  INDRIK_CONFIG_STRING = 1,
  INDRIK_CONFIG_INTEGER = 2,
  INDRIK_CONFIG_FLOAT = 3,
  INDRIK_CONFIG_BOOLEAN = 4,
  INDRIK_CONFIG_STRING_ARRAY = 5
};

/* One value, in the one member that `type` says; the others are 0. */
typedef struct indrik_config_value {
  uint32_t struct_size; /* set by the plugin: how far the host may write */
  uint32_t type;        /* INDRIK_CONFIG_*; a number you do not know is a type you cannot read */
  int64_t integer;
  double floating;
  uint64_t boolean;   /* 0 or 1 */
  uint64_t count;     /* of an array: items 0 to count - 1, see item() */
  indrik_text string; /* the host's, until destroy() has returned */
} indrik_config_value;

/* When:      from create() until destroy(), any thread; the values never change. Keys that nobody asked for within
 *            create() are reported as probable mistakes: read all of yours there. */
typedef struct indrik_config {
  uint32_t struct_size;
  uint32_t reserved;

  /* Finds a value. Keys of nested tables are joined by dots: "database.host".
   * Returns:   INDRIK_OK; INDRIK_E_NOT_FOUND; INDRIK_E_INVALID if value->struct_size is smaller than it was in the
   * first revision. */
  int32_t (*get)(const indrik_host* host, indrik_text key, indrik_config_value* value);

  /* One item of a string array; the text is the host's, until destroy() has returned.
   * Returns:   INDRIK_OK; INDRIK_E_NOT_FOUND: no array of that key; INDRIK_E_OUT_OF_RANGE: no such item. */
  int32_t (*item)(const indrik_host* host, indrik_text key, uint64_t index, indrik_text* item);
} indrik_config;

#ifdef __cplusplus
}
#endif

#endif
