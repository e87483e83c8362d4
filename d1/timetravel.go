package d1

import (
	"context"
	"errors"
	"math"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"time"

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
	db.history.saw(w)
	return db.Bookmark(), nil
}

// BookmarkAt names the state that the database had at a moment of the last 30
// days: that of the last commit by then.
func (db *Database) BookmarkAt(ctx context.Context, t time.Time) (string, error) {
	return db.bookmarkAt(ctx, t, t.Format(time.RFC3339Nano))
}

// bookmarkAt is BookmarkAt for a moment that the user wrote as text.
func (db *Database) bookmarkAt(ctx context.Context, t time.Time, text string) (string, error) {
	now := db.history.clock.Now()
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
	p, begin, err := db.history.at(t.UnixMilli())
	if err == nil && p == nil {
		err = badRequestf(msgTimeBefore, text, begin.Format(time.RFC3339Nano))
	}
	if err != nil {
		return "", err
	}
	return p.position.String(), nil
}

// lockHistory takes the writer, with all that is committed in the history. It
// waits, without the writer, for the first base of a history that just began.
func (db *Database) lockHistory(ctx context.Context) error {
	for {
		if err := db.lockWriter(ctx); err != nil {
			return err
		}
		if err := db.history.sync(); err != nil {
			db.unlockWriter()
			return err
		}
		first := db.history.firstBase()
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
	pos, ok := parseBookmark(bookmark)
	if !ok {
		return Restored{}, badRequestf(msgBookmarkInvalid, bookmark)
	}
	r, err := db.rebuilder(ctx, pos, bookmark)
	if err != nil {
		return Restored{}, err
	}
	defer r.close()
	tmp, err := os.CreateTemp(db.history.dir, "restore-*.tmp")
	if err != nil {
		return Restored{}, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := r.write(tmp, pos); err != nil {
		return Restored{}, err
	}
	return db.restoreFile(ctx, tmp)
}

// rebuilder finds the state that a bookmark names.
func (db *Database) rebuilder(ctx context.Context, pos position, bookmark string) (*rebuilder, error) {
	if err := db.lockHistory(ctx); err != nil {
		return nil, err
	}
	defer db.unlockWriter()
	h := db.history
	p, err := h.find(pos)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, badRequestf(msgBookmarkInvalid, bookmark)
	}
	until, err := h.until(p)
	if err != nil {
		return nil, err
	}
	if until < h.clock.Now().Add(-MaxTimeTravel).UnixMilli() {
		return nil, badRequestf(msgBookmarkOld, bookmark)
	}
	return p.chain.rebuilder(p.block + 1)
}

// restoreFile replaces the database by the one in f.
func (db *Database) restoreFile(ctx context.Context, f *os.File) (Restored, error) {
	if err := db.lockWriter(ctx); err != nil {
		return Restored{}, err
	}
	defer db.unlockWriter()
	h := db.history
	h.checkpoint() // so that the history of the restore is what it changes, not all pages
	application, err := db.writer.TrustedInt("PRAGMA application_id")
	if err != nil {
		return Restored{}, err
	}
	if err := adopt(f, db.pageSize, db.epoch, uint32(application)); err != nil {
		return Restored{}, err
	}
	if err := db.writer.CopyIn(f.Name()); err != nil {
		return Restored{}, err
	}
	if err := db.measure(); err != nil {
		return Restored{}, err
	}
	previous := db.Bookmark()
	if err := h.sync(); err == nil {
		if p := h.previous(); p != nil { // with commits of other processes in between
			previous = p.String()
		}
	}
	h.committed()
	now := db.Bookmark()
	return Restored{Bookmark: now, Previous: previous, Message: "Restored the database to the state asked for; " + previous + " undoes it"}, nil
}

// badRequestf is a mistake in what a user asked for.
func badRequestf(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeMalformed, format, args...)
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

// point is a state in the history: a commit of a block, or a base (block -1).
type point struct {
	position
	chain *chain
	block int
	ms    int64
}

// find looks for the state that a bookmark names; nil: there is none.
func (h *history) find(pos position) (*point, error) {
	chains := h.chains()
	for i := len(chains) - 1; i >= 0; i-- {
		c := chains[i]
		if err := c.loadOnce(); err != nil {
			return nil, err
		}
		if c.damaged {
			continue
		}
		if c.base.position() == pos {
			return &point{pos, c, -1, c.base.Time}, nil
		}
		for j := range c.blocks {
			b := &c.blocks[j]
			if b.Salt != pos.salt || pos.frame < b.First || pos.frame > b.Last {
				continue
			}
			commits, err := c.commits(j)
			if err != nil {
				return nil, err
			}
			for _, m := range commits {
				if p := b.commit(m); p == pos {
					return &point{p, c, j, m.ms}, nil
				}
			}
		}
	}
	return nil, nil
}

// commit is the position of a commit of a block.
func (b *block) commit(m commitMark) position {
	return position{b.Epoch, b.Gen, m.frame, b.Salt, m.sum}
}

// at finds the last commit by a moment; nil, and when the history begins, if
// there was none.
func (h *history) at(ms int64) (p *point, begin time.Time, err error) {
	chains := h.chains()
	for i := len(chains) - 1; i >= 0; i-- {
		c := chains[i]
		if err := c.loadOnce(); err != nil {
			return nil, begin, err
		}
		if c.damaged {
			continue
		}
		for j := len(c.blocks) - 1; j >= 0; j-- {
			b := &c.blocks[j]
			if b.Start > ms {
				continue
			}
			commits, err := c.commits(j)
			if err != nil {
				return nil, begin, err
			}
			for k := len(commits) - 1; k >= 0; k-- {
				if m := commits[k]; m.ms <= ms {
					return &point{b.commit(m), c, j, m.ms}, begin, nil
				}
			}
		}
		if c.base.Time <= ms {
			return &point{c.base.position(), c, -1, c.base.Time}, begin, nil
		}
		begin = time.UnixMilli(c.base.Time).UTC()
	}
	return nil, begin, nil
}

// until is when a state was followed by another one: the time of the next
// commit. It is in the far future for the state that is there now.
func (h *history) until(p *point) (int64, error) {
	end, from := p.position, p.block
	for _, c := range h.chains() {
		if c.n < p.chain.n || c.damaged {
			continue
		}
		if c.n > p.chain.n {
			if c.base.position() != end {
				return c.base.Time, nil
			}
			from = 0
		}
		if err := c.loadOnce(); err != nil {
			return 0, err
		}
		for j := max(from, 0); j < len(c.blocks); j++ {
			commits, err := c.commits(j)
			if err != nil {
				return 0, err
			}
			for _, m := range commits {
				if c != p.chain || j > p.block || m.frame > p.frame {
					return m.ms, nil
				}
			}
		}
	}
	return math.MaxInt64, nil
}

// previous is the last state but one; nil if the newest chain has none.
func (h *history) previous() *position {
	if h.chain == nil {
		return nil
	}
	seen := 0
	for j := len(h.chain.blocks) - 1; j >= 0; j-- {
		commits, err := h.chain.commits(j)
		if err != nil {
			return nil
		}
		if seen+len(commits) >= 2 {
			p := h.chain.blocks[j].commit(commits[len(commits)-2+seen])
			return &p
		}
		seen += len(commits)
	}
	if p := h.chain.base.position(); seen == 1 {
		return &p
	}
	return nil
}

// loadOnce reads the heads of an old chain's log.
func (c *chain) loadOnce() error {
	if c.loaded {
		return nil
	}
	_, err := c.load()
	return err
}

// commits reads the commits of a block.
func (c *chain) commits(j int) ([]commitMark, error) {
	f, err := os.Open(c.path(".log"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := &c.blocks[j]
	meta := make([]byte, b.MetaLen)
	if _, err := f.ReadAt(meta, b.at); err != nil {
		return nil, errors.Join(errDamaged, err)
	}
	return b.recordHead.commits(meta)
}
