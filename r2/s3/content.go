package s3

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"flint/r2/driver"
)

// sending is content on its way to the store. The store keeps what it has got
// whole, so the last bytes are held back until the content has been checked.
type sending struct {
	src  io.Reader
	size int64
	left int64
	h    *driver.Hasher
	err  error // why it broke off
	file *os.File
}

// arrival is what is known of content before it is read.
type arrival struct {
	size  int64            // bytes; negative: not known
	given driver.Checksums // what it must have
	first *driver.Hasher   // what the store wants to know first; nil: nothing
	early bool             // read it to its end before the store gets any of it
}

// receive prepares content for the store, which wants to know its length and its
// checksums first: of what nobody knows them is written to a file before.
func (b *bucket) receive(ctx context.Context, content io.Reader, a arrival) (*sending, error) {
	s := &sending{src: content, size: a.size, h: driver.NewHasher(a.given)}
	if a.first == nil {
		a.first = &driver.Hasher{}
	} else {
		a.early = true
	}
	if a.size < 0 || a.early {
		if err := s.measure(ctx, b.spool, a.first); err != nil {
			return nil, errors.Join(err, s.closeFile())
		}
		if a.size >= 0 && s.size != a.size {
			return nil, errors.Join(driver.ErrIncompleteBody, s.closeFile())
		}
	}
	s.left = s.size
	if s.size == 0 { // nothing will be read
		if err := s.finish(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// measure reads content to its end, through h, a small one into memory.
func (s *sending) measure(ctx context.Context, dir string, h *driver.Hasher) error {
	buf := make([]byte, driver.MaxInline+1)
	n, eof, err := driver.ReadFull(s.src, buf)
	if err != nil {
		return err
	}
	if eof {
		h.Write(buf[:n])
		s.src, s.size = bytes.NewReader(buf[:n]), int64(n)
		return nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if s.file, err = os.CreateTemp(dir, "upload-*"); err != nil {
		return err
	}
	if err := os.Remove(s.file.Name()); err != nil { // it lives as long as it is open
		return err
	}
	if s.size, err = driver.CopyHashed(ctx, s.file, h, io.MultiReader(bytes.NewReader(buf[:n]), s.src)); err != nil {
		return err
	}
	s.src = s.file
	_, err = s.file.Seek(0, io.SeekStart)
	return err
}

// Read implements io.Reader.
func (s *sending) Read(p []byte) (int, error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case s.left == 0:
		return 0, io.EOF
	}
	n, err := s.src.Read(p[:min(int64(len(p)), s.left)])
	s.h.Write(p[:n])
	s.left -= int64(n)
	switch {
	case s.left == 0:
		if s.err = s.finish(); s.err != nil {
			return 0, s.err
		}
		return n, nil
	case errors.Is(err, io.EOF):
		err = driver.ErrIncompleteBody
	}
	if err != nil {
		s.err = err
	}
	return n, err
}

// finish checks content that has been read: there is no more of it, and it is
// what was promised.
func (s *sending) finish() error {
	var more [1]byte
	switch n, _, err := driver.ReadFull(s.src, more[:]); {
	case err != nil:
		return err
	case n > 0:
		return driver.ErrIncompleteBody
	}
	_, err := s.h.Verify()
	return err
}

func (s *sending) closeFile() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

func (s *sending) close() { _ = s.closeFile() } // it has no name any more

// now is flint's time in the milliseconds that R2 keeps.
func (b *bucket) now() time.Time { return time.UnixMilli(b.env.Clock.Now().UnixMilli()).UTC() }
