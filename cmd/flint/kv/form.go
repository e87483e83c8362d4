package kv

import (
	"io"
	"mime/multipart"
)

// kvForm is the multipart body of a value with metadata, made while it is read.
func kvForm(value io.Reader, metadata string) (io.ReadCloser, string) {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() {
		part, err := form.CreateFormField("value")
		if err == nil {
			_, err = io.Copy(part, value)
		}
		if err == nil {
			err = form.WriteField("metadata", metadata)
		}
		if err == nil {
			err = form.Close()
		}
		w.CloseWithError(err) // ends the reader, with the error if there is one
	}()
	return r, form.FormDataContentType()
}
