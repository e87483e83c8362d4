package s3api

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>`
	xmlns     = "http://s3.amazonaws.com/doc/2006-03-01/"
	// xmlTime is how S3 writes a time in XML.
	xmlTime = "2006-01-02T15:04:05.000Z"
)

func xmlDate(t time.Time) string { return t.UTC().Format(xmlTime) }

// writeXML answers a document. Each document's type names its root and has a
// field for the namespace.
func writeXML(w http.ResponseWriter, doc any) error {
	var b bytes.Buffer
	b.WriteString(xmlHeader)
	if err := xml.NewEncoder(&b).Encode(doc); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(b.Bytes()) // the client is gone: nobody is left to tell
	return nil
}

// readXML reads a whole body as one document.
func readXML(body io.Reader, doc any) error {
	data, err := io.ReadAll(io.LimitReader(body, maxXML+1))
	if err != nil {
		return err
	}
	if len(data) > maxXML {
		return errRequestTooLarge
	}
	return parseXML(data, doc)
}

// parseXML takes exactly one root element: encoding/xml alone would overlook
// what follows it.
func parseXML(data []byte, doc any) error {
	d := xml.NewDecoder(bytes.NewReader(data))
	if d.Decode(doc) != nil {
		return errMalformedXML
	}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errMalformedXML
		}
		switch t := t.(type) {
		case xml.Comment, xml.ProcInst:
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return errMalformedXML
			}
		default:
			return errMalformedXML
		}
	}
}
