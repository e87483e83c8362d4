/* Rows as bytes: packed values, or the JSON that the runtime reads. */
#include "flint_sqlite.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FL_MAX_ROW (64 * 1024 * 1024) /* a row that is packed cannot be larger */

/* JavaScript's Number.MAX_SAFE_INTEGER: larger integers are rounded. */
#define FL_MAX_SAFE 9007199254740991

/* grow makes space for n more bytes of output. */
static int grow(fl_conn *c, size_t n) {
  size_t need = c->out_len + n, cap = c->out_cap ? c->out_cap : 4096;
  if (need > FL_MAX_ROW + FL_CHUNK) return 0;
  while (cap < need) cap *= 2;
  unsigned char *grown = realloc(c->out, cap);
  if (grown == NULL) return 0;
  c->out = grown;
  c->out_cap = cap;
  return 1;
}

static inline int room(fl_conn *c, size_t n) {
  return c->out_len + n <= c->out_cap || grow(c, n);
}

static int put(fl_conn *c, int kind, const void *data, uint32_t n) {
  if (!room(c, 5 + (size_t)n)) return 0;
  unsigned char *to = c->out + c->out_len;
  to[0] = kind;
  memcpy(to + 1, &n, 4);
  if (n) memcpy(to + 5, data, n);
  c->out_len += 5 + (size_t)n;
  return 1;
}

static int put8(fl_conn *c, int kind, const void *data) {
  if (!room(c, 9)) return 0;
  c->out[c->out_len] = kind;
  memcpy(c->out + c->out_len + 1, data, 8);
  c->out_len += 9;
  return 1;
}

static int put_byte(fl_conn *c, int byte) {
  if (!room(c, 1)) return 0;
  c->out[c->out_len++] = byte;
  return 1;
}

static int pack(fl_conn *c, sqlite3_value *v) {
  switch (sqlite3_value_type(v)) {
  case SQLITE_INTEGER: {
    sqlite3_int64 i = sqlite3_value_int64(v);
    return put8(c, FL_INTEGER, &i);
  }
  case SQLITE_FLOAT: {
    double d = sqlite3_value_double(v);
    return put8(c, FL_REAL, &d);
  }
  case SQLITE_TEXT: {
    const void *text = sqlite3_value_text(v);
    return text != NULL && put(c, FL_TEXT, text, sqlite3_value_bytes(v));
  }
  case SQLITE_BLOB: {
    const void *blob = sqlite3_value_blob(v);
    return put(c, FL_BLOB, blob, sqlite3_value_bytes(v));
  }
  }
  return put_byte(c, FL_NULL);
}

static int json_integer(fl_conn *c, int64_t v) {
  unsigned char digits[20], *d = digits + sizeof digits;
  uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
  do *--d = '0' + left % 10;
  while (left /= 10);
  if (v < 0) *--d = '-';
  size_t n = digits + sizeof digits - d;
  if (!room(c, n)) return 0;
  memcpy(c->out + c->out_len, d, n);
  c->out_len += n;
  return 1;
}

/* json_real leaves a number for Go to write, which knows the shortest digits:
** a byte that JSON never holds, then the eight of the number. */
static int json_real(fl_conn *c, double v) {
  if (v >= -FL_MAX_SAFE && v <= FL_MAX_SAFE && v == trunc(v))
    return json_integer(c, (int64_t)v);
  c->stats.reals++;
  return put8(c, FL_JSON_REAL, &v);
}

/* utf8_length is the length of the character at s, 0 for bytes that are none. */
static int utf8_length(const unsigned char *s, size_t left) {
  unsigned char low = 0x80, high = 0xbf;
  int n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
  if (n == 0 || left < (size_t)n) return 0;
  if (s[0] == 0xe0) low = 0xa0;
  if (s[0] == 0xed) high = 0x9f;
  if (s[0] == 0xf0) low = 0x90;
  if (s[0] == 0xf4) high = 0x8f;
  if (s[1] < low || s[1] > high) return 0;
  for (int i = 2; i < n; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  return n;
}

/* put_escape writes what stands for one byte that JSON cannot hold as it is. */
static int put_escape(fl_conn *c, unsigned char ch) {
  static const char hex[] = "0123456789abcdef";
  static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
  if (!room(c, 6)) return 0;
  unsigned char *out = c->out + c->out_len;
  const char *named = ch ? strchr(from, ch) : NULL;
  if (ch >= 0x80) {
    memcpy(out, "\xef\xbf\xbd", 3);
    c->out_len += 3;
  } else if (named != NULL) {
    out[0] = '\\', out[1] = to[named - from];
    c->out_len += 2;
  } else {
    memcpy(out, "\\u00", 4);
    out[4] = hex[ch >> 4], out[5] = hex[ch & 15];
    c->out_len += 6;
  }
  return 1;
}

static int put_run(fl_conn *c, const unsigned char *s, size_t n) {
  if (!room(c, n)) return 0;
  memcpy(c->out + c->out_len, s, n);
  c->out_len += n;
  return 1;
}

/* json_text writes a string. Bytes that are not UTF-8 become U+FFFD, as they do
** when the runtime makes a JavaScript string of them. */
static int json_text(fl_conn *c, const unsigned char *s, size_t n) {
  size_t from = 0;
  if (!put_byte(c, '"')) return 0;
  for (size_t i = 0; i < n;) {
    if (s[i] >= ' ' && s[i] < 0x80 && s[i] != '"' && s[i] != '\\') {
      i++;
      continue;
    }
    int length = s[i] < 0x80 ? 0 : utf8_length(s + i, n - i);
    if (length > 0) {
      i += length;
      continue;
    }
    if (!put_run(c, s + from, i - from) || !put_escape(c, s[i])) return 0;
    from = ++i;
  }
  return put_run(c, s + from, n - from) && put_byte(c, '"');
}

/* json_blob writes a BLOB as D1 sends it: an array of numbers. */
static int json_blob(fl_conn *c, const unsigned char *s, size_t n) {
  if (!put_byte(c, '[')) return 0;
  for (size_t i = 0; i < n; i++)
    if ((i > 0 && !put_byte(c, ',')) || !json_integer(c, s[i])) return 0;
  return put_byte(c, ']');
}

static int json(fl_conn *c, sqlite3_value *v) {
  switch (sqlite3_value_type(v)) {
  case SQLITE_INTEGER: {
    sqlite3_int64 i = sqlite3_value_int64(v);
    if (i < -FL_MAX_SAFE || i > FL_MAX_SAFE) return json_real(c, (double)i);
    return json_integer(c, i);
  }
  case SQLITE_FLOAT: return json_real(c, sqlite3_value_double(v));
  case SQLITE_TEXT: {
    const unsigned char *text = sqlite3_value_text(v);
    return text != NULL && json_text(c, text, sqlite3_value_bytes(v));
  }
  case SQLITE_BLOB: {
    const void *blob = sqlite3_value_blob(v);
    return json_blob(c, blob, sqlite3_value_bytes(v));
  }
  }
  return put_run(c, (const unsigned char *)"null", 4);
}

/* fl_put_row writes the row that s stands on; 0 when it is too large. */
int fl_put_row(fl_conn *c, sqlite3_stmt *s, int columns, int form) {
  if (form == FL_PACKED) {
    for (int i = 0; i < columns; i++)
      if (!pack(c, sqlite3_column_value(s, i))) return 0;
    return 1;
  }
  if (c->stats.rows > 0 && !put_byte(c, ',')) return 0;
  if (!put_byte(c, '[')) return 0;
  for (int i = 0; i < columns; i++)
    if ((i > 0 && !put_byte(c, ',')) || !json(c, sqlite3_column_value(s, i))) return 0;
  return put_byte(c, ']');
}
