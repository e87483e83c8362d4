package s3

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"flint/r2/driver"
)

// ErrDriver says that a driver is neither a name nor a URL that can be used. It
// does not show the driver, which holds a secret.
var ErrDriver = errors.New("the driver is no S3 URL: want s3://KEY:SECRET@HOST[:PORT][?region=…&prefix=…&tls=1&lookup=path|dns], or s3s:// for TLS, " +
	"with / ? # @ + in a secret written as %2F %3F %23 %40 %2B")

// storeURL is what a driver's URL says.
type storeURL struct {
	addr        string // host and port
	key, secret string
	region      string
	prefix      string // of the names of buckets
	tls         bool
	lookup      minio.BucketLookupType
}

func parseURL(text string) (*storeURL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" && u.Scheme != "s3s" || u.Hostname() == "" || u.User == nil || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, ErrDriver
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, ErrDriver
	}
	s := &storeURL{addr: u.Host, key: u.User.Username(), region: "us-east-1", tls: u.Scheme == "s3s", lookup: minio.BucketLookupAuto}
	s.secret, _ = u.User.Password()
	for name, values := range q {
		value := values[len(values)-1]
		switch {
		case name == "region" && value != "":
			s.region = value
		case name == "prefix":
			s.prefix = value
		case name == "tls":
			s.tls, err = strconv.ParseBool(value)
		case name == "lookup" && value == "path":
			s.lookup = minio.BucketLookupPath
		case name == "lookup" && value == "dns":
			s.lookup = minio.BucketLookupDNS
		default:
			err = ErrDriver
		}
		if err != nil {
			return nil, ErrDriver
		}
	}
	if s.key == "" || s.secret == "" || s.prefix != "" && !driver.ValidBucketName(s.prefix+"bucket") {
		return nil, ErrDriver
	}
	return s, nil
}

func (s *storeURL) options(t http.RoundTripper) *minio.Options {
	return &minio.Options{
		Creds: credentials.NewStaticV4(s.key, s.secret, ""), Secure: s.tls, Region: s.region,
		BucketLookup: s.lookup, Transport: t, MaxRetries: maxTries,
	}
}
