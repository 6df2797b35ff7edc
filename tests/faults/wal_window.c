// LD_PRELOAD: makes long the moments of a checkpoint in which SQLite before 3.51.3 can lose
// commits (https://sqlite.org/wal.html#walresetbug), and takes defences away, one by one:
//
//   WAL_WINDOW_US       how long each moment is made, in microseconds
//   WAL_WINDOW_HOLD     the beginning of file names: the process stops in its first checkpoint
//                       "-before" it begins and "-inside" the dangerous moment; it makes the file
//                       of that name and goes on once there is one that ends in "-go" as well
//   WAL_WINDOW_MMAP     set: memory mapping stays on, although the program switches it off
//   WAL_WINDOW_PASSIVE  set: every checkpoint is a passive one
//   WAL_WINDOW_NO_GATE  set: the lock around commits and checkpoints is not taken
//   WAL_WINDOW_LOG      a file that gets one line for each checkpoint that was made long
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kBusy = 5 };

static __thread int in_checkpoint;
static __thread int moments;

// The library is loaded by a Python module for itself, so RTLD_NEXT does not see it.
static void* of_sqlite(const char* name) {
  void* library = dlopen("libsqlite3.so.0", RTLD_LAZY);
  return library == NULL ? NULL : dlsym(library, name);
}

static void linger(void) {
  const char* microseconds = getenv("WAL_WINDOW_US");
  if (!in_checkpoint || microseconds == NULL) return;
  ++moments;
  usleep((useconds_t)atoi(microseconds));
}

static void hold(const char* moment) {
  const char* prefix = getenv("WAL_WINDOW_HOLD");
  if (!in_checkpoint || prefix == NULL) return;
  char here[4096];
  char go[4096];
  snprintf(here, sizeof here, "%s-%s", prefix, moment);
  snprintf(go, sizeof go, "%s-%s-go", prefix, moment);
  const int file = open(here, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return;  // Not for the first time.
  close(file);
  while (access(go, F_OK) != 0) usleep(1000);  // There is no event to wait for.
}

int sqlite3_wal_checkpoint_v2(void* db, const char* name, int mode, int* log, int* done) {
  static int (*real)(void*, const char*, int, int*, int*);
  if (real == NULL) real = of_sqlite("sqlite3_wal_checkpoint_v2");
  in_checkpoint = 1;
  moments = 0;
  hold("before");
  if (getenv("WAL_WINDOW_PASSIVE") != NULL) {
    linger();  // Others commit meanwhile, so that the checkpoint finds the log changed.
    mode = 0;
  }
  int code = real(db, name, mode, log, done);
  // Another one is under way: this one follows at its heels, before the next commit.
  for (int tries = 0; mode == 0 && code == kBusy && tries < 5000; ++tries) {
    usleep(20);  // SQLite's own waiting would take milliseconds.
    code = real(db, name, mode, log, done);
  }
  in_checkpoint = 0;
  const char* path = getenv("WAL_WINDOW_LOG");
  if (path != NULL) {
    const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char line[64];
    const int length =
        snprintf(line, sizeof line, "mode %d code %d moments %d\n", mode, code, moments);
    if (write(file, line, (size_t)length) != length) abort();
    close(file);
  }
  return code;
}

// Between reading the log's header and acting on it; only reached with a mapped file.
int munmap(void* address, size_t length) {
  static int (*real)(void*, size_t);
  if (real == NULL) real = dlsym(RTLD_NEXT, "munmap");
  hold("inside");
  linger();
  return real(address, length);
}

// Between the copying of pages and the note that they were copied.
int fdatasync(int file) {
  static int (*real)(int);
  if (real == NULL) real = dlsym(RTLD_NEXT, "fdatasync");
  const int code = real(file);
  linger();
  return code;
}

int sqlite3_exec(void* db, const char* sql, void* call, void* argument, char** error) {
  static int (*real)(void*, const char*, void*, void*, char**);
  if (real == NULL) real = of_sqlite("sqlite3_exec");
  const char* setting = sql != NULL ? strstr(sql, "mmap_size = 0") : NULL;
  if (setting == NULL || getenv("WAL_WINDOW_MMAP") == NULL) {
    return real(db, sql, call, argument, error);
  }
  char changed[1024];
  snprintf(changed, sizeof changed, "%.*smmap_size = 268435456%s", (int)(setting - sql), sql,
           setting + strlen("mmap_size = 0"));
  return real(db, changed, call, argument, error);
}

static int is_gate(int file, const struct flock* lock) {
  char link[64];
  char path[4096];
  if (lock->l_start != 0 || getenv("WAL_WINDOW_NO_GATE") == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path);
  return length > 5 && memcmp(path + length - 5, "-lock", 5) == 0;
}

static int pass_on(const char* name, int file, int command, void* argument) {
  int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, name);
  if ((command == F_SETLK || command == F_SETLKW) && is_gate(file, argument)) return 0;
  return real(file, command, argument);
}

int fcntl(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return pass_on("fcntl", file, command, argument);
}

int fcntl64(int file, int command, ...) {
  va_list rest;
  va_start(rest, command);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  return pass_on("fcntl64", file, command, argument);
}
