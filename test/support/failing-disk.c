/* Makes calls to the disk fail as a broken one does: LD_PRELOAD. Rules stand in the file that FAILING_DISK names, read at each
   call: "CALL PART ERRNO TIMES TURN", CALL one of fsync fdatasync write or sync (both), PART found in the path of the file; the first TIMES
   calls of a TURN fail. ERRNO 0 lies: nothing is done, and it says that all is well. A file that is not there makes nothing fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int used, turn;

#define LIE (-1)

static int rule(const char *call, int fd) {
  const char *file = getenv("FAILING_DISK");
  if (!file) return 0;
  FILE *rules = fopen(file, "r");
  if (!rules) return 0;
  char link[64], path[4096], name[16], part[256];
  int code, times, now, found = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length > 0) {
    path[length] = 0;
    if (fscanf(rules, "%15s %255s %d %d %d", name, part, &code, &times, &now) == 5 && (!strcmp(name, call) || (!strcmp(name, "sync") && strcmp(call, "write"))) && strstr(path, part)) {
      if (atomic_exchange(&turn, now) != now) atomic_store(&used, 0);
      if (atomic_fetch_add(&used, 1) < times) found = code ? code : LIE;
    }
  }
  fclose(rules);
  return found;
}

#define REAL(type, name, ...) ((type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int fsync(int fd) {
  int code = rule("fsync", fd);
  if (code == LIE) return 0;
  if (code) return errno = code, -1;
  return REAL(int, "fsync", int)(fd);
}

int fdatasync(int fd) {
  int code = rule("fdatasync", fd);
  if (code == LIE) return 0;
  if (code) return errno = code, -1;
  return REAL(int, "fdatasync", int)(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  int code = fd > 2 ? rule("write", fd) : 0;
  if (code) return errno = code, -1;
  return REAL(ssize_t, "write", int, const void *, size_t)(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  int code = rule("write", fd);
  if (code) return errno = code, -1;
  return REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return pwrite64(fd, bytes, count, at);
}
