/* The part of SQLite's C interface that this package calls. SQLite itself is
** compiled by github.com/mattn/go-sqlite3 and linked into the same binary; its
** header lives in the module cache, out of reach of a #include, so the
** functions are declared here. https://www.sqlite.org/c3ref/intro.html */
#ifndef FLINT_SQLITE_API_H
#define FLINT_SQLITE_API_H

#include <stdint.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef struct sqlite3_context sqlite3_context;
typedef struct sqlite3_value sqlite3_value;
typedef int64_t sqlite3_int64;

#define SQLITE_OK 0
#define SQLITE_DENY 1
#define SQLITE_NOMEM 7
#define SQLITE_INTERRUPT 9
#define SQLITE_TOOBIG 18
#define SQLITE_ROW 100
#define SQLITE_DONE 101

#define SQLITE_INTEGER 1
#define SQLITE_FLOAT 2
#define SQLITE_TEXT 3
#define SQLITE_BLOB 4

#define SQLITE_OPEN_READONLY 0x00000001
#define SQLITE_OPEN_READWRITE 0x00000002
#define SQLITE_OPEN_CREATE 0x00000004
#define SQLITE_OPEN_NOMUTEX 0x00008000
#define SQLITE_PREPARE_PERSISTENT 0x01

#define SQLITE_UTF8 1
#define SQLITE_DIRECTONLY 0x000080000

#define SQLITE_DBCONFIG_ENABLE_FKEY 1002
#define SQLITE_DBCONFIG_DEFENSIVE 1010

#define SQLITE_STMTSTATUS_REPREPARE 5

#define SQLITE_CREATE_INDEX 1
#define SQLITE_CREATE_TABLE 2
#define SQLITE_CREATE_TRIGGER 7
#define SQLITE_CREATE_VIEW 8
#define SQLITE_DELETE 9
#define SQLITE_DROP_INDEX 10
#define SQLITE_DROP_TABLE 11
#define SQLITE_DROP_TRIGGER 16
#define SQLITE_DROP_VIEW 17
#define SQLITE_INSERT 18
#define SQLITE_PRAGMA 19
#define SQLITE_READ 20
#define SQLITE_SELECT 21
#define SQLITE_TRANSACTION 22
#define SQLITE_UPDATE 23
#define SQLITE_DETACH 25
#define SQLITE_ALTER_TABLE 26
#define SQLITE_REINDEX 27
#define SQLITE_ANALYZE 28
#define SQLITE_CREATE_VTABLE 29
#define SQLITE_DROP_VTABLE 30
#define SQLITE_FUNCTION 31
#define SQLITE_SAVEPOINT 32
#define SQLITE_RECURSIVE 33

extern int sqlite3_open_v2(const char *, sqlite3 **, int, const char *);
extern int sqlite3_close_v2(sqlite3 *);
extern int sqlite3_limit(sqlite3 *, int, int);
extern int sqlite3_db_config(sqlite3 *, int, ...);
extern int sqlite3_busy_handler(sqlite3 *, int (*)(void *, int), void *);
extern void *sqlite3_commit_hook(sqlite3 *, int (*)(void *), void *);
extern int sqlite3_wal_autocheckpoint(sqlite3 *, int);
extern void sqlite3_interrupt(sqlite3 *);
extern void sqlite3_progress_handler(sqlite3 *, int, int (*)(void *), void *);
extern int sqlite3_set_authorizer(
    sqlite3 *,
    int (*)(void *, int, const char *, const char *, const char *, const char *),
    void *);
extern int sqlite3_exec(sqlite3 *, const char *,
                        int (*)(void *, int, char **, char **), void *, char **);
extern int sqlite3_prepare_v3(sqlite3 *, const char *, int, unsigned int,
                              sqlite3_stmt **, const char **);
extern int sqlite3_finalize(sqlite3_stmt *);
extern int sqlite3_step(sqlite3_stmt *);
extern int sqlite3_reset(sqlite3_stmt *);
extern int sqlite3_clear_bindings(sqlite3_stmt *);
extern int sqlite3_stmt_readonly(sqlite3_stmt *);
extern int sqlite3_stmt_isexplain(sqlite3_stmt *);
extern int sqlite3_stmt_status(sqlite3_stmt *, int, int);
extern int sqlite3_bind_parameter_count(sqlite3_stmt *);
extern int sqlite3_bind_null(sqlite3_stmt *, int);
extern int sqlite3_bind_int64(sqlite3_stmt *, int, sqlite3_int64);
extern int sqlite3_bind_double(sqlite3_stmt *, int, double);
extern int sqlite3_bind_text(sqlite3_stmt *, int, const char *, int,
                             void (*)(void *));
extern int sqlite3_bind_blob(sqlite3_stmt *, int, const void *, int,
                             void (*)(void *));
extern int sqlite3_column_count(sqlite3_stmt *);
extern const char *sqlite3_column_name(sqlite3_stmt *, int);
extern int sqlite3_data_count(sqlite3_stmt *);
extern sqlite3_value *sqlite3_column_value(sqlite3_stmt *, int);
extern int sqlite3_value_type(sqlite3_value *);
extern sqlite3_int64 sqlite3_value_int64(sqlite3_value *);
extern double sqlite3_value_double(sqlite3_value *);
extern const unsigned char *sqlite3_value_text(sqlite3_value *);
extern const void *sqlite3_value_blob(sqlite3_value *);
extern int sqlite3_value_bytes(sqlite3_value *);
extern sqlite3_int64 sqlite3_column_int64(sqlite3_stmt *, int);
extern sqlite3_int64 sqlite3_total_changes64(sqlite3 *);
extern sqlite3_int64 sqlite3_last_insert_rowid(sqlite3 *);
extern int sqlite3_get_autocommit(sqlite3 *);
extern const char *sqlite3_errmsg(sqlite3 *);
extern int sqlite3_extended_errcode(sqlite3 *);
extern int sqlite3_error_offset(sqlite3 *);
extern int sqlite3_complete(const char *);
extern int sqlite3_create_function_v2(
    sqlite3 *, const char *, int, int, void *,
    void (*)(sqlite3_context *, int, sqlite3_value **),
    void (*)(sqlite3_context *, int, sqlite3_value **),
    void (*)(sqlite3_context *), void (*)(void *));
extern void sqlite3_result_error(sqlite3_context *, const char *, int);
extern int sqlite3_compileoption_used(const char *);
extern const char *sqlite3_libversion(void);

/* Present only in a build by the Makefile: see rowcount. */
extern int sqlite3_flint_virtual(sqlite3_stmt *) __attribute__((weak));
extern void sqlite3_flint_pages(sqlite3 *, sqlite3_int64 *pages,
                                sqlite3_int64 *free) __attribute__((weak));
extern void sqlite3_flint_rows(sqlite3_stmt *, sqlite3_int64 *read,
                               sqlite3_int64 *written) __attribute__((weak));

#endif
