#include "bulk.h"
#include <stddef.h>

/* fl_insert_many runs s once for each of the rows that are packed one after the
** other, nparams values each. done tells how many rows have run. each, if
** not NULL, has room for all rows. limit_ns bounds the whole. */
int fl_insert_many(fl_conn *c, sqlite3_stmt *s, int nparams,
                   const unsigned char *packed, int rows, int64_t limit_ns,
                   fl_row *each, int *done) {
  int64_t total = sqlite3_total_changes64(c->db);
  int rc = SQLITE_OK;
  c->timed_out = 0;
  c->deadline = fl_deadline(limit_ns);
  for (*done = 0; *done < rows; ++*done) {
    if (__atomic_load_n(&c->cancelled, __ATOMIC_RELAXED)) rc = SQLITE_INTERRUPT;
    else rc = fl_bind(s, nparams, &packed);
    if (rc != SQLITE_OK) break;
    rc = sqlite3_step(s);
    if (rc != SQLITE_DONE) break;
    if (each != NULL) sqlite3_flint_rows(s, &each[*done].read, &each[*done].written);
    rc = sqlite3_reset(s);
    if (rc != SQLITE_OK) break;
    if (each == NULL) continue;
    int64_t now = sqlite3_total_changes64(c->db);
    each[*done].changes = now - total;
    each[*done].last_row_id = sqlite3_last_insert_rowid(c->db);
    total = now;
  }
  if (rc != SQLITE_OK) fl_capture(c, rc);
  fl_stop(c, s);
  return rc;
}

/* fl_open_foreign_keys says whether the transaction could not be committed now:
** a row still lacks the one that it refers to. */
int fl_open_foreign_keys(fl_conn *c) {
  int now = 0, most = 0;
  sqlite3_db_status(c->db, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &most, 0);
  return now != 0;
}
