package d1

import (
	"context"
	"errors"
	"fmt"
	"io"

	"flint/d1/transfer"
)

// ImportFormat is the form of a file to import.
type ImportFormat string

// The forms.
const (
	FormatSQL  ImportFormat = "sql"
	FormatCSV  ImportFormat = "csv"
	FormatJSON ImportFormat = "json" // an array of objects, or JSON lines
)

// Import says what is imported, and how.
type Import struct {
	Format  ImportFormat
	Source  string            // the file's name, for messages
	Table   string            // of CSV and JSON
	Create  bool              // make the table from the first rows
	Map     map[string]string // columns of the file by other names; "" leaves one out
	Comma   byte              // of CSV; 0: a comma
	Batch   int               // rows, or statements, of one transaction; 0: DefaultImportRows
	Resume  bool              // go on where an import into the same table stopped
	Restart bool              // forget such an import
	Defer   bool              // foreign keys are checked at the end of each transaction
}

// Progress is how far an import is.
type Progress struct {
	Rows    int64 `json:"rows"`    // rows, or statements, that are committed
	Bytes   int64 `json:"bytes"`   // of the file that they stand in
	Skipped int64 `json:"skipped"` // of Rows, those that an earlier run had imported
}

// ImportError says what is wrong in a file, and where. The batch that it stands
// in has left nothing behind; Kept rows of earlier batches stay.
type ImportError struct {
	Source string
	Line   int // from 1
	Column int // characters from 1; 0 if it is the whole row
	Kept   int64
	Err    error
}

// Error implements error.
func (e *ImportError) Error() string {
	place := fmt.Sprintf("%s:%d: ", e.Source, e.Line)
	if e.Column > 0 {
		place = fmt.Sprintf("%s:%d:%d: ", e.Source, e.Line, e.Column)
	}
	text := plain(e.Err)
	if e.Kept > 0 {
		text += "\n" + fmt.Sprintf(msgImportKept, e.Kept)
	}
	return place + text
}

// Unwrap gives D1's own error, if it is one.
func (e *ImportError) Unwrap() error { return e.Err }

// Import reads a file into the database, in transactions of o.Batch rows, each
// together with a note of how far it is: an import that was interrupted, even
// by the end of the process, goes on with Resume and neither loses nor repeats a
// row. The note stays until Forget, so that resuming a finished import does
// nothing. progress, if not nil, is told of each transaction.
//
// Workers read and write between two transactions.
func (db *Database) Import(ctx context.Context, r io.Reader, o Import, progress func(Progress)) (Progress, error) {
	if o.Batch <= 0 {
		o.Batch = DefaultImportRows
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	im := &importer{db: db, o: o, tell: progress, w: transfer.NewWindow(r)}
	if err := im.open(ctx); err != nil || im.note.done {
		return im.progress(), im.located(ctx, err)
	}
	defer db.importPages(ctx)()
	var err error
	if o.Format == FormatSQL {
		err = im.statements(ctx)
	} else {
		err = im.rows(ctx)
	}
	return im.progress(), im.located(ctx, err)
}

// importer is one import.
type importer struct {
	db      *Database
	o       Import
	w       *transfer.Window
	tell    func(Progress)
	note    importNote // how far the last transaction came
	skipped int64

	reader transfer.RowReader
	table  tableInfo
	line   int // of the row that failed, if not 0
}

func (im *importer) progress() Progress {
	return Progress{Rows: im.note.rows, Bytes: im.note.at.Bytes, Skipped: im.skipped}
}

// located gives an error its place in the file.
func (im *importer) located(ctx context.Context, err error) error {
	var place *transfer.PlaceError
	var done *ImportError
	if err == nil || errors.As(err, &done) {
		return err
	}
	if errors.As(err, &place) {
		line, column := im.w.Place(place)
		return &ImportError{im.o.Source, line, column, im.note.rows, sqlError(place.Reason)}
	}
	err = translate(ctx, err)
	if im.line > 0 {
		return &ImportError{im.o.Source, im.line, 0, im.note.rows, err}
	}
	return err
}

// importPages gives the writer more memory for pages until the returned
// function is called: rows come in no order of the indexes.
func (db *Database) importPages(ctx context.Context) (restore func()) {
	set := func(bytes int) {
		if db.lockWriter(ctx) == nil {
			_ = db.writer.CacheSize(bytes) // it is only slower without
			db.unlockWriter()
		}
	}
	set(importCache)
	return func() {
		ctx = context.WithoutCancel(ctx)
		set(defaultCache)
	}
}
