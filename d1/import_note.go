package d1

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"flint/d1/codec"
	"flint/d1/transfer"
	"flint/internal/cferr"
)

// importTable notes how far imports are. It is there only while there is one
// to note. Its name is one that a Worker's SQL may not touch.
const importTable = "_cf_flint_import"

// importNote is a row of importTable.
type importNote struct {
	at   transfer.FilePlace
	rows int64
	done bool
}

// literal writes text as an SQL literal.
func literal(text string) string {
	text, _, _ = strings.Cut(text, "\x00")
	return "'" + strings.ReplaceAll(text, "'", "''") + "'"
}

// key is what an import is noted under: its table, or "" for SQL.
func (o *Import) key() string {
	if o.Format == FormatSQL {
		return ""
	}
	return strings.ToLower(o.Table)
}

// open looks for an import that stopped, and notes that this one begins.
func (im *importer) open(ctx context.Context) error {
	if err := im.db.lockWriter(ctx); err != nil {
		return err
	}
	defer im.db.unlockWriter()
	found, err := im.readNote()
	if err != nil {
		return err
	}
	switch {
	case found && im.o.Restart, found && im.note.done && !im.o.Resume:
		im.note = importNote{}
	case found && im.o.Resume:
		im.skipped = im.note.rows
		return nil
	case found && im.note.rows > 0:
		what := im.o.Table
		if im.o.Format == FormatSQL {
			what = "the database"
		}
		return cferr.Newf(409, codec.CodeSQL, msgImportOpen, what, im.note.rows, im.note.at.Bytes, im.o.Source)
	}
	im.note.at.Line = 1
	return nil
}

func (im *importer) readNote() (found bool, err error) {
	w := im.db.writer
	n, err := w.TrustedInt("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = '" + importTable + "'")
	if err != nil || n == 0 {
		return false, err
	}
	where := " FROM " + importTable + " WHERE target = " + literal(im.o.key())
	if n, err = w.TrustedInt("SELECT count(*)" + where); err != nil || n == 0 {
		return false, err
	}
	var line, sum, done int64
	for column, to := range map[string]*int64{"bytes": &im.note.at.Bytes, "line": &line, "sum": &sum, "rows": &im.note.rows, "done": &done} {
		if *to, err = w.TrustedInt("SELECT " + column + where); err != nil {
			return false, err
		}
	}
	im.note.at.Line, im.note.at.Sum, im.note.done = int(line), uint32(sum), done != 0
	return true, nil
}

// write notes how far the transaction under way is, in it.
func (n importNote) write(db *Database, key string) error {
	done := 0
	if n.done {
		done = 1
	}
	return db.writer.Trusted(fmt.Sprintf(
		"CREATE TABLE IF NOT EXISTS %[1]s (target TEXT PRIMARY KEY, bytes, line, sum, rows, done) WITHOUT ROWID;"+
			"REPLACE INTO %[1]s VALUES (%[2]s, %[3]d, %[4]d, %[5]d, %[6]d, %[7]d)",
		importTable, literal(key), n.at.Bytes, n.at.Line, n.at.Sum, n.rows, done))
}

// FinishImport removes the note of a finished import: whoever asked for it knows that
// it is done. The note of one that is not finished stays.
func (db *Database) FinishImport(ctx context.Context, o Import) error {
	if err := db.lockWriter(ctx); err != nil {
		return err
	}
	defer db.unlockWriter()
	n, err := db.writer.TrustedInt("SELECT count(*) FROM sqlite_master WHERE name = '" + importTable + "'")
	if err != nil || n == 0 {
		return err
	}
	return db.transaction(func() error {
		w := db.writer
		if err := w.Trusted("DELETE FROM " + importTable + " WHERE done AND target = " + literal(o.key())); err != nil {
			return err
		}
		left, err := w.TrustedInt("SELECT count(*) FROM " + importTable)
		if err == nil && left == 0 {
			err = w.Trusted("DROP TABLE " + importTable)
		}
		return errors.Join(err, db.measure())
	})
}
