package s3api

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Where a request names its bucket and key: in the path, or the bucket in the
// host. https://developers.cloudflare.com/r2/api/s3/api/

const cloudflareHost = ".r2.cloudflarestorage.com"

// address finds the bucket and key of a request; both may be empty. The error
// is about a host that flint does not answer to, or a path that cannot be read.
func address(r *http.Request) (bucket, key string, err error) {
	bucket, ok := hostBucket(r.Host)
	if !ok {
		return "", "", failuref(http.StatusForbidden, "AccessDenied",
			"flint's S3 port answers to localhost and to the hosts of r2.cloudflarestorage.com only, not to the host %q", r.Host)
	}
	path := strings.TrimPrefix(rawPath(r), "/")
	if bucket == "" {
		bucket, path, _ = strings.Cut(path, "/")
	}
	bucket, err1 := url.PathUnescape(bucket)
	key, err2 := url.PathUnescape(path)
	if err1 != nil || err2 != nil {
		return "", "", errBadPath
	}
	return bucket, key, nil
}

// hostBucket is the bucket that a host names, if any. ok is whether the host
// is one of ours: a foreign one may be a web page's that points its own name
// at this machine.
func hostBucket(host string) (bucket string, ok bool) {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if names, ok := strings.CutSuffix(host, cloudflareHost); ok {
		return accountBucket(names), true
	}
	if names, ok := strings.CutSuffix(host, ".localhost"); ok {
		for _, service := range []string{"r2", "s3"} {
			if names == service {
				return "", true
			}
			names = strings.TrimSuffix(names, "."+service)
		}
		return names, true
	}
	ip := net.ParseIP(host)
	return "", host == "localhost" || ip != nil && ip.IsLoopback()
}

// accountBucket reads [bucket.]account[.jurisdiction].
func accountBucket(names string) string {
	for _, jurisdiction := range []string{".eu", ".fedramp"} {
		names = strings.TrimSuffix(names, jurisdiction)
	}
	i := strings.LastIndexByte(names, '.')
	if i < 0 {
		return ""
	}
	return names[:i]
}
