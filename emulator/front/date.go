package front

import (
	"net/http"
	"sync"
	"time"
)

// dateCache formats the value of the Date header once a second.
type dateCache struct {
	mu     sync.Mutex
	second int64
	text   []byte
}

func (d *dateCache) append(b []byte, now time.Time) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if u := now.Unix(); u != d.second {
		d.second, d.text = u, now.UTC().AppendFormat(d.text[:0], http.TimeFormat)
	}
	return append(b, d.text...)
}
