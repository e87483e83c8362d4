package s3

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"flint/r2/driver"
)

// store keeps buckets in MinIO or any other S3 store: an S3 bucket for each,
// named alike after the prefix of the URL.
type store struct {
	core   *minio.Core
	http   *http.Client // for what core has no call
	addr   string       // for people: no secret in it
	prefix string       // of the names of its buckets
	spool  string       // folder for content whose length is not known
	env    *driver.Env
	log    *slog.Logger
	lost   atomic.Bool // the last call did not reach the store
	classes
}

// openS3 makes a backend of a driver's URL. It does not connect.
func Open(driver, dir string, env *driver.Env) (*store, error) {
	u, err := parseURL(driver)
	if err != nil {
		return nil, err
	}
	transport := newTransport()
	core, err := minio.NewCore(u.addr, u.options(transport))
	if err != nil {
		return nil, ErrDriver // the client's error may show the URL
	}
	return &store{
		core: core, http: &http.Client{Transport: transport}, addr: u.addr, prefix: u.prefix, spool: dir, env: env, log: env.Log,
	}, nil
}

// newTransport bounds connections and waiting. Content is passed on as it is
// stored, so nothing is decompressed on the way.
func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTimeout, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		MaxIdleConns:          maxConns, MaxIdleConnsPerHost: maxConns, MaxConnsPerHost: 4 * maxConns,
		IdleConnTimeout:    time.Minute,
		DisableCompression: true,
	}
}

func (s *store) Exists(ctx context.Context, name string) (bool, error) {
	there, err := s.core.BucketExists(ctx, s.prefix+name)
	return there, s.explain(ctx, err)
}

func (s *store) Open(ctx context.Context, name string) (driver.Bucket, error) {
	b := &bucket{store: s, name: name, s3name: s.prefix + name, names: newKeyNames(), sums: newKeyNames(), begun: newKeyNames()}
	if len(b.s3name) > 63 {
		return nil, fmt.Errorf("the name %s has more than 63 bytes, the most that S3 takes: shorten the prefix in [r2] driver", b.s3name)
	}
	err := s.core.MakeBucket(ctx, b.s3name, minio.MakeBucketOptions{})
	if code := minio.ToErrorResponse(err).Code; code == "BucketAlreadyOwnedByYou" || code == "BucketAlreadyExists" {
		err = nil
	}
	if err == nil {
		err = b.write(ctx, bucketFile, b.fresh(), onlyNew)
	}
	if isCode(err, "PreconditionFailed") {
		err = nil // it is described already
	}
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	return b, nil
}

func (s *store) Names(ctx context.Context) ([]string, error) {
	all, err := s.core.ListBuckets(ctx)
	if err != nil {
		return nil, s.explain(ctx, err)
	}
	var names []string
	for _, b := range all { // S3 lists them by name
		if name, ok := strings.CutPrefix(b.Name, s.prefix); ok && driver.ValidBucketName(name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// Drop removes what the driver keeps beside objects, and then the bucket, which
// the store refuses if it still holds anything.
func (s *store) Drop(ctx context.Context, name string) error {
	gone := make(chan minio.ObjectInfo)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listed error
	go func() {
		defer close(gone)
		for o := range s.core.Client.ListObjects(ctx, s.prefix+name, minio.ListObjectsOptions{Prefix: ownPrefix, Recursive: true}) {
			if o.Err != nil {
				listed = o.Err
				return
			}
			gone <- o
		}
	}()
	var err error
	for failed := range s.core.RemoveObjects(ctx, s.prefix+name, gone, minio.RemoveObjectsOptions{}) {
		err = errors.Join(err, failed.Err)
	}
	if err = errors.Join(err, listed); err == nil {
		err = s.core.RemoveBucket(ctx, s.prefix+name)
	}
	if isCode(err, "BucketNotEmpty") {
		return driver.ErrBucketNotEmpty // another flint wrote meanwhile
	}
	return s.explain(ctx, err)
}

func (s *store) Ping(ctx context.Context) error {
	_, err := s.core.BucketExists(ctx, s.prefix+"flint")
	return s.explain(ctx, err)
}

func (s *store) Close() error {
	s.http.CloseIdleConnections()
	return nil
}

// explain turns an error of the client into one for people.
func (s *store) explain(ctx context.Context, err error) error {
	var reply minio.ErrorResponse
	switch {
	case err == nil:
		s.found()
		return nil
	case ctx.Err() != nil:
		return ctx.Err() // the caller gave up
	case errors.As(err, &reply):
		s.found()
		switch reply.Code {
		case "NoSuchBucket":
			return driver.ErrNoSuchBucket
		case "MetadataTooLarge":
			return errMetadata
		}
		return errReply(s.addr, reply.Code, reply.Message)
	}
	reason := reason(err)
	if s.lost.CompareAndSwap(false, true) {
		s.log.Warn("R2 cannot reach its S3 store", "address", s.addr, "reason", reason)
	}
	return errUnreachable(s.addr, reason)
}

func (s *store) found() {
	if s.lost.CompareAndSwap(true, false) {
		s.log.Info("R2 reaches its S3 store again", "address", s.addr)
	}
}

// reason is the last cause of an error, without the URL in front of it, which may be signed.
func reason(err error) string {
	var op *net.OpError
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.As(err, &op):
		err = op.Err
	}
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err.Error()
}

// isCode reports whether the store answered with one of these codes.
func isCode(err error, codes ...string) bool {
	got := minio.ToErrorResponse(err).Code
	for _, code := range codes {
		if err != nil && got == code {
			return true
		}
	}
	return false
}

// noObject reports whether the store has no such object.
func noObject(err error) bool { return isCode(err, "NoSuchKey", "NotFound") }

// conditionFailed reports whether a condition of the request did not hold.
func conditionFailed(err error) bool {
	return isCode(err, "PreconditionFailed", "ConditionalRequestConflict", "NotModified")
}

// bucket is the driver of one bucket.
type bucket struct {
	*store
	name, s3name string
	names        *keyNames // keys by their hashes
	sums         *keyNames // the algorithms of uploads by the store's ids
	begun        *keyNames // when they began, in milliseconds since 1970
}

// bucketJSON is what bucketFile says.
type describedBucket struct {
	Created      int64  `json:"created"` // milliseconds since 1970
	StorageClass string `json:"storageClass"`
	Location     string `json:"location,omitempty"`
}

func (b *bucket) fresh() []byte {
	text, _ := json.Marshal(describedBucket{Created: b.env.Clock.Now().UnixMilli(), StorageClass: driver.Standard}) // numbers and text
	return text
}

func (b *bucket) Info(ctx context.Context) (driver.BucketInfo, error) {
	text, err := b.read(ctx, bucketFile)
	if err != nil {
		return driver.BucketInfo{}, b.explain(ctx, err)
	}
	var f describedBucket
	if err := json.Unmarshal(text, &f); err != nil {
		return driver.BucketInfo{}, fmt.Errorf("%s of S3 bucket %s is not what flint wrote: %w", bucketFile, b.s3name, err)
	}
	return driver.BucketInfo{Name: b.name, Created: time.UnixMilli(f.Created).UTC(), StorageClass: f.StorageClass, Location: f.Location}, nil
}

func (b *bucket) Describe(ctx context.Context, class, location string) error {
	info, err := b.Info(ctx)
	if err != nil {
		return err
	}
	text, err := json.Marshal(describedBucket{info.Created.UnixMilli(), class, location})
	if err != nil {
		return err
	}
	return b.explain(ctx, b.write(ctx, bucketFile, text, nil))
}

func (b *bucket) Retire(ctx context.Context) error {
	p := &driver.Page{Limit: 1}
	if err := b.List(ctx, p); err != nil {
		return err
	}
	if len(p.Out.Objects) > 0 {
		return driver.ErrBucketNotEmpty
	}
	uploads, err := b.uploads(ctx)
	for _, u := range uploads {
		err = errors.Join(err, b.core.AbortMultipartUpload(ctx, b.s3name, b.s3key(u.Key), storeID(u.ID)))
	}
	return b.explain(ctx, err)
}

func (b *bucket) Close() error { return nil }

// onlyNew makes a write one of an object that is not there yet.
func onlyNew(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") }

// write keeps a small text of the driver's own.
func (b *bucket) write(ctx context.Context, name string, text []byte, opt func(*minio.PutObjectOptions)) error {
	var o minio.PutObjectOptions
	if opt != nil {
		opt(&o)
	}
	_, err := b.core.PutObject(ctx, b.s3name, name, bytes.NewReader(text), int64(len(text)), "", "", o)
	return err
}

// read reads a small text of the driver's own.
func (b *bucket) read(ctx context.Context, name string) ([]byte, error) {
	body, _, _, err := b.core.GetObject(ctx, b.s3name, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	buf := make([]byte, maxOwnText)
	n, eof, err := driver.ReadFull(body, buf)
	if err == nil && !eof {
		err = errors.New(name + " is too large")
	}
	return buf[:n], err
}
