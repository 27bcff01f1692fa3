// LD_PRELOAD: a process that opens a file whose name contains LITEBENCH_FAULT_FILE dies or hangs, as one that meets a
// bug in a decoder does. LITEBENCH_FAULT: "kill" (the default), "crash" or "hang".

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void meet(const char* path) {
  const char* file = getenv("LITEBENCH_FAULT_FILE");
  if (file == NULL || path == NULL || strstr(path, file) == NULL) return;
  const char* how = getenv("LITEBENCH_FAULT");
  if (how != NULL && strcmp(how, "hang") == 0) {
    for (;;) pause();
  }
  raise(how != NULL && strcmp(how, "crash") == 0 ? SIGSEGV : SIGKILL);
}

typedef int open_function(const char*, int, ...);

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  meet(path);
  return ((open_function*)dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  meet(path);
  return ((open_function*)dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}
