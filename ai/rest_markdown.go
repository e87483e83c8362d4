package ai

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"flint/ai/inference"
	"flint/ai/markdown"
	"flint/ai/providers"
	"flint/internal/cferr"
)

// markdown serves env.AI.toMarkdown(): workerd sends the files in base64.
func (b *Binding) markdown(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodGet {
		cferr.WriteResult(w, markdown.Formats, nil)
		return nil
	}
	body, err := providers.ReadBody(w, r)
	if err != nil {
		return err
	}
	var call struct{ Files []markdown.File }
	if json.Unmarshal(body, &call) != nil {
		return inference.Incomplete("files")
	}
	cferr.WriteResult(w, markdown.Convert(call.Files), nil)
	return nil
}

// toMarkdown is POST /ai/tomarkdown: a form with a file or several.
// https://developers.cloudflare.com/api/resources/ai/subresources/to_markdown/
func (a *REST) toMarkdown(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, inference.MaxInputBytes)
	form, err := r.MultipartReader()
	if err != nil {
		a.fail(w, inference.Incomplete("a form (multipart/form-data) with files"))
		return
	}
	var files []markdown.File
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		var data []byte
		if err == nil {
			data, err = io.ReadAll(part)
		}
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			a.fail(w, inference.ErrTooLarge)
			return
		}
		if err != nil {
			a.fail(w, inference.Incomplete("the form cannot be read"))
			return
		}
		files = append(files, markdown.File{Name: part.FileName(), MimeType: part.Header.Get("Content-Type"), Data: base64.StdEncoding.EncodeToString(data)})
	}
	cferr.WriteResult(w, markdown.Convert(files), nil)
}

func (a *REST) markdownSupported(w http.ResponseWriter, _ *http.Request) {
	cferr.WriteResult(w, markdown.Formats, nil)
}
