package front

import (
	"strconv"

	"flint/internal/rawhttp"
	"flint/worker"
)

// appendRequest appends the request for workerd: the client's, without the headers
// that only the edge may set, with those that Cloudflare's edge adds. encoding is the
// client's Accept-Encoding. edgeHeaders does the same to an *http.Request.
func appendRequest(b []byte, req *rawhttp.Head, method, target, body []byte, clientIP, encoding string) []byte {
	b = append(b, method...)
	b = append(b, ' ')
	b = append(b, target...)
	b = append(b, " HTTP/1.1\r\n"...)
	var forwarded []byte
	for _, f := range req.Fields {
		switch {
		case rawhttp.Is(f.Name, "X-Forwarded-For"):
			forwarded = f.Value
		case !isEdgeHeader(f.Name):
			b = appendField(b, f.Name, f.Value)
		}
	}
	b = append(b, "Accept-Encoding: "+workerEncoding+"\r\nCF-Connecting-IP: "...)
	b = append(b, clientIP...)
	b = append(b, "\r\nCF-IPCountry: "+country+"\r\nCF-Ray: "...)
	b = appendRay(b)
	b = append(b, "\r\nCF-Visitor: {\"scheme\":\"http\"}\r\nX-Forwarded-Proto: http\r\nX-Real-IP: "...)
	b = append(b, clientIP...)
	b = append(b, "\r\nX-Forwarded-For: "...)
	if forwarded != nil {
		b = append(append(b, forwarded...), ',')
	}
	b = append(b, clientIP...)
	b = append(b, "\r\n"+worker.HeaderCf+": "...)
	b = appendCf(b, "HTTP/1.1", encoding)
	b = append(b, crlf...)
	if req.ContentLength >= 0 {
		b = append(b, "Content-Length: "...)
		b = append(strconv.AppendInt(b, req.ContentLength, 10), crlf...)
	}
	return append(append(b, crlf...), body...)
}

func appendField(b, name, value []byte) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, crlf...)
}

// isEdgeHeader reports whether a header of the client's request is not passed on,
// because only the edge sets it or because it concerns this connection alone.
func isEdgeHeader(name []byte) bool {
	switch name[0] | 0x20 { // most headers begin with none of these letters
	case 'a', 'c', 'k', 'p', 'x':
	default:
		return false
	}
	for _, header := range edgeOnlyHeaders {
		if rawhttp.Is(name, header) {
			return true
		}
	}
	return len(name) > len(flintHeaderPrefix) && rawhttp.Is(name[:len(flintHeaderPrefix)], flintHeaderPrefix)
}

const flintHeaderPrefix = "X-Flint-"

var edgeOnlyHeaders = []string{"Connection", "Keep-Alive", "CF-Ray", "CF-Visitor", "X-Real-IP", "CF-IPCountry", "CF-Connecting-IP",
	"Accept-Encoding", "X-Forwarded-Proto", "Content-Length", "Proxy-Connection", "Proxy-Authorization", "Proxy-Authenticate"}
