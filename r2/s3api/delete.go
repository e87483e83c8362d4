package s3api

import (
	"context"
	"encoding/xml"

	"flint/r2"
)

// deleteRequest is the body of DeleteObjects.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
type deleteRequest struct {
	XMLName xml.Name `xml:"Delete"`
	Objects []struct {
		Key       *string
		VersionID *string `xml:"VersionId"`
		ETag      *string
	} `xml:"Object"`
	Quiet *string
}

type deleteResult struct {
	XMLName xml.Name `xml:"DeleteResult"`
	NS      string   `xml:"xmlns,attr"`
	Deleted []deleted
	Errors  []deleteError `xml:"Error"`
}

type deleted struct{ Key string }

type deleteError struct{ Key, Code, Message string }

// deleteObjects removes up to 1000 objects. As with R2, Quiet is read and the
// list of what was deleted is answered all the same.
func (q *request) deleteObjects(ctx context.Context) error {
	var in deleteRequest
	if err := q.readXML(&in); err != nil {
		return err
	}
	if n := len(in.Objects); n == 0 || n > r2.MaxDeleteKeys || in.Quiet != nil && *in.Quiet != "true" && *in.Quiet != "false" {
		return errMalformedXML
	}
	out := &deleteResult{NS: xmlns}
	var keys []string
	for _, o := range in.Objects {
		switch {
		case o.Key == nil:
			return errMalformedXML
		case o.VersionID != nil && *o.VersionID != "" && *o.VersionID != "null", o.ETag != nil:
			e := notImplemented("VersionId or ETag of an object in DeleteObjects")
			out.Errors = append(out.Errors, deleteError{*o.Key, e.Code, e.Message})
			continue
		case len(*o.Key) > r2.MaxKeySize:
			out.Errors = append(out.Errors, deleteError{*o.Key, "InvalidObjectName", r2.ErrInvalidObjectName.Message})
			continue
		}
		keys = append(keys, *o.Key)
		out.Deleted = append(out.Deleted, deleted{*o.Key})
	}
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.Delete(ctx, keys...); err != nil {
		return err
	}
	return writeXML(q, out)
}

// readXML reads the body as one document, held against what was promised of it.
func (q *request) readXML(doc any) error {
	p, err := newPayload(q.r, q.sig)
	if err != nil {
		return err
	}
	if p.size > maxXML {
		return errRequestTooLarge
	}
	return readXML(p, doc)
}
