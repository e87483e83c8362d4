package redis

import (
	"context"
	"net"

	"github.com/alicebob/miniredis/v2"

	"flint/internal/clock"
)

// Embedded is the driver that keeps namespaces in a Redis inside this process.
// It is gone when the process ends.
const Embedded = "redis://embedded"

// embedded is a Redis in this process, without a port, on flint's clock.
type embedded struct {
	server *miniredis.Miniredis
	clock  clock.Clock
}

func startEmbedded(c clock.Clock) *embedded {
	e := &embedded{miniredis.NewMiniRedis(), c}
	e.setClock()
	e.server.ClockTTL(true)
	return e
}

func (e *embedded) dial(context.Context, string, string) (net.Conn, error) { return e.server.Dial() }

// setClock sets the server's clock to flint's.
func (e *embedded) setClock() { e.server.SetTime(e.clock.Now()) }

func (e *embedded) close() { e.server.Close() }
