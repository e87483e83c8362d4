package disk

import "path/filepath"

// What follows shows and disturbs the inside of a bucket for the tests of the
// package above: what a kill or a damaged disk leaves cannot be made otherwise.

// Names of files and folders in the store's folder.
const (
	JournalFile   = journalFile
	BlobMarker    = dirtyMarker   // of a blob folder that may hold blobs that no row names
	DeletedPrefix = deletedPrefix // of a bucket that is being deleted
)

// Dir is the bucket's folder.
func (b *Bucket) Dir() string { return b.dir }

// Rows counts the objects in the table; those that the journal alone has are not
// there.
func (b *Bucket) Rows() (n int, err error) {
	err = b.db.Readers.QueryRow("SELECT count(*) FROM objects").Scan(&n)
	return n, err
}

// IntegrityCheck is what SQLite says of the bucket's tables: "ok" if all is well.
func (b *Bucket) IntegrityCheck() (verdict string, err error) {
	err = b.db.Readers.QueryRow("PRAGMA integrity_check").Scan(&verdict)
	return verdict, err
}

// HasIndex reports whether there is an index of that name.
func (b *Bucket) HasIndex(name string) (bool, error) {
	var n int
	err := b.db.Readers.QueryRow("SELECT count(*) FROM sqlite_master WHERE name = ?", name).Scan(&n)
	return n == 1, err
}

// Settle moves the puts of the journal into the table.
func (b *Bucket) Settle() error { return b.settled() }

// JournalBytes is how large the journal is.
func (b *Bucket) JournalBytes() int64 { return b.journal.Size() }

// CloseJournal makes every later put fail.
func (b *Bucket) CloseJournal() error { return b.journal.Close() }

// UnsettledKeys is how many keys have puts that the journal alone has.
func (b *Bucket) UnsettledKeys() int { return b.recent.unsettled() }

// ForgetUnsettled takes the puts of the journal for moved.
func (b *Bucket) ForgetUnsettled() { b.recent.settled() }

// IsInMemory reports whether the row of a key is kept in memory.
func (b *Bucket) IsInMemory(key string) bool {
	r, _ := b.recent.find(key)
	return r != nil
}

// BlobDir is the folder of contents in files, and BlobPath the file of a version.
func (b *Bucket) BlobDir() string { return filepath.Join(b.dir, "blobs") }

// BlobPath is the file that holds the content of a version.
func (b *Bucket) BlobPath(version string) string { return b.blobs.path(version) }

// NamedBlobs are the versions whose content a row says to be in a file.
func (b *Bucket) NamedBlobs() (map[string]bool, error) { return b.namedBlobs() }

// LeaveBlob makes a file that no row names, as a kill may leave it.
func (b *Bucket) LeaveBlob(version string) error {
	f, err := b.blobs.create(version)
	if err != nil {
		return err
	}
	return f.Close()
}

// KeepMarker keeps the marker of a run that did not close.
func (b *Bucket) KeepMarker() { b.blobs.doomed["no such blob"] = true }
