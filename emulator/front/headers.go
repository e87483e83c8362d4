package front

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"

	"flint/worker"
)

// The place on Cloudflare's network that flint pretends to be.
const (
	colo    = "DFW"
	country = "US"
)

// Headers that end at a proxy (RFC 9110, 7.6.1) and those that only flint or
// the edge may set.
var dropped = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect",
	worker.HeaderBinding, worker.HeaderCf, worker.HeaderProto,
}

// edgeHeaders turns the headers that a client sent into those that a Worker
// sees. https://developers.cloudflare.com/fundamentals/reference/http-headers/
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
	for _, name := range dropped {
		delete(h, name)
	}
	if upgrade != "" {
		h["Connection"] = []string{"Upgrade"}
		h["Upgrade"] = []string{upgrade}
	}
	client := clientIP(r)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	h["Accept-Encoding"] = []string{"gzip, br"}
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
	h[worker.HeaderCf] = cfBlob(r)
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

// newRay is a Ray ID: 16 hexadecimal digits and the place.
func newRay() string { return string(appendRay(nil)) }

func appendRay(b []byte) []byte {
	b = hex.AppendEncode(b, binary.BigEndian.AppendUint64(nil, rand.Uint64()))
	return append(b, "-"+colo...)
}

// cfBlob is request.cf for r. The values name a plausible visitor, the same on
// every machine. https://developers.cloudflare.com/workers/runtime-apis/request/#incomingrequestcfproperties
func cfBlob(r *http.Request) []string {
	if r.ProtoMajor == 1 && r.ProtoMinor == 1 {
		return cfHTTP11
	}
	return []string{cfJSON(r.Proto)}
}

var cfHTTP11 = []string{cfJSON("HTTP/1.1")}

func cfJSON(proto string) string {
	return fmt.Sprintf(`{"asOrganization":"Example Network","asn":64496,"colo":%q,"city":"Austin","region":"Texas","regionCode":"TX",`+
		`"metroCode":"635","postalCode":"78701","country":%q,"continent":"NA","timezone":"America/Chicago",`+
		`"latitude":"30.27130","longitude":"-97.74260","clientTcpRtt":0,"clientAcceptEncoding":"gzip, deflate, br",`+
		`"edgeRequestKeepAliveStatus":1,"httpProtocol":%q,"requestPriority":"weight=192;exclusive=0",`+
		`"tlsCipher":"AEAD-AES128-GCM-SHA256","tlsVersion":"TLSv1.3","isEUCountry":false,`+
		`"tlsClientAuth":{"certIssuerDNLegacy":"","certIssuerSKI":"","certSubjectDNRFC2253":"","certSubjectDNLegacy":"",`+
		`"certFingerprintSHA256":"","certNotBefore":"","certSKI":"","certSerial":"","certIssuerDN":"","certVerified":"NONE",`+
		`"certNotAfter":"","certSubjectDN":"","certPresented":"0","certRevoked":"0","certIssuerSerial":"","certIssuerDNRFC2253":"",`+
		`"certFingerprintSHA1":""}}`, colo, country, proto)
}
