package front

import (
	"net/http"
	"sync"
	"time"
)

// dates caches the Date header, which changes once a second.
type dates struct {
	mu   sync.Mutex
	unix int64
	text []byte
}

func (d *dates) append(b []byte, now time.Time) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := now.Unix(); u != d.unix {
		d.unix, d.text = u, now.UTC().AppendFormat(d.text[:0], http.TimeFormat)
	}
	return append(b, d.text...)
}
