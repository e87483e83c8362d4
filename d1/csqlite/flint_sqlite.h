/* A connection as flint uses it: few, fat calls, because a call from Go into C
** costs more than most of SQLite's own functions. */
#ifndef FLINT_SQLITE_H
#define FLINT_SQLITE_H

#include "sqlite_api.h"
#include <stddef.h>

/* A row outgrew the buffer: no code of SQLite's. */
#define FL_TOO_LARGE 1001

/* What the last prepare asked the authorizer for. */
#define FL_SEEN_TRANSACTION 1u /* BEGIN, COMMIT, ROLLBACK, SAVEPOINT … */
#define FL_SEEN_PRAGMA 2u      /* a pragma */
#define FL_SEEN_STATEFUL 4u    /* changes(), last_insert_rowid() … */
#define FL_SEEN_SCHEMA 8u      /* CREATE, DROP, ALTER, REINDEX, ANALYZE */
#define FL_SEEN_ALTER 16u      /* ALTER TABLE: look at the names afterwards */
#define FL_SEEN_VIRTUAL 32u    /* writes a virtual table, which may write at the commit */

/* The first byte of a packed value. */
#define FL_NULL 0
#define FL_INTEGER 1
#define FL_REAL 2
#define FL_TEXT 3
#define FL_BLOB 4

/* How rows are handed over. */
#define FL_PACKED 0 /* packed values, one after the other */
#define FL_JSON 1   /* arrays with commas between them */

#define FL_JSON_REAL 1 /* in JSON: the eight bytes of a number follow */

#define FL_CHUNK (256 * 1024) /* rows are handed over in pieces of this */

/* Kinds of argument that a pragma may have. */
#define FL_ARG_NONE 0
#define FL_ARG_BOOLEAN 1
#define FL_ARG_NAME 2
#define FL_ARG_OPTIONAL_NAME 3
#define FL_ARG_OPTIONAL_NUMBER 4
#define FL_ARG_OPTIONAL_NUMBER_OR_NAME 5
#define FL_ARG_ANY 6

/* A sorted list of names, each with a value. */
typedef struct {
  const char **name;
  int *value;
  int n;
} fl_names;

/* What user SQL may do. Lives as long as the process. */
typedef struct {
  fl_names functions; /* value 1: depends on the connection's history */
  fl_names pragmas;   /* value: FL_ARG_… */
  fl_names modules;   /* virtual table modules, lower case */
} fl_policy;

typedef struct {
  int rows;        /* rows in the buffer */
  int reals;       /* FL_JSON_REAL in the buffer */
  int reprepared;  /* times that SQLite prepared the statement again */
  int64_t changes; /* rows inserted, updated or deleted, triggers included */
  int64_t last_row_id;
  int64_t read;    /* rows that cursors were placed on */
  int64_t written; /* table rows and index entries */
  int64_t pages, freelist; /* after a write, and 0 where nothing was written */
} fl_stats;

typedef struct {
  sqlite3 *db;
  const fl_policy *policy;
  int reader;          /* a read-only connection */
  int trusted;         /* flint's own SQL: the authorizer allows everything */
  int script;          /* BEGIN and COMMIT pass the authorizer, never run */
  unsigned seen;       /* FL_SEEN_… of the last prepare */
  char transaction[12]; /* BEGIN, COMMIT, ROLLBACK of the last prepare */
  int64_t deadline;    /* monotonic nanoseconds at which a run stops; 0 never */
  int64_t busy_ns;     /* how long to wait for the lock of another process */
  int64_t busy_until;  /* when the wait that is going on ends */
  int timed_out;       /* the run was stopped by its deadline */
  int cancelled;       /* set by any thread: stop what runs, or is about to */
  unsigned char *in;   /* packed parameters */
  size_t in_cap;
  unsigned char *out;  /* packed rows */
  size_t out_len, out_cap;
  int64_t total_before;
  fl_stats stats;      /* of the run */
  sqlite3_stmt *begin, *begin_write, *commit, *rollback, *pages, *freelist;
  /* the last error */
  int code, extended, offset;
  char *message;
  size_t message_cap;
} fl_conn;

typedef struct {
  sqlite3_stmt *stmt; /* NULL: the text held no statement */
  int tail;           /* offset of what follows the statement */
  int readonly, params, columns, explain;
  unsigned seen;
} fl_prepared;

typedef struct {
  int limit[16]; /* by SQLITE_LIMIT_…; below zero: SQLite's own */
  int readonly;
  int64_t busy_ns;
} fl_options;

int fl_open(const char *path, const fl_options *, const fl_policy *, fl_conn **);
int fl_close(fl_conn *);
int fl_prepare(fl_conn *, const char *sql, int bytes, int flags, fl_prepared *);
void *fl_params(fl_conn *, size_t bytes);
int fl_bind(sqlite3_stmt *, int n, const unsigned char **packed);
int fl_run(fl_conn *, sqlite3_stmt *, int nparams, int64_t limit_ns, int form);
int fl_more(fl_conn *, sqlite3_stmt *, int form);
int fl_put_row(fl_conn *, sqlite3_stmt *, int columns, int form);
int64_t fl_deadline(int64_t limit_ns);
void fl_cancel(fl_conn *, int on);
void fl_stop(fl_conn *, sqlite3_stmt *);
int fl_trusted(fl_conn *, const char *sql);
int fl_trusted_int(fl_conn *, const char *sql, int64_t *);
int fl_begin(fl_conn *, int write);
int fl_commit(fl_conn *);
int fl_rollback(fl_conn *);
int fl_pages(fl_conn *, int64_t *pages, int64_t *freelist);
int fl_counted(void);
int fl_checkpoint(fl_conn *);
int fl_authorize(void *, int, const char *, const char *, const char *,
                 const char *);
int fl_complete(const char *sql);
int fl_find(const fl_names *, const char *name);
void fl_capture(fl_conn *, int code);
void fl_shrink(fl_conn *);

#endif
