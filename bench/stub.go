package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"flint/worker"
)

// serveStub is the do-nothing binding: it reads a binding call and answers with a fixed
// text of the size that the service would send.
func serveStub(w http.ResponseWriter, r *http.Request) {
	call := r.Header[worker.HeaderBinding]
	if len(call) != 1 {
		http.Error(w, "no binding", http.StatusBadRequest)
		return
	}
	service, _, _ := strings.Cut(call[0], "/")
	switch service {
	case "kv":
		stubKV(w, r)
	case "d1":
		stubD1(w, r)
	case "r2":
		stubR2(w, r)
	case "queues":
		_, _ = io.Copy(io.Discard, r.Body) // cannot fail in a way that matters: workerd is on this machine
		writeAnswer(w, jsonType, stubQueueSent)
	default:
		http.Error(w, "the bench does not stand in for "+service, http.StatusNotImplemented)
	}
}

var (
	jsonType      = []string{"application/json"}
	stubQueueSent = []byte(`{"metadata":{"metrics":{"backlogCount":1,"backlogBytes":10,"oldestMessageTimestamp":1790000000000}}}`)
	stubList      = stubKeys(100)
	stubR2Objects = map[string][]byte{} // R2's responses to get, by key
)

func init() {
	for key, size := range map[string]int{"object-1k": 1 << 10, "object-1m": 1 << 20} {
		stubR2Objects[key] = append(stubObject(key, size), bytes.Repeat([]byte("x"), size)...)
	}
}

func writeAnswer(w http.ResponseWriter, contentType []string, body []byte) {
	h := w.Header()
	h["Content-Type"], h["Date"] = contentType, nil
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	_, _ = w.Write(body) // fails only when workerd has disconnected
}

func stubKV(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	switch {
	case r.Method != http.MethodGet:
		writeAnswer(w, nil, nil)
	case r.URL.Path == "/":
		writeAnswer(w, jsonType, stubList)
	default:
		writeAnswer(w, nil, []byte("value"))
	}
}

func stubKeys(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"keys":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"name":"list-%03d"}`, i)
	}
	b.WriteString(`],"list_complete":false,"cursor":"AAAAAAAAAAAAAAAAAAAAAAAA","cacheStatus":null}`)
	return b.Bytes()
}

// D1's meta of a read and of a write. TestStubAnswersAsD1 compares them with the
// service.
const (
	stubRead    = `"meta":{"served_by":"flint.db","served_by_primary":true,"total_attempts":1,"timings":{"sql_duration_ms":0.015},"duration":0.015,"changes":0,"last_row_id":10000,"changed_db":false,"size_after":36864,"rows_read":1,"rows_written":0}}`
	stubWritten = `"meta":{"served_by":"flint.db","served_by_primary":true,"total_attempts":1,"timings":{"sql_duration_ms":0.005},"duration":0.005,"changes":1,"last_row_id":10000,"changed_db":true,"size_after":36864,"rows_read":0,"rows_written":1}}`
)

// d1Answers are D1's responses in one format of rows.
type d1Answers struct{ one, hundred, ten []byte }

var (
	stubD1Execute = []byte(`[{"success":true,"results":[],` + stubWritten + `]`)
	stubD1Rows    = d1Answers{stubSelect(1, rowsText), stubSelect(100, rowsText), stubBatch(`{"columns":[],"rows":[]}`)}
	stubD1Objects = d1Answers{stubSelect(1, objectsText), stubSelect(100, objectsText), stubBatch("[]")}
)

// rowsText returns n rows in the format of workerd's own D1 binding.
func rowsText(n int) string {
	return `{"columns":["id","name","score"],"rows":[` + joinRows(n, `[%d,"name %d",%g]`) + "]}"
}

// objectsText returns n rows in the format of flint's D1 binding.
func objectsText(n int) string {
	return "[" + joinRows(n, `{"id":%d,"name":"name %d","score":%g}`) + "]"
}

func joinRows(n int, row string) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf(row, i+1, i+1, float64(i+1)*1.5)
	}
	return strings.Join(rows, ",")
}

func stubSelect(n int, rows func(n int) string) []byte {
	return []byte(`[{"success":true,"results":` + rows(n) + "," + stubRead + "]")
}

func stubBatch(rows string) []byte {
	one := `{"success":true,"results":` + rows + "," + stubWritten
	return []byte("[" + strings.Repeat(one+",", 9) + one + "]")
}

// stubD1 distinguishes the bench's statements by their text.
func stubD1(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	answers := &stubD1Objects
	if strings.HasSuffix(r.URL.RawQuery, "ROWS_AND_COLUMNS") {
		answers = &stubD1Rows
	}
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case bytes.Contains(body, []byte("LIMIT 100")):
		writeAnswer(w, jsonType, answers.hundred)
	case bytes.Contains(body, []byte("SELECT")):
		writeAnswer(w, jsonType, answers.one)
	case bytes.Count(body, []byte("INSERT")) > 1:
		writeAnswer(w, jsonType, answers.ten)
	default:
		writeAnswer(w, jsonType, stubD1Execute)
	}
}

const metadataSize = "Cf-R2-Metadata-Size"

func stubObject(key string, size int) []byte {
	return fmt.Appendf(nil, `{"name":%q,"version":"7e5f0c4f6b1d4f0e9a3c2d1b0a998877","size":%d,"etag":"7265f4d211b56873a381d321f586e4a9",`+
		`"uploaded":1790000000000,"storageClass":"Standard","httpFields":{},"customFields":[],"range":{"offset":0,"length":%d},`+
		`"checksums":{"0":"7265f4d211b56873a381d321f586e4a9"}}`, key, size, size)
}

func stubR2(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		_, _ = io.Copy(io.Discard, r.Body)
		object := stubObject("put", 1<<10)
		w.Header()[metadataSize] = []string{strconv.Itoa(len(object))}
		writeAnswer(w, jsonType, object)
		return
	}
	for key, body := range stubR2Objects {
		if strings.Contains(r.Header.Get("Cf-R2-Request"), `"`+key+`"`) {
			w.Header()[metadataSize] = []string{strconv.Itoa(bytes.IndexByte(body, 'x'))}
			writeAnswer(w, jsonType, body)
			return
		}
	}
	http.Error(w, "the bench has no such object", http.StatusNotFound)
}
