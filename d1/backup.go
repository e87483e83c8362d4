package d1

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"flint/d1/csqlite"
	"flint/internal/cferr"
)

// Backup is a copy of a database that stays until it is deleted: a plain
// SQLite file beside the database's own, in DATABASE_ID.backups. The shape is
// that of the API which Wrangler's `d1 backup` commands used.
type Backup struct {
	ID         string    `json:"id"`
	DatabaseID string    `json:"database_id"`
	CreatedAt  time.Time `json:"created_at"`
	State      string    `json:"state"` // "done"
	NumTables  int64     `json:"num_tables"`
	FileSize   int64     `json:"file_size"`
}

func (db *Database) backupDir() string { return strings.TrimSuffix(db.path, ".sqlite") + ".backups" }

// backupID is the form of a backup's id, which is the name of its file.
var backupID = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func newBackupID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// backupPath is the file of a backup, which must exist.
func (db *Database) backupPath(id string) (string, error) {
	path := filepath.Join(db.backupDir(), id+".sqlite")
	if backupID.MatchString(id) {
		_, err := os.Stat(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", cferr.Newf(http.StatusNotFound, codeNotFound, msgNoBackup, id)
}

// CreateBackup copies the database as it is now. Reads and writes go on
// meanwhile.
func (db *Database) CreateBackup(ctx context.Context) (Backup, error) {
	dir := db.backupDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Backup{}, err
	}
	have, err := filepath.Glob(filepath.Join(dir, "*.sqlite"))
	if err != nil {
		return Backup{}, err
	}
	if len(have) >= maxBackups {
		return Backup{}, badRequestf(msgManyBackups, maxBackups)
	}
	id := newBackupID()
	tmp := filepath.Join(dir, id+".tmp")
	if err := db.copyTo(ctx, tmp); err != nil {
		return Backup{}, errors.Join(err, removeIfThere(tmp))
	}
	now := db.history.Clock.Now()
	if err := os.Chtimes(tmp, now, now); err != nil { // the file's time is the backup's
		return Backup{}, err
	}
	path := filepath.Join(dir, id+".sqlite")
	if err := os.Rename(tmp, path); err != nil {
		return Backup{}, err
	}
	return db.describeBackup(path)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// copyTo writes the database to a new file that needs no log beside it.
func (db *Database) copyTo(ctx context.Context, path string) error {
	c, err := db.acquireReader(ctx, true)
	if err != nil {
		return err
	}
	err = c.CopyOut(path)
	db.returnReader(c)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{1, 1}, 18) // the journal: rolled back, not written ahead
	return errors.Join(err, f.Close())
}

// Backups lists the backups, the latest first.
func (db *Database) Backups() ([]Backup, error) {
	paths, err := filepath.Glob(filepath.Join(db.backupDir(), "*.sqlite"))
	if err != nil {
		return nil, err
	}
	out := []Backup{}
	for _, path := range paths {
		if !backupID.MatchString(strings.TrimSuffix(filepath.Base(path), ".sqlite")) {
			continue
		}
		b, err := db.describeBackup(path)
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	slices.SortFunc(out, func(a, b Backup) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (db *Database) describeBackup(path string) (Backup, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Backup{}, err
	}
	c, err := csqlite.Open(path, connOptions(true))
	if err != nil {
		return Backup{}, fmt.Errorf("backup %s: %w", path, err)
	}
	tables, err := c.TrustedInt(countTables)
	return Backup{
		ID: strings.TrimSuffix(filepath.Base(path), ".sqlite"), DatabaseID: db.id, CreatedAt: info.ModTime().UTC(),
		State: "done", NumTables: tables, FileSize: info.Size(),
	}, errors.Join(err, c.Close())
}

// RestoreBackup brings back the state of a backup, as Restore does.
func (db *Database) RestoreBackup(ctx context.Context, id string) (Restored, error) {
	path, err := db.backupPath(id)
	if err != nil {
		return Restored{}, err
	}
	tmp, err := os.CreateTemp(db.history.Dir, "restore-*.tmp")
	if err != nil {
		return Restored{}, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := copyFile(tmp, path); err != nil {
		return Restored{}, err
	}
	return db.restoreFile(ctx, tmp)
}

func copyFile(to *os.File, path string) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = to.ReadFrom(from)
	return err
}

// OpenBackup opens a backup's file to read it. The caller closes it.
func (db *Database) OpenBackup(id string) (*os.File, error) {
	path, err := db.backupPath(id)
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// DeleteBackup removes a backup.
func (db *Database) DeleteBackup(id string) error {
	path, err := db.backupPath(id)
	if err != nil {
		return err
	}
	return os.Remove(path)
}
