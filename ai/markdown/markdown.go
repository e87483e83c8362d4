package markdown

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"flint/ai/inference"
)

// format is a kind of file that toMarkdown reads.
type format struct {
	MimeType  string `json:"mimeType"`
	Extension string `json:"extension"`
	convert   func([]byte) (string, error)
}

// Formats are those that need nothing but the file itself. Cloudflare's
// also reads PDF, office files and images, for which it runs models.
// https://developers.cloudflare.com/workers-ai/features/markdown-conversion/
var Formats = []format{
	{"text/html", ".html", htmlToMarkdown},
	{"text/html", ".htm", htmlToMarkdown},
	{"application/xhtml+xml", ".xhtml", htmlToMarkdown},
	{"text/csv", ".csv", csvToMarkdown},
	{"application/json", ".json", jsonToMarkdown},
	{"text/plain", ".txt", textToMarkdown},
	{"text/markdown", ".md", textToMarkdown},
}

// result is one converted file, or why it was not.
type result struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	MimeType string `json:"mimeType"`
	Format   string `json:"format"` // markdown or error
	Tokens   *int   `json:"tokens,omitempty"`
	Data     string `json:"data,omitempty"`
	Error    string `json:"error,omitempty"`
}

// File is a file that is to become Markdown.
type File struct {
	Name     string `json:"name"`
	MimeType string `json:"mimeType"`
	Data     string `json:"data"` // base64
}

// Convert converts files. One that cannot be converted has an error in its result.
func Convert(files []File) []result {
	out := make([]result, len(files))
	for i, f := range files {
		r := &out[i]
		r.ID, r.Name, r.MimeType, r.Format = inference.StableUUID("file "+f.Name+f.Data), f.Name, f.MimeType, "error"
		data, err := base64.StdEncoding.DecodeString(f.Data)
		if err != nil {
			r.Error = "the file is not base64"
			continue
		}
		text, err := ConvertFile(f.Name, f.MimeType, data)
		if err != nil {
			r.Error = err.Error()
			continue
		}
		tokens := inference.CountTokens(text)
		r.Format, r.Data, r.Tokens = "markdown", text, &tokens
	}
	return out
}

// ConvertFile is the Markdown of one file. An empty mimeType follows from the
// name. The error says what flint does not convert.
func ConvertFile(name, mimeType string, data []byte) (string, error) {
	kind, _, err := mime.ParseMediaType(mimeType)
	if err != nil {
		kind = mimeType
	}
	ext := strings.ToLower(filepath.Ext(name))
	known := kind != "" && kind != "application/octet-stream"
	for _, f := range Formats {
		if known && f.MimeType == kind || !known && f.Extension == ext {
			if len(data) > inference.MaxMarkdownBytes {
				return "", fmt.Errorf("%s has %d bytes; flint converts at most %d", name, len(data), inference.MaxMarkdownBytes)
			}
			if !utf8.Valid(data) {
				return "", fmt.Errorf("%s is not UTF-8", name)
			}
			return f.convert(data)
		}
	}
	return "", fmt.Errorf("flint does not convert %s (%s) to Markdown yet; it converts text, HTML, CSV and JSON", name, strings.TrimSpace(kind+" "+ext))
}

func textToMarkdown(data []byte) (string, error) { return string(data), nil }

// jsonToMarkdown keeps the JSON in a block that Markdown leaves alone; indented,
// unless its nesting would make far more of that than there is JSON.
func jsonToMarkdown(data []byte) (string, error) {
	data = bytes.TrimSpace(data)
	if !json.Valid(data) {
		var v any
		return "", fmt.Errorf("the file is not JSON: %w", json.Unmarshal(data, &v))
	}
	var b bytes.Buffer
	if indentation(data) > inference.MaxMarkdownBytes {
		b.Write(data)
	} else if err := json.Indent(&b, data, "", "  "); err != nil {
		return "", err
	}
	return "```json\n" + b.String() + "\n```", nil
}

// indentation is about how many bytes indented JSON has beside its values.
func indentation(data []byte) int {
	total, depth, quoted := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			total += 1 + 2*depth
		case c == '}' || c == ']':
			depth--
			total += 1 + 2*depth
		case c == ',':
			total += 1 + 2*depth
		}
	}
	return total
}

// csvToMarkdown makes a table; the first line is its head.
func csvToMarkdown(data []byte) (string, error) {
	rows, columns, err := readCSV(data)
	if err != nil {
		return "", err
	}
	if columns > inference.MaxColumns {
		return "", fmt.Errorf("the file has %d columns; the most is %d", columns, inference.MaxColumns)
	}
	if cells := len(rows) * columns; cells > inference.MaxCells {
		return "", fmt.Errorf("the file makes a table of %d cells (%d lines, the longest with %d); the most is %d", cells, len(rows), columns, inference.MaxCells)
	}
	var b strings.Builder
	for i, row := range rows {
		tableRow(&b, row, columns)
		if i == 0 {
			b.WriteString("|" + strings.Repeat(" --- |", columns) + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func readCSV(data []byte) (rows [][]string, columns int, err error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, columns, nil
		}
		if err != nil {
			return nil, 0, fmt.Errorf("the file is not CSV: %w", err)
		}
		if len(rows) > inference.MaxCells {
			return nil, 0, fmt.Errorf("the file has more than %d lines", inference.MaxCells)
		}
		rows, columns = append(rows, row), max(columns, len(row))
	}
}

var escapeCell = strings.NewReplacer("|", `\|`, "\r\n", "<br>", "\n", "<br>")

func tableRow(b *strings.Builder, row []string, columns int) {
	b.WriteString("|")
	for i := range columns {
		cell := ""
		if i < len(row) {
			cell = escapeCell.Replace(row[i])
		}
		b.WriteString(" " + cell + " |")
	}
	b.WriteString("\n")
}
