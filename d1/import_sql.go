package d1

import (
	"bytes"
	"context"
	"errors"
	"io"

	"flint/d1/transfer"
)

// statements imports SQL.
func (im *importer) statements(ctx context.Context) error {
	if im.skipped > 0 {
		if err := im.w.SkipTo(im.note.at); err != nil {
			return err
		}
	}
	s := im.db.writer.ReadScript(io.MultiReader(bytes.NewReader(im.w.Rest()), im.w.R), MaxImportRowBytes/2)
	defer s.Close()
	x := &scriptRun{db: im.db, s: s, most: MaxImportRowBytes / 2, at: im.note.at, next: im.note.at, n: int(im.note.rows)}
	for more := true; more; {
		var err error
		if more, err = im.scriptBatch(ctx, x); err != nil {
			return im.scriptFailed(err)
		}
	}
	return nil
}

// scriptBatch runs statements in one transaction. Foreign keys count at its
// end: a dump has its tables in no order of theirs, so a transaction goes on for
// as long as a row lacks the one that it refers to.
func (im *importer) scriptBatch(ctx context.Context, x *scriptRun) (more bool, err error) {
	if _, err := x.s.Text(); err != nil { // before the writer is taken
		return false, x.failed(x.next.Line, "", err)
	}
	if err := im.db.lockWriter(ctx); err != nil {
		return false, err
	}
	defer im.db.unlockWriter()
	w := im.db.writer
	stop := w.Watch(ctx)
	defer stop()
	w.Script(true)
	defer w.Script(false)
	note := im.note
	err = im.db.transaction(func() error {
		if err := w.Trusted("PRAGMA defer_foreign_keys = ON"); err != nil {
			return err
		}
		var err error
		for start, full := x.n, false; err == nil && !full; {
			if err = x.step(); err == nil {
				full, err = im.full(x, start)
			}
		}
		if note.done = err == io.EOF; err != nil && !note.done {
			return err
		}
		if err := x.flush(); err != nil {
			return err
		}
		note.at, note.rows = x.at, int64(x.n)
		if err := note.write(im.db, im.o.key()); err != nil {
			return err
		}
		return im.db.measure()
	})
	if err != nil {
		return false, err
	}
	im.note = note
	im.tell(im.progress())
	return !note.done, nil
}

// full says that a batch that began at statement start has its size and can be
// committed.
func (im *importer) full(x *scriptRun, start int) (bool, error) {
	waiting := len(x.rows.Lines)
	if x.n+waiting-start < im.o.Batch || waiting > 0 && waiting < min(im.o.Batch, transfer.ChunkRows) {
		return false, nil // too few yet, or more may run together
	}
	err := x.flush()
	return err == nil && !im.db.writer.OpenForeignKeys(), err
}

// scriptFailed gives the error of a statement its place in the file.
func (im *importer) scriptFailed(err error) error {
	var e *ScriptError
	if errors.As(err, &e) {
		im.line = e.Line
		e.Err = translate(context.Background(), e.Err)
		return &ImportError{im.o.Source, e.Line, 0, im.note.rows, errors.New(e.sentence())}
	}
	return err
}
