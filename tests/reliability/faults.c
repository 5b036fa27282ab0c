// SPDX-License-Identifier: Apache-2.0
/* What a process does to the files below a folder: made to fail at a call, ended there, or recorded.

   Loaded before the C library (LD_PRELOAD), so that the calls of Python and those of SQLite are met
   alike. `faults.py` builds it, has the other side of `struct control`, and reads the records. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind {
  CREATE = 1, WRITE = 2, SYNC = 4, LINK = 8, RENAME = 16, UNLINK = 32, MKDIR = 64, TRUNCATE = 128,
  ALLOCATE = 256, UTIME = 512, SYNC_END = 1024, RMDIR = 2048, SYNC_ALL = 4096, SYNC_FAILED = 8192,
};

struct control {
  _Atomic uint64_t calls;  /* that were counted */
  _Atomic uint64_t events; /* that were recorded */
  uint64_t first, last;    /* calls that meet the fault */
  uint32_t kinds;          /* of calls that are counted */
  int32_t error;           /* that they meet; 0: the process is killed */
  _Atomic int64_t room;    /* bytes by which files may grow, as of a quota; negative: any */
  char only[64];           /* what the path of a call that is counted contains */
};

struct event { /* then the path, the other path, the data */
  uint32_t kind, path, other, data;
  uint64_t inode, offset;
};

#define MOST 65536
static struct control *control;
static char root[4096];
static size_t root_length;
static char *_Atomic names[MOST];
static int record = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTS_CONTROL"), *below = getenv("FAULTS_ROOT"),
             *to = getenv("FAULTS_RECORD");
  if (!path || !below) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) abort();
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  if (control == MAP_FAILED) abort();
  strncpy(root, below, sizeof root - 1);
  root_length = strlen(root);
  if (to) record = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_below(const char *path) {
  return control && path && !strncmp(path, root, root_length) &&
         (path[root_length] == '/' || !path[root_length]);
}

static const char *name_of(int file) {
  return control && file >= 0 && file < MOST ? atomic_load(&names[file]) : NULL;
}

static void remember(int file, const char *path) {
  if (file < 0 || file >= MOST) return;
  free(atomic_exchange(&names[file], path ? strdup(path) : NULL));
}

/* Count a call; return the error that it meets. */
static int met(uint32_t kind, const char *path) {
  if (!(control->kinds & kind) || (control->only[0] && !strstr(path, control->only))) return 0;
  uint64_t number = atomic_fetch_add(&control->calls, 1) + 1;
  if (number < control->first || number > control->last) return 0;
  if (!control->error) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  return control->error;
}

#define FAIL(kind, path)                        \
  do {                                          \
    int error = met(kind, path);                \
    if (error) { errno = error; return -1; }    \
  } while (0)

static void note(uint32_t kind, uint64_t inode, uint64_t offset, const char *path, const char *other,
                 const void *data, size_t size) {
  if (record < 0) return;
  struct event event = {kind, path ? (uint32_t)strlen(path) : 0, other ? (uint32_t)strlen(other) : 0,
                        (uint32_t)size, inode, offset};
  struct iovec parts[] = {{&event, sizeof event}, {(void *)path, event.path},
                          {(void *)other, event.other}, {(void *)data, size}};
  size_t whole = sizeof event + event.path + event.other + size;
  if (syscall(SYS_writev, record, parts, 4) != (long)whole) abort();
  atomic_fetch_add(&control->events, 1);
}

static uint64_t inode_of(int file) {
  struct stat status;
  return fstat(file, &status) ? 0 : status.st_ino;
}

static uint64_t inode_at(const char *path) {
  struct stat status;
  return lstat(path, &status) ? 0 : status.st_ino;
}

/* Take room for bytes that a file grows by; return how many of them there is room for. */
static size_t granted(int file, off_t offset, size_t size) {
  if (atomic_load(&control->room) < 0) return size;
  struct stat status;
  if (fstat(file, &status)) return size;
  off_t grown = offset + (off_t)size - (status.st_size > offset ? status.st_size : offset);
  if (grown <= 0) return size;
  int64_t left = atomic_load(&control->room), taken;
  do taken = left < grown ? left : grown;
  while (!atomic_compare_exchange_weak(&control->room, &left, left - taken));
  return size - (size_t)(grown - taken);
}

static void give_back(int64_t size) {
  if (size > 0 && atomic_load(&control->room) >= 0) atomic_fetch_add(&control->room, size);
}

/* The path of a name in an open folder, in a buffer that is given; NULL for one that is not known. */
static const char *named_in(int folder, const char *name, char *buffer, size_t size) {
  if (!control || !name || name[0] == '/' || folder == AT_FDCWD) return name;
  const char *above = name_of(folder);
  if (!above || (size_t)snprintf(buffer, size, "%s/%s", above, name) >= size) return NULL;
  return buffer;
}

static int opened(const char *path, int flags, mode_t mode) {
  /* A file without a name is no matter of a power cut. */
  if (!is_below(path) || (flags & O_TMPFILE) == O_TMPFILE) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  int changes = (flags & O_TRUNC) || ((flags & O_CREAT) && !inode_at(path));
  if (changes) FAIL(CREATE, path);
  pthread_mutex_lock(&lock);
  uint64_t before = inode_at(path);
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  if (file >= 0) {
    if (!before && (flags & O_CREAT)) note(CREATE, inode_of(file), 0, path, NULL, NULL, 0);
    else if (flags & O_TRUNC) note(TRUNCATE, before, 0, path, NULL, NULL, 0);
    remember(file, path);
  }
  pthread_mutex_unlock(&lock);
  return file;
}

#define MODE                             \
  mode_t mode = 0;                       \
  if (flags & (O_CREAT | O_TMPFILE)) {   \
    va_list more;                        \
    va_start(more, flags);               \
    mode = va_arg(more, mode_t);         \
    va_end(more);                        \
  }

int open(const char *path, int flags, ...) { MODE return opened(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(path, flags, mode); }

int openat(int folder, const char *path, int flags, ...) {
  MODE
  char buffer[4096];
  const char *whole = named_in(folder, path, buffer, sizeof buffer);
  if (is_below(whole)) return opened(whole, flags, mode);
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...) {
  MODE
  char buffer[4096];
  const char *whole = named_in(folder, path, buffer, sizeof buffer);
  if (is_below(whole)) return opened(whole, flags, mode);
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}

int close(int file) {
  if (name_of(file)) remember(file, NULL);
  return (int)syscall(SYS_close, file);
}

/* `offset` negative: where the file stands. */
static ssize_t written(int file, const void *data, size_t size, off_t offset) {
  const char *path = name_of(file);
  if (!path) {
    if (offset < 0) return syscall(SYS_write, file, data, size);
    return syscall(SYS_pwrite64, file, data, size, offset);
  }
  FAIL(WRITE, path);
  pthread_mutex_lock(&lock);
  off_t at = offset < 0 ? lseek(file, 0, SEEK_CUR) : offset;
  size_t some = granted(file, at, size);
  ssize_t done = -1;
  if (size && !some) errno = ENOSPC;
  else if (offset < 0) done = syscall(SYS_write, file, data, some);
  else done = syscall(SYS_pwrite64, file, data, some, offset);
  if (done > 0) note(WRITE, inode_of(file), (uint64_t)at, NULL, NULL, data, (size_t)done);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t write(int file, const void *data, size_t size) { return written(file, data, size, -1); }
ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
  return written(file, data, size, offset);
}
ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
  return written(file, data, size, offset);
}

/* No disk is waited for: what would be lost is found out from the record. */
static int flushed(int file, long call) {
  const char *path = name_of(file);
  if (!path) return (int)syscall(call, file);
  uint64_t inode = inode_of(file);
  int error = met(SYNC, path);
  if (error) {
    pthread_mutex_lock(&lock);
    note(SYNC_FAILED, inode, 0, path, NULL, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return -1;
  }
  pthread_mutex_lock(&lock);
  /* Several processes may record at once. */
  uint64_t number = (uint64_t)syscall(SYS_gettid) << 40 | atomic_load(&control->events);
  note(SYNC, inode, number, path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  pthread_mutex_lock(&lock);
  note(SYNC_END, inode, number, path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return 0;
}

int fsync(int file) { return flushed(file, SYS_fsync); }
int fdatasync(int file) { return flushed(file, SYS_fdatasync); }

void sync(void) {
  if (!control) { syscall(SYS_sync); return; }
  pthread_mutex_lock(&lock);
  note(SYNC_ALL, 0, 0, NULL, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
}

static int shortened(int file, off_t size) {
  const char *path = name_of(file);
  if (!path) return (int)syscall(SYS_ftruncate, file, size);
  FAIL(TRUNCATE, path);
  pthread_mutex_lock(&lock);
  struct stat status;
  fstat(file, &status);
  int failed = (int)syscall(SYS_ftruncate, file, size);
  if (!failed) {
    give_back(status.st_size - size);
    note(TRUNCATE, status.st_ino, (uint64_t)size, path, NULL, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return failed;
}

int ftruncate(int file, off_t size) { return shortened(file, size); }
int ftruncate64(int file, off64_t size) { return shortened(file, size); }

static int allocated(int file, off_t offset, off_t size) {
  const char *path = name_of(file);
  if (!path) return syscall(SYS_fallocate, file, 0, offset, size) ? errno : 0;
  int error = met(ALLOCATE, path);
  if (error) return error;
  pthread_mutex_lock(&lock);
  size_t some = granted(file, offset, (size_t)size);
  if (some < (size_t)size) {
    give_back((int64_t)some);
    error = ENOSPC;
  } else {
    /* Its size counts; blocks would only cost time. */
    struct stat status;
    fstat(file, &status);
    if (offset + size > status.st_size) {
      error = syscall(SYS_ftruncate, file, offset + size) ? errno : 0;
      note(TRUNCATE, status.st_ino, (uint64_t)(offset + size), path, NULL, NULL, 0);
    }
  }
  pthread_mutex_unlock(&lock);
  return error;
}

int posix_fallocate(int file, off_t offset, off_t size) { return allocated(file, offset, size); }
int posix_fallocate64(int file, off64_t offset, off64_t size) { return allocated(file, offset, size); }

static int linked(const char *path, const char *name) {
  if (!is_below(name)) return (int)syscall(SYS_link, path, name);
  FAIL(LINK, name);
  pthread_mutex_lock(&lock);
  int failed = (int)syscall(SYS_link, path, name);
  if (!failed) note(LINK, inode_at(name), 0, path, name, NULL, 0);
  pthread_mutex_unlock(&lock);
  return failed;
}

int link(const char *path, const char *name) { return linked(path, name); }
int linkat(int folder, const char *path, int other, const char *name, int flags) {
  return is_below(name) ? linked(path, name) : (int)syscall(SYS_linkat, folder, path, other, name, flags);
}

int rename(const char *path, const char *name) {
  if (!is_below(name)) return (int)syscall(SYS_rename, path, name);
  FAIL(RENAME, name);
  pthread_mutex_lock(&lock);
  int failed = (int)syscall(SYS_rename, path, name);
  if (!failed) note(RENAME, inode_at(name), 0, path, name, NULL, 0);
  pthread_mutex_unlock(&lock);
  return failed;
}

int unlink(const char *path) {
  if (!is_below(path)) return (int)syscall(SYS_unlink, path);
  struct stat status;
  if (lstat(path, &status)) return -1;
  FAIL(UNLINK, path);
  pthread_mutex_lock(&lock);
  int failed = (int)syscall(SYS_unlink, path);
  if (!failed) {
    if (status.st_nlink == 1) give_back(status.st_size);
    note(UNLINK, status.st_ino, 0, path, NULL, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return failed;
}

int rmdir(const char *path) {
  if (!is_below(path)) return (int)syscall(SYS_rmdir, path);
  FAIL(RMDIR, path);
  pthread_mutex_lock(&lock);
  int failed = (int)syscall(SYS_rmdir, path);
  if (!failed) note(RMDIR, 0, 0, path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return failed;
}

int unlinkat(int folder, const char *path, int flags) {
  char buffer[4096];
  const char *whole = named_in(folder, path, buffer, sizeof buffer);
  if (!is_below(whole)) return (int)syscall(SYS_unlinkat, folder, path, flags);
  return flags & AT_REMOVEDIR ? rmdir(whole) : unlink(whole);
}

int mkdir(const char *path, mode_t mode) {
  if (!is_below(path)) return (int)syscall(SYS_mkdir, path, mode);
  if (inode_at(path)) { errno = EEXIST; return -1; }
  FAIL(MKDIR, path);
  pthread_mutex_lock(&lock);
  int failed = (int)syscall(SYS_mkdir, path, mode);
  if (!failed) note(MKDIR, inode_at(path), 0, path, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return failed;
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
  if (is_below(path)) FAIL(UTIME, path);
  return (int)syscall(SYS_utimensat, folder, path, times, flags);
}
