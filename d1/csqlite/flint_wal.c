#include "flint_wal.h"
#include <string.h>

/* The parts of SQLite's VFS interface that are needed to read the database
** file and the index of its log through the connection's own handle: a second
** handle on the file would, when closed, drop the locks of the first.
** https://www.sqlite.org/c3ref/io_methods.html */
typedef struct sqlite3_file sqlite3_file;
typedef struct {
  int version;
  int (*close)(sqlite3_file *);
  int (*read)(sqlite3_file *, void *, int, sqlite3_int64);
  int (*write)(sqlite3_file *, const void *, int, sqlite3_int64);
  int (*truncate)(sqlite3_file *, sqlite3_int64);
  int (*sync)(sqlite3_file *, int);
  int (*size)(sqlite3_file *, sqlite3_int64 *);
  int (*lock)(sqlite3_file *, int);
  int (*unlock)(sqlite3_file *, int);
  int (*check_lock)(sqlite3_file *, int *);
  int (*control)(sqlite3_file *, int, void *);
  int (*sector_size)(sqlite3_file *);
  int (*characteristics)(sqlite3_file *);
  int (*shm_map)(sqlite3_file *, int, int, int, void volatile **);
} io_methods;
struct sqlite3_file {
  const io_methods *methods;
};

typedef struct sqlite3_backup sqlite3_backup;

extern int sqlite3_file_control(sqlite3 *, const char *, int, void *);
extern int sqlite3_wal_checkpoint_v2(sqlite3 *, const char *, int, int *, int *);
extern sqlite3_backup *sqlite3_backup_init(sqlite3 *, const char *, sqlite3 *,
                                           const char *);
extern int sqlite3_backup_step(sqlite3_backup *, int);
extern int sqlite3_backup_finish(sqlite3_backup *);

#define FCNTL_FILE_POINTER 7
#define IOERR 10
#define IOERR_SHORT_READ (10 | 2 << 8)
#define BUSY 5
#define CHECKPOINT_PASSIVE 0
#define CHECKPOINT_RESTART 2
#define INDEX_REGION 32768 /* of the log's index that is mapped at once */

/* The index of the log begins with this, twice.
** https://www.sqlite.org/walformat.html#the_wal_index_file_format */
typedef struct {
  uint32_t version, unused, change;
  unsigned char init, big_endian;
  uint16_t page_size; /* 1: 65536 */
  uint32_t frames, pages, sum[2];
  unsigned char salt[8];
  uint32_t own_sum[2];
} index_header;

static sqlite3_file *file_of(fl_conn *c) {
  sqlite3_file *f = NULL;
  int rc = sqlite3_file_control(c->db, "main", FCNTL_FILE_POINTER, &f);
  return rc == SQLITE_OK && f != NULL && f->methods != NULL ? f : NULL;
}

/* fl_wal_state tells where the log stands. The connection must have read the
** database before. */
int fl_wal_state(fl_conn *c, fl_wal *w) {
  void volatile *index = NULL;
  sqlite3_file *f = file_of(c);
  if (f == NULL || f->methods->version < 2) return IOERR;
  int rc = f->methods->shm_map(f, 0, INDEX_REGION, 0, &index);
  if (rc != SQLITE_OK || index == NULL) return rc ? rc : IOERR;
  index_header one, two;
  for (int tries = 0;; tries++) { /* another process may be writing it */
    memcpy(&one, (const void *)index, sizeof one);
    __sync_synchronize();
    memcpy(&two, (const char *)index + sizeof one, sizeof two);
    if (one.init && memcmp(&one, &two, sizeof one) == 0) break;
    if (tries == 10000) return BUSY;
  }
  const uint32_t volatile *info = (const uint32_t volatile *)((char *)index + 2 * sizeof one);
  w->frames = one.frames;
  w->pages = one.pages;
  w->page_size = one.page_size == 1 ? 65536 : one.page_size;
  w->sum[0] = one.sum[0], w->sum[1] = one.sum[1];
  w->backfilled = info[0];
  w->attempted = info[8]; /* behind five marks of readers and eight locks */
  w->big_endian = one.big_endian;
  memcpy(w->salt, one.salt, sizeof w->salt);
  return SQLITE_OK;
}

/* fl_file_read reads the database file as it is, without the log. What lies
** behind its end is zero. */
int fl_file_read(fl_conn *c, void *to, int n, int64_t offset) {
  sqlite3_file *f = file_of(c);
  if (f == NULL) return IOERR;
  int rc = f->methods->read(f, to, n, offset);
  return rc == IOERR_SHORT_READ ? SQLITE_OK : rc;
}

int fl_file_size(fl_conn *c, int64_t *size) {
  sqlite3_file *f = file_of(c);
  return f == NULL ? IOERR : f->methods->size(f, size);
}

/* fl_backfill moves what it can of the log into the file without waiting for
** anyone. Everything is there when *done equals *frames. */
int fl_backfill(fl_conn *c, int *frames, int *done) {
  int rc = sqlite3_wal_checkpoint_v2(c->db, "main", CHECKPOINT_PASSIVE, frames, done);
  if (rc) fl_capture(c, rc);
  return rc;
}

/* fl_drain waits a little for the readers of a log that is in the file, so
** that the next write begins the log anew. */
int fl_drain(fl_conn *c, int wait_ms) {
  int64_t busy_ns = c->busy_ns;
  c->busy_ns = (int64_t)wait_ms * 1000000;
  int rc = sqlite3_wal_checkpoint_v2(c->db, "main", CHECKPOINT_RESTART, NULL, NULL);
  c->busy_ns = busy_ns;
  c->timed_out = 0; /* nobody is to hear of it */
  if (rc && rc != BUSY) fl_capture(c, rc);
  return rc == BUSY ? SQLITE_OK : rc;
}

static int copy(sqlite3 *to, sqlite3 *from) {
  sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
  if (b == NULL) return sqlite3_extended_errcode(to);
  int rc = sqlite3_backup_step(b, -1);
  int end = sqlite3_backup_finish(b);
  return rc == SQLITE_DONE ? SQLITE_OK : end ? end : rc;
}

/* fl_copy_in replaces the whole database by the one in a file, in one
** transaction. */
int fl_copy_in(fl_conn *to, const char *from) {
  sqlite3 *db = NULL;
  to->trusted = 1;
  int rc = sqlite3_open_v2(from, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc == SQLITE_OK) rc = copy(to->db, db);
  if (rc != SQLITE_OK) fl_capture(to, rc);
  sqlite3_close_v2(db);
  to->trusted = 0;
  return rc;
}

/* fl_copy_out writes the state that the connection sees to a new file. */
int fl_copy_out(fl_conn *from, const char *to) {
  sqlite3 *db = NULL;
  from->trusted = 1;
  int rc = sqlite3_open_v2(
      to, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
  if (rc == SQLITE_OK) rc = copy(db, from->db);
  if (rc != SQLITE_OK) fl_capture(from, rc);
  sqlite3_close_v2(db);
  from->trusted = 0;
  return rc;
}
