package d1

import (
	"context"
	"math"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

	"flint/d1/codec"
	"flint/d1/history"
	"flint/internal/cferr"
)

// Restored is what a restore did.
// https://developers.cloudflare.com/api/resources/d1/subresources/database/subresources/time_travel/
type Restored struct {
	Bookmark string `json:"bookmark"`          // of the state now, which is as the one asked for
	Previous string `json:"previous_bookmark"` // of the state before: to restore it undoes the restore
	Message  string `json:"message"`
}

// CurrentBookmark names the state of the database now, commits of other
// processes included.
func (db *Database) CurrentBookmark(ctx context.Context) (string, error) {
	if err := db.lockWriter(ctx); err != nil {
		return "", err
	}
	defer db.unlockWriter()
	w, err := db.writer.WAL()
	if err != nil {
		return "", err
	}
	db.history.Note(w)
	return db.Bookmark(), nil
}

// BookmarkAt names the state that the database had at a moment of the last 30
// days: that of the last commit by then.
func (db *Database) BookmarkAt(ctx context.Context, t time.Time) (string, error) {
	return db.bookmarkAt(ctx, t, t.Format(time.RFC3339Nano))
}

// bookmarkAt is BookmarkAt for a moment that the user wrote as text.
func (db *Database) bookmarkAt(ctx context.Context, t time.Time, text string) (string, error) {
	now := db.history.Clock.Now()
	switch {
	case t.After(now):
		return "", badRequestf(msgTimeFuture, text)
	case t.Before(now.Add(-MaxTimeTravel)):
		return "", badRequestf(msgTimeOld, text)
	}
	if err := db.lockHistory(ctx); err != nil {
		return "", err
	}
	defer db.unlockWriter()
	p, begin, err := db.history.At(t.UnixMilli())
	if err == nil && p == nil {
		err = badRequestf(msgTimeBefore, text, begin.Format(time.RFC3339Nano))
	}
	if err != nil {
		return "", err
	}
	return p.Position.String(), nil
}

// lockHistory takes the writer, with all that is committed in the history. It
// waits, without the writer, for the first base of a history that just began.
func (db *Database) lockHistory(ctx context.Context) error {
	for {
		if err := db.lockWriter(ctx); err != nil {
			return err
		}
		if err := db.history.Sync(); err != nil {
			db.unlockWriter()
			return err
		}
		first := db.history.FirstBase()
		if first == nil {
			return nil
		}
		db.unlockWriter()
		select {
		case <-first:
		case <-db.closed:
			return errClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Restore brings back the state that a bookmark of the last 30 days names, as
// one transaction: a Worker sees the state before or the one after.
// https://developers.cloudflare.com/d1/reference/time-travel/
func (db *Database) Restore(ctx context.Context, bookmark string) (Restored, error) {
	pos, ok := history.ParseBookmark(bookmark)
	if !ok {
		return Restored{}, badRequestf(msgBookmarkInvalid, bookmark)
	}
	r, err := db.rebuilder(ctx, pos, bookmark)
	if err != nil {
		return Restored{}, err
	}
	defer r.Close()
	tmp, err := os.CreateTemp(db.history.Dir, "restore-*.tmp")
	if err != nil {
		return Restored{}, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := r.Write(tmp, pos); err != nil {
		return Restored{}, err
	}
	return db.restoreFile(ctx, tmp)
}

// rebuilder finds the state that a bookmark names.
func (db *Database) rebuilder(ctx context.Context, pos history.Position, bookmark string) (*history.Rebuilder, error) {
	if err := db.lockHistory(ctx); err != nil {
		return nil, err
	}
	defer db.unlockWriter()
	h := db.history
	p, err := h.Find(pos)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, badRequestf(msgBookmarkInvalid, bookmark)
	}
	until, err := h.Until(p)
	if err != nil {
		return nil, err
	}
	if until < h.Clock.Now().Add(-MaxTimeTravel).UnixMilli() {
		return nil, badRequestf(msgBookmarkOld, bookmark)
	}
	return p.Chain.Rebuilder(p.Block + 1)
}

// restoreFile replaces the database by the one in f.
func (db *Database) restoreFile(ctx context.Context, f *os.File) (Restored, error) {
	if err := db.lockWriter(ctx); err != nil {
		return Restored{}, err
	}
	defer db.unlockWriter()
	h := db.history
	h.Checkpoint() // so that the history of the restore is what it changes, not all pages
	application, err := db.writer.TrustedInt("PRAGMA application_id")
	if err != nil {
		return Restored{}, err
	}
	if err := history.Adopt(f, db.pageSize, db.epoch, uint32(application)); err != nil {
		return Restored{}, err
	}
	if err := db.writer.CopyIn(f.Name()); err != nil {
		return Restored{}, err
	}
	if err := db.measure(); err != nil {
		return Restored{}, err
	}
	previous := db.Bookmark()
	if err := h.Sync(); err == nil {
		if p := h.Previous(); p != nil { // with commits of other processes in between
			previous = p.String()
		}
	}
	h.Committed()
	now := db.Bookmark()
	return Restored{Bookmark: now, Previous: previous, Message: "Restored the database to the state asked for; " + previous + " undoes it"}, nil
}

// badRequestf is a mistake in what a user asked for.
func badRequestf(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codec.CodeMalformed, format, args...)
}

// isoDate is the form of a time that Wrangler takes; all else must be a number.
var isoDate = regexp.MustCompile(`^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(:[0-5]\d(\.\d+)?)?([+-][0-2]\d:[0-5]\d|Z)$`)

// parseTimestamp reads an ISO date, or seconds since 1970 of ten digits, or
// milliseconds.
func parseTimestamp(text string, now time.Time) (time.Time, error) {
	if isoDate.MatchString(text) {
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t, nil
			}
		}
	} else if n, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(n) < 8.64e15 {
		if len(text) == 10 {
			n *= 1000
		}
		return time.UnixMilli(int64(n)).UTC(), nil
	}
	return time.Time{}, badRequestf(msgTimeFormat, text, now.Format("2006-01-02T15:04:05.000Z07:00"))
}
