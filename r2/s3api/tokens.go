package s3api

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"flint/internal/clock"
)

// Permission is what a token may do.
// https://developers.cloudflare.com/r2/api/tokens/#permissions
type Permission string

// The permissions of R2's tokens. The last two may be limited to some buckets.
const (
	AdminReadWrite  Permission = "admin-read-write"
	AdminRead       Permission = "admin-read"
	ObjectReadWrite Permission = "object-read-write"
	ObjectRead      Permission = "object-read"
)

// Permissions are all of them, the mightiest first.
var Permissions = []Permission{AdminReadWrite, AdminRead, ObjectReadWrite, ObjectRead}

// access is what an operation needs.
type access int

const (
	objectRead access = iota
	objectWrite
	adminRead
	adminWrite
)

// Token is a key of the S3 API.
type Token struct {
	ID         string     `json:"access_key_id"`     // 32 hex digits
	Secret     string     `json:"secret_access_key"` // 64 hex digits
	Name       string     `json:"name,omitempty"`
	Permission Permission `json:"permission"`
	Buckets    []string   `json:"buckets,omitempty"` // none: all
	Created    time.Time  `json:"created"`
}

// may reports whether the token may do what needs a on a bucket.
func (t *Token) may(a access, bucket string) bool {
	if len(t.Buckets) > 0 && !slices.Contains(t.Buckets, bucket) {
		return false
	}
	switch t.Permission {
	case AdminReadWrite:
		return true
	case AdminRead:
		return a == adminRead || a == objectRead
	case ObjectReadWrite:
		return a == objectRead || a == objectWrite
	case ObjectRead:
		return a == objectRead
	}
	return false
}

// Tokens are the keys of the S3 API: a file in the state directory, which the
// running emulator and the commands share, and those that flint.toml fixes.
type Tokens struct {
	path  string
	fixed []Token
	clock clock.Clock

	mu    sync.Mutex
	seen  fs.FileInfo // of the file when it was read
	known []Token
}

// ErrNoSuchToken says that no token has an id or name.
var ErrNoSuchToken = errors.New("no R2 token has this name or access key id; `flint r2 token list` shows all")

// OpenTokens reads tokens from path, which need not exist, besides the fixed ones.
func OpenTokens(path string, c clock.Clock, fixed ...Token) *Tokens {
	return &Tokens{path: path, clock: c, fixed: fixed}
}

// find returns the token of an access key id; nil if there is none.
func (t *Tokens) find(id string) (*Token, error) {
	all, err := t.List()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, nil
}

// List returns all tokens, the fixed ones first, then the oldest first. The
// file is read again when it has changed.
func (t *Tokens) List() ([]Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	info, err := os.Stat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.seen, t.known = nil, nil
		return t.fixed, nil
	case err != nil:
		return nil, err
	case t.seen != nil && os.SameFile(info, t.seen) && info.ModTime().Equal(t.seen.ModTime()) && info.Size() == t.seen.Size():
		return slices.Concat(t.fixed, t.known), nil
	}
	known, err := readTokens(t.path)
	if err != nil {
		return nil, err
	}
	t.seen, t.known = info, known
	return slices.Concat(t.fixed, t.known), nil
}

func readTokens(path string) ([]Token, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var tokens []Token
	if err := json.NewDecoder(io.LimitReader(f, maxTokenFile)).Decode(&tokens); err != nil {
		return nil, fmt.Errorf("%s: the file of R2 tokens cannot be read (%w); delete it and make new tokens", path, err)
	}
	return tokens, nil
}

// Create makes a token of the given name, permission and buckets, and keeps it.
func (t *Tokens) Create(token Token) (Token, error) {
	if err := token.check(); err != nil {
		return Token{}, err
	}
	var value [32]byte
	_, _ = rand.Read(value[:]) // never fails
	id, secret := sha256.Sum256(value[:16]), sha256.Sum256(value[:])
	token.ID, token.Secret = hex.EncodeToString(id[:16]), hex.EncodeToString(secret[:])
	token.Created = t.clock.Now().UTC().Truncate(time.Second)
	return token, t.change(func(tokens []Token) ([]Token, error) {
		switch {
		case len(tokens) >= maxTokens:
			return nil, fmt.Errorf("there are %d R2 tokens already, the most that flint keeps; delete some with `flint r2 token delete`", maxTokens)
		case token.Name != "" && slices.ContainsFunc(tokens, func(o Token) bool { return o.Name == token.Name }):
			return nil, fmt.Errorf("an R2 token is named %q already; choose another name or delete that one", token.Name)
		}
		return append(tokens, token), nil
	})
}

func (t *Token) check() error {
	if !slices.Contains(Permissions, t.Permission) {
		var names []string
		for _, p := range Permissions {
			names = append(names, string(p))
		}
		return fmt.Errorf("%q is not a permission; it is one of %s", t.Permission, strings.Join(names, ", "))
	}
	if len(t.Buckets) > 0 && (t.Permission == AdminReadWrite || t.Permission == AdminRead) {
		return fmt.Errorf("a key with access to some buckets needs the permission %s or %s", ObjectReadWrite, ObjectRead)
	}
	return nil
}

// Delete removes the token with this name or access key id, or returns ErrNoSuchToken.
func (t *Tokens) Delete(nameOrID string) error {
	return t.change(func(tokens []Token) ([]Token, error) {
		left := slices.DeleteFunc(slices.Clone(tokens), func(o Token) bool { return o.ID == nameOrID || o.Name == nameOrID })
		if len(left) == len(tokens) {
			return nil, ErrNoSuchToken
		}
		return left, nil
	})
}

// change replaces the file at once, one process after the other.
func (t *Tokens) change(f func([]Token) ([]Token, error)) error {
	if err := os.MkdirAll(filepath.Dir(t.path), 0o755); err != nil {
		return err
	}
	lock, err := os.OpenFile(t.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	tokens, err := readTokens(t.path)
	if err != nil {
		return err
	}
	if tokens, err = f(tokens); err != nil {
		return err
	}
	data, err := json.MarshalIndent(tokens, "", "  ")
	if err != nil {
		return err
	}
	tmp := t.path + ".tmp"
	if err := os.WriteFile(tmp, append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, t.path)
}
