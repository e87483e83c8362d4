package r2

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// commonParts are the sizes of parts that clients choose, in MiB, the likeliest
// first: flint's own, those of the AWS SDKs and rclone, of the AWS command
// line, and round ones.
var commonParts = []int64{64, 5, 8, 16, 10, 15, 20, 25, 32, 50, 100, 128, 256, 512, 1024}

// sameContent reports whether content of size bytes has an ETag of R2: its MD5,
// or the MD5 of the MD5s of its parts and their number. How large the parts
// were an ETag does not say; the sizes that give that number are tried.
func sameContent(open func() (io.ReadCloser, error), size int64, etag string) (bool, error) {
	sum, count, ok := strings.Cut(etag, "-")
	if !ok {
		got, err := hashOf(open, plainETag)
		return got == sum, err
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil || n < 1 || n > maxParts {
		return false, nil
	}
	for _, part := range partSizes(size, n) {
		got, err := hashOf(open, func(r io.Reader) (string, error) { return PartsETag(r, part) })
		if err != nil || got == etag {
			return err == nil, err
		}
	}
	return false, nil
}

func hashOf(open func() (io.ReadCloser, error), hash func(io.Reader) (string, error)) (string, error) {
	r, err := open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	return hash(r)
}

// partSizes are the sizes of which n parts make size bytes.
func partSizes(size, n int64) []int64 {
	if n == 1 {
		return []int64{max(size, 1)}
	}
	exact := (size + n - 1) / n
	var fit []int64
	for _, mib := range commonParts {
		fit = append(fit, mib<<20)
	}
	fit = append(fit, partSize(size, 0), (exact+1<<20-1)>>20<<20, exact)
	var out []int64
	for _, part := range fit {
		if part > 0 && (size+part-1)/part == n && !slices.Contains(out, part) {
			out = append(out, part)
		}
	}
	return out
}

func plainETag(r io.Reader) (string, error) {
	sum := md5.New()
	_, err := io.Copy(sum, r)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// PartsETag is the ETag of content that was uploaded in parts of so many bytes.
func PartsETag(r io.Reader, part int64) (string, error) {
	all, count := md5.New(), 0
	for {
		sum := md5.New()
		n, err := io.Copy(sum, io.LimitReader(r, part))
		if err != nil {
			return "", err
		}
		if n == 0 && count > 0 {
			break
		}
		all.Write(sum.Sum(nil))
		if count++; n < part {
			break
		}
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(all.Sum(nil)), count), nil
}
