package front

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"

	"flint/worker"
)

// The data centre and country that requests seem to come through.
const (
	colo    = "DFW"
	country = "US"
)

// droppedHeaders are the headers of a request that end at a proxy (RFC 9110, 7.6.1)
// and those that only flint or the edge may set.
var droppedHeaders = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect",
	worker.HeaderBinding, worker.HeaderCf, worker.HeaderProto,
}

// edgeHeaders changes the headers that a client sent into those that a Worker sees.
// appendRequest does the same for the fast path.
// https://developers.cloudflare.com/fundamentals/reference/http-headers/
func edgeHeaders(r *http.Request) {
	h := r.Header
	upgrade := ""
	if isUpgrade(h) {
		upgrade = h.Get("Upgrade")
	}
	for _, name := range h.Values("Connection") {
		for field := range strings.SplitSeq(name, ",") {
			h.Del(strings.TrimSpace(field))
		}
	}
	for _, name := range droppedHeaders {
		delete(h, name)
	}
	if upgrade != "" {
		h["Connection"] = []string{"Upgrade"}
		h["Upgrade"] = []string{upgrade}
	}
	client := clientIP(r)
	scheme := "http"
	if r.TLS != nil || r.URL.Scheme == "https" { // the latter for a Worker's fetch() of another Worker
		scheme = "https"
		h[worker.HeaderProto] = []string{scheme}
	}
	encoding := h.Get("Accept-Encoding")
	h["Accept-Encoding"] = []string{workerEncoding}
	h["Cf-Connecting-Ip"] = []string{client}
	h["Cf-Ipcountry"] = []string{country}
	h["Cf-Ray"] = []string{newRay()}
	h["Cf-Visitor"] = []string{`{"scheme":"` + scheme + `"}`}
	h["X-Forwarded-Proto"] = []string{scheme}
	h["X-Real-Ip"] = []string{client}
	if prior := h.Get("X-Forwarded-For"); prior != "" {
		h["X-Forwarded-For"] = []string{prior + "," + client}
	} else {
		h["X-Forwarded-For"] = []string{client}
	}
	h[worker.HeaderCf] = []string{string(appendCf(nil, r.Proto, encoding))}
}

func isUpgrade(h http.Header) bool {
	return h.Get("Upgrade") != "" && strings.Contains(strings.ToLower(h.Get("Connection")), "upgrade")
}

func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "127.0.0.1"
	}
	return host
}

// newRay is a Ray ID: 16 hexadecimal digits and the data centre.
func newRay() string { return string(appendRay(nil)) }

func appendRay(b []byte) []byte {
	b = hex.AppendEncode(b, binary.BigEndian.AppendUint64(nil, rand.Uint64()))
	return append(b, "-"+colo...)
}

// workerEncoding is the Accept-Encoding that every Worker sees.
// https://developers.cloudflare.com/fundamentals/reference/http-headers/#accept-encoding
const workerEncoding = "br, gzip"

// appendCf appends request.cf as JSON. It describes a plausible visitor, the same on
// every machine, with the protocol and Accept-Encoding of the client's request.
// https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
func appendCf(b []byte, proto, encoding string) []byte {
	b = append(b, cfFixed...)
	b = append(b, `"httpProtocol":"`...)
	b = append(b, proto...)
	b = append(b, `","clientAcceptEncoding":`...)
	quoted, _ := json.Marshal(encoding) // a string always marshals
	return append(append(b, quoted...), '}')
}

// cfFixed is the beginning of request.cf, the same for every request.
const cfFixed = `{"asOrganization":"Example Network","asn":64496,"colo":"` + colo + `","city":"Austin","region":"Texas","regionCode":"TX",` +
	`"metroCode":"635","postalCode":"78701","country":"` + country + `","continent":"NA","timezone":"America/Chicago",` +
	`"latitude":"30.27130","longitude":"-97.74260","clientTcpRtt":0,"clientTrustScore":99,` +
	`"botManagement":{"corporateProxy":false,"verifiedBot":false,"jsDetection":{"passed":false},"staticResource":false,"detectionIds":{},"score":99},` +
	`"edgeRequestKeepAliveStatus":1,"requestPriority":"weight=192;exclusive=0",` +
	`"tlsCipher":"AEAD-AES128-GCM-SHA256","tlsVersion":"TLSv1.3",` +
	`"tlsClientAuth":{"certIssuerDNLegacy":"","certIssuerSKI":"","certSubjectDNRFC2253":"","certSubjectDNLegacy":"",` +
	`"certFingerprintSHA256":"","certNotBefore":"","certSKI":"","certSerial":"","certIssuerDN":"","certVerified":"NONE",` +
	`"certNotAfter":"","certSubjectDN":"","certPresented":"0","certRevoked":"0","certIssuerSerial":"","certIssuerDNRFC2253":"",` +
	`"certFingerprintSHA1":""},`
