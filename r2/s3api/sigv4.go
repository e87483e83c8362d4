package s3api

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AWS Signature Version 4, in the Authorization header or in the query.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	amzTime    = "20060102T150405Z"

	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// signature is what a request says of its own signature.
type signature struct {
	accessKey     string
	date          string // as sent: 20060102T150405Z
	day           string
	region        string
	signedHeaders []string
	provided      string // hex
	payload       string // what stands for the body in the canonical request
	presigned     bool

	key []byte // derived from the secret, once verified
}

func (s *signature) scope() string {
	return s.day + "/" + s.region + "/s3/" + terminator
}

// parseSignature reads a signature wherever it is, and holds it against now.
// It looks at nothing but the request.
func parseSignature(r *http.Request, query url.Values, now time.Time) (*signature, error) {
	if r.Header.Get("Authorization") != "" {
		return parseAuthorization(r, now)
	}
	if query.Has("X-Amz-Credential") {
		return parsePresigned(query, now)
	}
	return nil, errNoAuthorization
}

func parseAuthorization(r *http.Request, now time.Time) (*signature, error) {
	s := &signature{payload: r.Header.Get("X-Amz-Content-Sha256")}
	if s.payload == "" {
		return nil, errNoContentHash
	}
	source := "x-amz-date"
	if s.date = r.Header.Get("X-Amz-Date"); s.date == "" {
		source, s.date = "date", r.Header.Get("Date")
	}
	if s.date == "" {
		return nil, errNoDate
	}
	at, err := parseDate(s.date, fmt.Sprintf("'%s' header", source))
	if err != nil {
		return nil, err
	}
	if now.Sub(at).Abs() > maxSkew {
		return nil, errSkewed
	}
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), algorithm+" ")
	if !ok {
		return nil, errAlgorithm
	}
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			fields[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	s.provided = fields["Signature"]
	if fields["Credential"] == "" || fields["SignedHeaders"] == "" || s.provided == "" {
		return nil, errAlgorithm
	}
	if err := s.parseCredential(fields["Credential"]); err != nil {
		return nil, err
	}
	return s, s.parseSignedHeaders(fields["SignedHeaders"])
}

// presignedParams are what a presigned URL has besides its credential.
var presignedParams = []string{"X-Amz-Algorithm", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"}

func parsePresigned(query url.Values, now time.Time) (*signature, error) {
	var missing []string
	for _, name := range presignedParams {
		if !query.Has(name) {
			missing = append(missing, name)
		}
	}
	switch {
	case len(missing) == 1:
		return nil, invalidArgument("Required search parameter %s missing", missing[0])
	case len(missing) > 1:
		return nil, invalidArgument("Required search parameters %s missing", strings.Join(missing, ",  "))
	case query.Get("X-Amz-Algorithm") != algorithm:
		return nil, errAlgorithm
	}
	s := &signature{presigned: true, payload: unsignedPayload, date: query.Get("X-Amz-Date"), provided: query.Get("X-Amz-Signature")}
	if hash := query.Get("X-Amz-Content-Sha256"); hash != "" {
		s.payload = hash
	}
	at, err := parseDate(s.date, "X-Amz-Date")
	if err != nil {
		return nil, err
	}
	if err := s.parseCredential(query.Get("X-Amz-Credential")); err != nil {
		return nil, err
	}
	if err := checkExpiry(query.Get("X-Amz-Expires"), at, now); err != nil {
		return nil, err
	}
	return s, s.parseSignedHeaders(query.Get("X-Amz-SignedHeaders"))
}

func checkExpiry(text string, at, now time.Time) error {
	seconds, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil || seconds != seconds:
		return errExpiresNumber
	case seconds > maxExpires:
		return errExpiresLong
	case seconds < 1 || now.After(at.Add(time.Duration(seconds*float64(time.Second)))):
		return errExpired
	case at.Sub(now) > maxSkew:
		return errSkewed // not valid yet
	}
	return nil
}

func parseDate(text, source string) (time.Time, error) {
	at, err := time.Parse(amzTime, text)
	if err != nil || len(text) != len(amzTime) {
		return at, invalidArgument("Date provided in %s (%s) didn't parse successfully", source, text)
	}
	return at, nil
}

// regions that a credential may name: auto, its two aliases, and the location
// hints. https://developers.cloudflare.com/r2/api/s3/api/#bucket-region
var regions = []string{"auto", "us-east-1", "", "wnam", "enam", "weur", "eeur", "apac", "oc"}

// parseCredential reads <access key id>/<day>/<region>/s3/aws4_request.
func (s *signature) parseCredential(text string) error {
	parts := strings.Split(text, "/")
	n := len(parts)
	if n < 5 {
		return invalidArgument("Credential sigv4 header should have at least 5 slash-separated parts, not %d", n)
	}
	s.accessKey, s.day, s.region = strings.Join(parts[:n-4], "/"), parts[n-4], parts[n-3]
	switch {
	case parts[n-2] != "s3":
		return invalidArgument("Credential service should be s3, not %s", parts[n-2])
	case parts[n-1] != terminator:
		return invalidArgument("Credential termination string should be %s, not %s", terminator, parts[n-1])
	case s.date[:8] != s.day:
		return invalidArgument("Credential signed date %s does not match %s from 'x-amz-date' header", s.day, s.date[:8])
	case !slices.Contains(regions, s.region):
		return failuref(http.StatusBadRequest, "InvalidRegionName",
			"The region name '%s' is not valid. Must be one of: wnam, enam, weur, eeur, apac, oc, auto", s.region)
	}
	return nil
}

func (s *signature) parseSignedHeaders(list string) error {
	s.signedHeaders = strings.Split(strings.ToLower(list), ";")
	if !slices.Contains(s.signedHeaders, "host") {
		return errUnauthorized
	}
	return nil
}

// verify compares the signature with the one that secret makes.
func (s *signature) verify(r *http.Request, query url.Values, secret string) error {
	s.key = signingKey(secret, s.day, s.region)
	var request, toSign string
	path := rawPath(r)
	// The path as it was sent, and as AWS would write it, for clients that sign
	// one form and send another.
	for _, form := range []string{path, canonicalPath(path)} {
		request = s.canonicalRequest(r, form, query)
		toSign = strings.Join([]string{algorithm, s.date, s.scope(), hexSHA256(request)}, "\n")
		if sameSignature(s.provided, s.sign(toSign)) {
			return s.checkSigned(r)
		}
		if form == canonicalPath(path) {
			break
		}
	}
	e := failure(http.StatusForbidden, "SignatureDoesNotMatch", textMismatch)
	e.Details = []Detail{
		{"StringToSign", toSign}, {"StringToSignBytes", fmt.Sprintf("% x", toSign)},
		{"CanonicalRequest", request}, {"CanonicalRequestBytes", fmt.Sprintf("% x", request)},
		{"SignatureProvided", s.provided},
	}
	return e
}

// checkSigned refuses headers that would change what is done and that whoever
// signed did not sign: a presigned PUT must not become a copy.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func (s *signature) checkSigned(r *http.Request) error {
	var loose []string
	for name := range r.Header {
		name = strings.ToLower(name)
		if (strings.HasPrefix(name, "x-amz-") || strings.HasPrefix(name, "cf-")) && !slices.Contains(s.signedHeaders, name) && name != "x-amz-content-sha256" {
			loose = append(loose, name)
		}
	}
	if loose == nil {
		return nil
	}
	slices.Sort(loose)
	e := failure(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed")
	e.Details = []Detail{{"HeadersNotSigned", strings.Join(loose, ", ")}}
	return e
}

func (s *signature) sign(text string) string {
	return hex.EncodeToString(hmacSHA256(s.key, text))
}

func sameSignature(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

func (s *signature) canonicalRequest(r *http.Request, path string, query url.Values) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + path + "\n" + canonicalQuery(query, s.presigned) + "\n")
	for _, name := range s.signedHeaders {
		b.WriteString(name + ":" + headerText(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(s.signedHeaders, ";") + "\n" + s.payload)
	return b.String()
}

// headerText is the value of a header as it is signed: repeated ones joined,
// spaces at the ends gone and those within made one.
func headerText(r *http.Request, name string) string {
	var values []string
	switch name {
	case "host":
		values = []string{r.Host}
	case "content-length":
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	case "transfer-encoding":
		values = r.TransferEncoding
	default:
		values = slices.Clone(r.Header.Values(name))
	}
	for i, v := range values {
		values[i] = strings.Join(strings.FieldsFunc(v, func(c rune) bool { return c == ' ' }), " ")
	}
	return strings.Join(values, ",")
}

// canonicalQuery sorts the parameters by their encoded names, then values.
func canonicalQuery(query url.Values, presigned bool) string {
	var pairs []string
	for name, values := range query {
		if presigned && name == "X-Amz-Signature" {
			continue
		}
		for _, v := range values {
			pairs = append(pairs, awsEncode(name, false)+"\x00"+awsEncode(v, false))
		}
	}
	slices.Sort(pairs) // by name first: an encoded text has nothing below \x00
	return strings.ReplaceAll(strings.Join(pairs, "&"), "\x00", "=")
}

// rawPath is the path as it was sent.
func rawPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // the absolute form of a proxy's client
		path = r.URL.EscapedPath()
	}
	return path
}

func canonicalPath(raw string) string {
	plain, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return awsEncode(plain, true)
}

// awsEncode percent-encodes all but the unreserved characters of RFC 3986.
func awsEncode(s string, slash bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~', slash && c == '/':
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}

func signingKey(secret, day, region string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, "s3", terminator} {
		key = hmacSHA256(key, part)
	}
	return key
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
