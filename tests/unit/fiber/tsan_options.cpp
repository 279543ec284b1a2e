// The tests compare how libc refuses a wrong use of a mutex, which ThreadSanitizer takes for a fault of the test's.
#ifdef __SANITIZE_THREAD__
#pragma GCC visibility push(default)
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "report_mutex_bugs=0:report_destroy_locked=0"; }
#pragma GCC visibility pop
#endif
