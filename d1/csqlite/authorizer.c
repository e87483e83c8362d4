/* What SQL of a user may do, decided while SQLite prepares a statement.
** https://www.sqlite.org/c3ref/set_authorizer.html */
#include "flint_sqlite.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int fl_find(const fl_names *names, const char *name) {
  int low = 0, high = names->n - 1;
  while (low <= high) {
    int middle = (low + high) / 2, order = strcmp(name, names->name[middle]);
    if (order == 0) return middle;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return -1;
}

/* find_folded looks for a name in any case: SQLite passes some as written. */
static int find_folded(const fl_names *names, const char *name) {
  char lower[32];
  size_t n = name == NULL ? sizeof lower : strlen(name);
  if (n >= sizeof lower) return -1;
  for (size_t i = 0; i <= n; i++)
    lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i];
  return fl_find(names, lower);
}

/* Names that begin with _cf_ belong to the platform. */
static int allowed_name(const char *name) {
  return name == NULL || strncasecmp(name, "_cf_", 4) != 0;
}

static int allowed_boolean(const char *value) {
  static const char *const words[] = {"true", "false", "yes", "no",
                                      "on",   "off",   "1",   "0"};
  char quote = value[0];
  if (quote == '\'' || quote == '"') value++;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strncasecmp(value, words[i], strlen(words[i])) == 0) return 1;
  return 0;
}

static int is_number(const char *value) {
  char *end;
  if (*value == 0) return 0;
  strtol(value, &end, 0); /* the mask of optimize is written in hexadecimal */
  return *end == 0;
}

/* A pragma that sets a flag acts while it is prepared. D1 runs every request
** in a transaction, where foreign_keys, for one, does nothing; so it is refused
** here until the caller has begun one, and on readers altogether. */
static int needs_transaction(int kind) {
  return kind == FL_ARG_BOOLEAN || kind == FL_ARG_OPTIONAL_NUMBER;
}

static int allowed_pragma(fl_conn *c, const char *pragma, const char *value) {
  int at = find_folded(&c->policy->pragmas, pragma);
  c->seen |= FL_SEEN_PRAGMA;
  if (at < 0) return 0;
  if (needs_transaction(c->policy->pragmas.value[at]) &&
      (c->reader || sqlite3_get_autocommit(c->db)))
    return 0;
  switch (c->policy->pragmas.value[at]) {
  case FL_ARG_ANY: return 1;
  case FL_ARG_NONE: return value == NULL;
  case FL_ARG_BOOLEAN: return value == NULL || allowed_boolean(value);
  case FL_ARG_NAME: return value != NULL && allowed_name(value);
  case FL_ARG_OPTIONAL_NAME: return allowed_name(value);
  case FL_ARG_OPTIONAL_NUMBER: return value == NULL || is_number(value);
  case FL_ARG_OPTIONAL_NUMBER_OR_NAME:
    return value == NULL || is_number(value) || allowed_name(value);
  }
  return 0;
}

static int allowed_function(fl_conn *c, const char *name) {
  int at = find_folded(&c->policy->functions, name);
  if (at < 0) return 0;
  if (c->policy->functions.value[at]) {
    c->seen |= FL_SEEN_STATEFUL;
    return !c->reader; /* only the writer knows */
  }
  return 1;
}

static int allowed_transaction(fl_conn *c, const char *operation) {
  c->seen |= FL_SEEN_TRANSACTION;
  strncpy(c->transaction, operation == NULL ? "" : operation,
          sizeof c->transaction - 1);
  return c->script && strcmp(c->transaction, "ROLLBACK") != 0;
}

static int allowed(fl_conn *c, int action, const char *a, const char *b) {
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_RECURSIVE: return 1;
  case SQLITE_READ:
  case SQLITE_UPDATE:
  case SQLITE_INSERT:
  case SQLITE_DELETE: return allowed_name(a);
  case SQLITE_ANALYZE: c->seen |= FL_SEEN_SCHEMA; return 1;
  case SQLITE_CREATE_TABLE:
  case SQLITE_DROP_TABLE:
  case SQLITE_CREATE_VIEW:
  case SQLITE_DROP_VIEW:
  case SQLITE_REINDEX: c->seen |= FL_SEEN_SCHEMA; return allowed_name(a);
  case SQLITE_ALTER_TABLE: /* a: schema, b: table; not told: the new name */
    c->seen |= FL_SEEN_SCHEMA | FL_SEEN_ALTER;
    return allowed_name(b) && !sqlite3_get_autocommit(c->db);
  case SQLITE_CREATE_INDEX:
  case SQLITE_DROP_INDEX:
  case SQLITE_CREATE_TRIGGER:
  case SQLITE_DROP_TRIGGER:
    c->seen |= FL_SEEN_SCHEMA;
    return allowed_name(a) && allowed_name(b);
  case SQLITE_CREATE_VTABLE:
  case SQLITE_DROP_VTABLE:
    c->seen |= FL_SEEN_SCHEMA;
    return allowed_name(a) && find_folded(&c->policy->modules, b) >= 0;
  case SQLITE_PRAGMA: return allowed_pragma(c, a, b);
  case SQLITE_FUNCTION: return allowed_function(c, b);
  case SQLITE_TRANSACTION: return allowed_transaction(c, a);
  case SQLITE_SAVEPOINT: c->seen |= FL_SEEN_TRANSACTION; return 0;
  }
  return 0; /* ATTACH, DETACH, everything TEMP, and what is not known */
}

int fl_authorize(void *data, int action, const char *a, const char *b,
                 const char *schema, const char *trigger) {
  fl_conn *c = data;
  (void)trigger;
  if (c->trusted) return SQLITE_OK;
  if (action == SQLITE_ALTER_TABLE || action == SQLITE_DETACH) schema = a;
  if (schema != NULL && strcmp(schema, "main") != 0) {
    int reads = action == SQLITE_READ || action == SQLITE_UPDATE;
    if (strcmp(schema, "temp") != 0 || !reads) return SQLITE_DENY;
  }
  return allowed(c, action, a, b) ? SQLITE_OK : SQLITE_DENY;
}
