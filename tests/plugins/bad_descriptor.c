/* A plugin that is wrong in one way, chosen by what is defined when it is compiled. */
#include <indrik/plugin.h>

#ifndef MAGIC
#define MAGIC INDRIK_MAGIC
#endif
#ifndef STRUCT_SIZE
#define STRUCT_SIZE sizeof(indrik_plugin)
#endif
#ifndef MAJOR
#define MAJOR INDRIK_ABI_MAJOR
#endif
#ifndef MIN_HOST_MINOR
#define MIN_HOST_MINOR 0
#endif
#ifndef REQUIRED
#define REQUIRED NULL
#endif
#ifndef ENTRY
#define ENTRY indrik_plugin_entry
#endif
#ifndef DESCRIPTOR
#define DESCRIPTOR (&plugin)
#endif

#include <stddef.h>

#ifdef CALLS_WHAT_IS_NOWHERE
int32_t this_function_is_nowhere(void);
#endif

static int32_t create(const indrik_host* host, indrik_instance** self, char* error, uint64_t error_capacity) {
  (void)host;
  (void)self;
  (void)error;
  (void)error_capacity;
#ifdef CALLS_WHAT_IS_NOWHERE
  return this_function_is_nowhere();
#else
  return INDRIK_E_FAILED; /* without a word */
#endif
}

static const char* const required[] = {REQUIRED, NULL};

static const indrik_plugin plugin = {.magic = MAGIC,
                                     .struct_size = STRUCT_SIZE,
                                     .abi_major = MAJOR,
                                     .min_host_minor = MIN_HOST_MINOR,
                                     .name = "bad",
                                     .required_interfaces = required,
                                     .create = create};

INDRIK_EXPORT const indrik_plugin* ENTRY(const indrik_host* host);
INDRIK_EXPORT const indrik_plugin* ENTRY(const indrik_host* host) {
  (void)host;
  (void)plugin;
  return DESCRIPTOR;
}
