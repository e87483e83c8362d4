#include "flint_sqlite.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FL_PROGRESS 2000 /* instructions between two looks at the clock */

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* fl_deadline is the moment at which a run that begins now must stop; 0: never. */
int64_t fl_deadline(int64_t limit_ns) { return limit_ns > 0 ? now_ns() + limit_ns : 0; }

static int on_progress(void *data) {
  fl_conn *c = data;
  if (c->trusted) return 0;
  if (__atomic_load_n(&c->cancelled, __ATOMIC_RELAXED)) return 1;
  if (c->deadline == 0 || now_ns() < c->deadline) return 0;
  c->timed_out = 1;
  return 1;
}

/* on_busy waits while another process holds a lock: as long as a statement may
** take, so that nobody sees SQLITE_BUSY for a lock that is held a moment. */
static int on_busy(void *data, int times) {
  fl_conn *c = data;
  struct timespec pause = {0, times < 5 ? 200000 : times < 100 ? 1000000 : 5000000};
  if (times == 0) c->busy_until = now_ns() + c->busy_ns;
  if (__atomic_load_n(&c->cancelled, __ATOMIC_RELAXED)) return 0;
  if (now_ns() >= c->busy_until) {
    c->timed_out = 1;
    return 0;
  }
  nanosleep(&pause, NULL);
  return 1;
}

/* measure learns the size of the database. It takes a transaction. */
static void measure(fl_conn *c) {
  sqlite3_flint_pages(c->db, &c->stats.pages, &c->stats.freelist);
}

static int on_commit(void *data) {
  measure(data);
  return 0;
}

/* fl_cancel stops the run. The flag is what counts: SQLite forgets an
** interrupt that comes before the first step. */
void fl_cancel(fl_conn *c, int on) {
  __atomic_store_n(&c->cancelled, on, __ATOMIC_SEQ_CST);
  if (on) sqlite3_interrupt(c->db);
}

/* fl_capture keeps the error of the last call, before a reset can change it.
** SQLite leaves the offset of an older error in place when text or a value is
** too big, which would make the answer depend on what failed before. */
void fl_capture(fl_conn *c, int code) {
  const char *text = sqlite3_errmsg(c->db);
  size_t n = strlen(text) + 1;
  c->code = code;
  c->extended = sqlite3_extended_errcode(c->db);
  c->offset = code == SQLITE_TOOBIG ? -1 : sqlite3_error_offset(c->db);
  if (n > c->message_cap) {
    char *grown = realloc(c->message, n);
    if (grown == NULL) n = c->message_cap;
    else c->message = grown, c->message_cap = n;
  }
  if (n == 0) return;
  memcpy(c->message, text, n);
  c->message[n - 1] = 0;
}

static int prepare_trusted(fl_conn *c, const char *sql, sqlite3_stmt **stmt) {
  return sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
}

static int prepare_own(fl_conn *c) {
  int rc = prepare_trusted(c, "BEGIN", &c->begin);
  if (!rc) rc = prepare_trusted(c, "BEGIN IMMEDIATE", &c->begin_write);
  if (!rc) rc = prepare_trusted(c, "COMMIT", &c->commit);
  if (!rc) rc = prepare_trusted(c, "ROLLBACK", &c->rollback);
  if (!rc) rc = prepare_trusted(c, "PRAGMA page_count", &c->pages);
  if (!rc) rc = prepare_trusted(c, "PRAGMA freelist_count", &c->freelist);
  return rc;
}

/* refuse_extension is load_extension in a SQLite that cannot load any: it is
** there, as in every SQLite, and always fails. */
static void refuse_extension(sqlite3_context *x, int n, sqlite3_value **v) {
  (void)n, (void)v;
  sqlite3_result_error(x, "not authorized", -1);
}

static int add_functions(fl_conn *c) {
  int rc = SQLITE_OK;
  for (int arguments = 1; !rc && arguments <= 2; arguments++)
    rc = sqlite3_create_function_v2(c->db, "load_extension", arguments,
                                    SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
                                    refuse_extension, NULL, NULL, NULL);
  return rc;
}

static int configure(fl_conn *c, const fl_options *o) {
  int rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  if (!rc) rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
  c->busy_ns = o->busy_ns;
  sqlite3_busy_handler(c->db, on_busy, c);
  sqlite3_wal_autocheckpoint(c->db, 0); /* the caller archives the log first */
  sqlite3_progress_handler(c->db, FL_PROGRESS, on_progress, c);
  if (!rc && !c->reader)
    rc = sqlite3_exec(c->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
  if (!rc && !c->reader) sqlite3_commit_hook(c->db, on_commit, c);
  if (!rc) rc = sqlite3_exec(c->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
  if (!rc) rc = add_functions(c);
  if (!rc) rc = prepare_own(c);
  if (!rc) rc = sqlite3_set_authorizer(c->db, fl_authorize, c);
  for (int i = 0; i < 16; i++)
    if (o->limit[i] >= 0) sqlite3_limit(c->db, i, o->limit[i]);
  return rc;
}

int fl_open(const char *path, const fl_options *o, const fl_policy *policy,
            fl_conn **out) {
  int flags = o->readonly ? SQLITE_OPEN_READONLY
                          : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  fl_conn *c = calloc(1, sizeof *c);
  *out = c;
  if (c == NULL) return SQLITE_NOMEM;
  c->policy = policy;
  c->reader = o->readonly;
  c->trusted = 1;
  int rc = sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
  if (!rc) rc = configure(c, o);
  if (rc && c->db != NULL) fl_capture(c, rc);
  c->trusted = 0;
  return rc;
}

int fl_close(fl_conn *c) {
  sqlite3_stmt *own[] = {c->begin,    c->begin_write, c->commit,
                         c->rollback, c->pages,       c->freelist};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) sqlite3_finalize(own[i]);
  int rc = c->db == NULL ? SQLITE_OK : sqlite3_close_v2(c->db);
  free(c->in);
  free(c->out);
  free(c->message);
  free(c);
  return rc;
}

/* fl_prepare compiles the first statement of sql. bytes below zero: sql ends
** with NUL and the length limit holds for that statement alone. */
int fl_prepare(fl_conn *c, const char *sql, int bytes, int flags, fl_prepared *p) {
  const char *tail = sql;
  memset(p, 0, sizeof *p);
  c->seen = 0;
  c->transaction[0] = 0;
  c->deadline = 0;
  int rc = sqlite3_prepare_v3(c->db, sql, bytes, flags, &p->stmt, &tail);
  p->seen = c->seen;
  p->tail = (int)(tail - sql);
  if (rc) {
    fl_capture(c, rc);
    return rc;
  }
  if (p->stmt == NULL) return SQLITE_OK;
  p->readonly = sqlite3_stmt_readonly(p->stmt);
  if (!p->readonly && sqlite3_flint_virtual(p->stmt)) p->seen |= FL_SEEN_VIRTUAL;
  p->explain = sqlite3_stmt_isexplain(p->stmt);
  p->params = sqlite3_bind_parameter_count(p->stmt);
  p->columns = sqlite3_column_count(p->stmt);
  return SQLITE_OK;
}

/* fl_params gives the buffer for packed parameters. */
void *fl_params(fl_conn *c, size_t bytes) {
  if (bytes <= c->in_cap) return c->in;
  unsigned char *grown = realloc(c->in, bytes);
  if (grown == NULL) return NULL;
  c->in = grown;
  c->in_cap = bytes;
  return grown;
}

/* fl_bind binds n values packed at *at, and moves *at behind them. SQLite does
** not copy them: they must stay where they are until the statement is reset. */
int fl_bind(sqlite3_stmt *s, int n, const unsigned char **at) {
  const unsigned char *p = *at;
  int rc = SQLITE_OK;
  for (int i = 1; i <= n && rc == SQLITE_OK; i++) {
    uint32_t length = 0;
    int64_t integer;
    double real;
    switch (*p++) {
    case FL_INTEGER:
      memcpy(&integer, p, 8), p += 8;
      rc = sqlite3_bind_int64(s, i, integer);
      break;
    case FL_REAL:
      memcpy(&real, p, 8), p += 8;
      rc = sqlite3_bind_double(s, i, real);
      break;
    case FL_TEXT:
      memcpy(&length, p, 4), p += 4;
      rc = sqlite3_bind_text(s, i, (const char *)p, (int)length, NULL);
      break;
    case FL_BLOB:
      memcpy(&length, p, 4), p += 4;
      rc = sqlite3_bind_blob(s, i, p, (int)length, NULL);
      break;
    default: rc = sqlite3_bind_null(s, i);
    }
    p += length;
  }
  *at = p;
  return rc;
}

/* fl_counted says whether this SQLite has what rowcount adds. */
int fl_counted(void) { return sqlite3_flint_rows != NULL; }

/* finish ends a run: figures or error, then the statement is free again. */
static int finish(fl_conn *c, sqlite3_stmt *s, int rc) {
  fl_stats *st = &c->stats;
  c->deadline = 0;
  if (rc != SQLITE_DONE) fl_capture(c, rc);
  else if (!c->reader && !sqlite3_get_autocommit(c->db) && !sqlite3_stmt_readonly(s))
    measure(c);
  st->changes = sqlite3_total_changes64(c->db) - c->total_before;
  st->last_row_id = sqlite3_last_insert_rowid(c->db);
  st->reprepared = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_REPREPARE, 0);
  sqlite3_flint_rows(s, &st->read, &st->written);
  sqlite3_reset(s);
  sqlite3_clear_bindings(s);
  return rc;
}

/* fl_more steps until the buffer is full (SQLITE_ROW), the statement is done
** (SQLITE_DONE), or something failed (its code). */
int fl_more(fl_conn *c, sqlite3_stmt *s, int form) {
  c->stats.rows = c->stats.reals = 0;
  c->out_len = 0;
  for (;;) {
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW) return finish(c, s, rc);
    if (!fl_put_row(c, s, sqlite3_data_count(s), form)) return finish(c, s, FL_TOO_LARGE);
    c->stats.rows++;
    if (c->out_len < FL_CHUNK) continue;
    c->stats.reprepared = sqlite3_stmt_status(s, SQLITE_STMTSTATUS_REPREPARE, 0);
    return SQLITE_ROW;
  }
}

int fl_run(fl_conn *c, sqlite3_stmt *s, int nparams, int64_t limit_ns, int form) {
  memset(&c->stats, 0, sizeof c->stats);
  c->timed_out = 0;
  c->total_before = sqlite3_total_changes64(c->db);
  const unsigned char *params = c->in;
  int rc = fl_bind(s, nparams, &params);
  if (rc == SQLITE_OK && __atomic_load_n(&c->cancelled, __ATOMIC_SEQ_CST))
    rc = SQLITE_INTERRUPT;
  if (rc != SQLITE_OK) return finish(c, s, rc);
  c->deadline = fl_deadline(limit_ns);
  return fl_more(c, s, form);
}

/* fl_stop gives up a run and makes the statement ready for the next. */
void fl_stop(fl_conn *c, sqlite3_stmt *s) { finish(c, s, SQLITE_DONE); }

/* fl_trusted runs flint's own SQL. */
int fl_trusted(fl_conn *c, const char *sql) {
  c->trusted = 1;
  int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
  c->trusted = 0;
  if (rc) fl_capture(c, rc);
  return rc;
}

/* step_own runs one of the six statements that every connection keeps. */
static int step_own(fl_conn *c, sqlite3_stmt *s, int64_t *value) {
  c->trusted = 1;
  c->deadline = 0;
  c->timed_out = 0;
  int rc = sqlite3_step(s);
  if (rc == SQLITE_ROW && value != NULL) *value = sqlite3_column_int64(s, 0);
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) fl_capture(c, rc);
  else rc = SQLITE_OK;
  sqlite3_reset(s);
  c->trusted = 0;
  return rc;
}

/* fl_trusted_int runs flint's own SQL for one number. */
int fl_trusted_int(fl_conn *c, const char *sql, int64_t *value) {
  sqlite3_stmt *s = NULL;
  c->trusted = 1;
  int rc = prepare_trusted(c, sql, &s);
  if (rc) fl_capture(c, rc);
  else rc = step_own(c, s, value);
  sqlite3_finalize(s);
  c->trusted = 0;
  return rc;
}

int fl_begin(fl_conn *c, int write) {
  return step_own(c, write ? c->begin_write : c->begin, NULL);
}

int fl_commit(fl_conn *c) { return step_own(c, c->commit, NULL); }

int fl_rollback(fl_conn *c) {
  if (sqlite3_get_autocommit(c->db)) return SQLITE_OK;
  return step_own(c, c->rollback, NULL);
}

int fl_pages(fl_conn *c, int64_t *pages, int64_t *freelist) {
  int rc = step_own(c, c->pages, pages);
  return rc ? rc : step_own(c, c->freelist, freelist);
}

/* fl_checkpoint moves the log into the file and flushes it to the disk. It does
** not wait long for another process that reads: what is in the log is safe. */
int fl_checkpoint(fl_conn *c) {
  int64_t busy_ns = c->busy_ns;
  c->busy_ns = 500000000;
  int rc = fl_trusted(c, "PRAGMA synchronous=FULL; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous=OFF");
  c->busy_ns = busy_ns;
  return rc;
}

int fl_complete(const char *sql) { return sqlite3_complete(sql); }

/* fl_shrink gives back the buffers. */
void fl_shrink(fl_conn *c) {
  free(c->out);
  free(c->in);
  c->out = c->in = NULL;
  c->out_cap = c->out_len = c->in_cap = 0;
}
