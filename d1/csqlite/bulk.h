/* Many rows through one prepared statement in one call. */
#ifndef FLINT_BULK_H
#define FLINT_BULK_H

#include "flint_sqlite.h"

/* What one row did. */
typedef struct {
  int64_t changes;
  int64_t last_row_id;
  int64_t read;
  int64_t written;
} fl_row;

int fl_insert_many(fl_conn *, sqlite3_stmt *, int nparams,
                   const unsigned char *packed, int rows, int64_t limit_ns,
                   fl_row *each, int *done);
int fl_open_foreign_keys(fl_conn *);

extern int sqlite3_db_status(sqlite3 *, int, int *, int *, int);
extern int sqlite3_db_release_memory(sqlite3 *);
#define SQLITE_DBSTATUS_DEFERRED_FKS 10

#endif
