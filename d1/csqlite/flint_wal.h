/* The write-ahead log of a connection's database: where it stands, moving it
** into the file, reading the file itself, and copying whole databases. */
#ifndef FLINT_WAL_H
#define FLINT_WAL_H

#include "flint_sqlite.h"

typedef struct {
  uint32_t frames;       /* committed frames in the log */
  uint32_t pages;        /* pages of the database after them */
  uint32_t page_size;
  uint32_t sum[2];       /* checksum of the last frame */
  uint32_t backfilled;   /* frames that are in the database file */
  uint32_t attempted;    /* frames that may be */
  unsigned char salt[8]; /* as in the header of the log */
  int big_endian;        /* how checksums are made */
} fl_wal;

int fl_wal_state(fl_conn *, fl_wal *);
int fl_file_read(fl_conn *, void *to, int n, int64_t offset);
int fl_file_size(fl_conn *, int64_t *);
int fl_backfill(fl_conn *, int *frames, int *done);
int fl_drain(fl_conn *, int wait_ms);
int fl_copy_in(fl_conn *to, const char *from);
int fl_copy_out(fl_conn *from, const char *to);

#endif
