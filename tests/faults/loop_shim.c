// LD_PRELOAD: what the thread of an event loop, the first of the process, must not do. A test says
// when to watch, and can hold the disk: then no sync ends until it is let go.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int held, waiting;
static volatile int watched;
static const char *volatile first;

// A MAC over 64 KiB and what a scheme puts around the body.
static const size_t most_hashed = 64 * 1024 + 1024;

void loop_shim_watch(int on) { watched = on; }
const char *loop_shim_seen(void) { return first; }

void loop_shim_hold(int on) {
  pthread_mutex_lock(&lock);
  held = on;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

int loop_shim_waiting(void) {
  pthread_mutex_lock(&lock);
  const int now = waiting;
  pthread_mutex_unlock(&lock);
  return now;
}

static void look(const char *what) {
  if (watched && !first && syscall(SYS_gettid) == getpid()) first = what;
}

static void wait_for_disk(void) {
  pthread_mutex_lock(&lock);
  waiting++;
  while (held) pthread_cond_wait(&changed, &lock);
  waiting--;
  pthread_mutex_unlock(&lock);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int fsync(int file) {
  look("fsync");
  wait_for_disk();
  return REAL(fsync)(file);
}

int fdatasync(int file) {
  look("fdatasync");
  wait_for_disk();
  return REAL(fdatasync)(file);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) {
  look("pwrite");
  return REAL(pwrite64)(file, bytes, size, at);
}

ssize_t pread64(int file, void *bytes, size_t size, off64_t at) {
  look("pread");
  return REAL(pread64)(file, bytes, size, at);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = va_arg(rest, int);
  va_end(rest);
  look("open");
  return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"))(path, flags, mode);
}

struct addrinfo;
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **found) {
  look("getaddrinfo");
  return REAL(getaddrinfo)(node, service, hints, found);
}

int EVP_DigestUpdate(void *context, const void *bytes, size_t size) {
  if (size > most_hashed) look("a digest over more than 64 KiB");
  // Of a module that Python loaded RTLD_NEXT finds nothing.
  static int (*real)(void *, const void *, size_t);
  if (!real) real = dlsym(dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_NOLOAD), "EVP_DigestUpdate");
  return real(context, bytes, size);
}
