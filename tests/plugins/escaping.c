/* A plugin without routes that gets past the hooked system calls, in one way, chosen when it is compiled. */
#include <indrik/plugin.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(EXPORTED_READ)
__attribute__((visibility("default")))
#elif defined(HIDDEN_READ)
__attribute__((visibility("hidden")))
#endif
#if defined(EXPORTED_READ) || defined(HIDDEN_READ)
ssize_t
read(int file, void* buffer, size_t size) {
  (void)file;
  (void)buffer;
  return size > 0 ? -1 : 0;
}
#endif

#ifdef GO_RUNTIME
__asm__(".pushsection .go.buildinfo,\"a\"\n.quad 0\n.popsection");
#endif

static long call_something(void) {
#ifdef RAW_CALL
  return syscall(SYS_getpid);
#elif defined(EXPORTED_READ) || defined(HIDDEN_READ)
  char byte = 0;
  return -read(-1, &byte, 1);
#else
  return getpid();
#endif
}

/* Its own, and nobody's business. */
static int wait_for(int what) { return what; }

static int32_t create(const indrik_host* host, indrik_instance** self, char* error, uint64_t error_capacity) {
  (void)host;
  (void)error;
  (void)error_capacity;
  static char state;
  *self = (indrik_instance*)(void*)&state;
  return call_something() > 0 ? wait_for(0) : INDRIK_E_FAILED;
}

static void destroy(indrik_instance* self) { (void)self; }

static const indrik_plugin plugin = {.magic = INDRIK_MAGIC,
                                     .struct_size = sizeof(indrik_plugin),
                                     .abi_major = INDRIK_ABI_MAJOR,
                                     .name = "escaping",
                                     .create = create,
                                     .destroy = destroy};

INDRIK_EXPORT const indrik_plugin* indrik_plugin_entry(const indrik_host* host) {
  (void)host;
  return &plugin;
}
