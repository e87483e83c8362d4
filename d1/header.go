package d1

import (
	"fmt"
	"os"
	"time"

	"flint/d1/csqlite"
)

// What flint keeps about a database is in the file's own header, where a
// Worker's SQL can neither see nor change it and where it takes no page: how
// often the file was opened in PRAGMA user_version, and the second in which it
// was made in PRAGMA application_id. https://www.sqlite.org/fileformat2.html#the_database_header

// prepareFile counts the opening of the file, which makes bookmarks of this
// process later than all before, and learns when it was made and its size. It
// tells where the write-ahead log stood before that.
func (db *Database) prepareFile(now time.Time) (before csqlite.WAL, err error) {
	w := db.writer
	if err := w.Begin(true); err != nil {
		return before, err
	}
	before, err = w.WAL()
	if err == nil {
		err = db.countOpening(now)
	}
	if err != nil {
		_ = w.Rollback() // the error that led here is the one to report
		return before, err
	}
	if err := w.Commit(); err != nil {
		return before, err
	}
	if db.pageSize, err = w.TrustedInt("PRAGMA page_size"); err != nil {
		return before, err
	}
	return before, db.measure()
}

func (db *Database) countOpening(now time.Time) error {
	w := db.writer
	version, err := w.TrustedInt("PRAGMA user_version")
	if err != nil {
		return err
	}
	stamp, err := w.TrustedInt("PRAGMA application_id")
	if err != nil {
		return err
	}
	db.epoch = uint32(version)
	db.created = time.Unix(int64(uint32(stamp)), 0).UTC()
	if stamp == 0 {
		db.created = now.UTC().Truncate(time.Second)
	}
	if err := db.adoptTable(); err != nil {
		return err
	}
	db.epoch++
	sql := fmt.Sprintf("PRAGMA user_version = %d;", int32(db.epoch))
	switch {
	case stamp == 0:
		sql += fmt.Sprintf("PRAGMA application_id = %d;", int32(uint32(db.created.Unix())))
	case !plausible(db.created, now):
		db.created = db.fileTime(now) // the number of another application, which stays
	}
	return w.Trusted(sql)
}

// adoptTable takes over what earlier versions kept in a table, and removes it.
// The runtime has a table of that name and shape too, with a counter of its
// own under the same key.
func (db *Database) adoptTable() error {
	w := db.writer
	n, err := w.TrustedInt("SELECT count(*) FROM sqlite_master WHERE name = '_cf_METADATA' AND type = 'table'")
	if err != nil || n == 0 {
		return err
	}
	epoch, err := w.TrustedInt("SELECT CAST(value AS INTEGER) FROM _cf_METADATA WHERE key = 2")
	if err != nil {
		return err
	}
	created, err := w.TrustedInt("SELECT CAST(value AS INTEGER) FROM _cf_METADATA WHERE key = 3")
	if err != nil {
		return err
	}
	db.epoch = max(db.epoch, uint32(epoch))
	if created > 0 {
		db.created = time.UnixMilli(created).UTC().Truncate(time.Second)
	}
	return w.Trusted("DROP TABLE _cf_METADATA")
}

// plausible tells a second in which D1 existed from the number of another
// application.
func plausible(t, now time.Time) bool {
	return t.Year() >= 2022 && !t.After(now.Add(24*time.Hour))
}

func (db *Database) fileTime(now time.Time) time.Time {
	info, err := os.Stat(db.path)
	if err != nil {
		return now.UTC()
	}
	return info.ModTime().UTC()
}
