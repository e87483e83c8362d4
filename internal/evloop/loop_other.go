//go:build !linux

package evloop

import (
	"net"
	"os"
)

// Loop does not exist on this system: New fails.
type Loop struct{}

// Conn is a connection of a Loop.
type Conn struct{}

// New fails with ErrUnsupported.
func New() (*Loop, error) { return nil, ErrUnsupported }

// Close does nothing.
func (l *Loop) Close() {}

// Do does nothing.
func (l *Loop) Do(func()) bool { return false }

// Go runs f on a goroutine of its own.
func (l *Loop) Go(f func()) { go f() }

// Attach fails with ErrUnsupported.
func (l *Loop) Attach(net.Conn, Handler, func(*Conn)) error { return ErrUnsupported }

// DialUnix fails with ErrUnsupported.
func (l *Loop) DialUnix(string, Handler) (*Conn, error) { return nil, ErrUnsupported }

// Write fails with ErrUnsupported.
func (c *Conn) Write([]byte) (int, error) { return 0, ErrUnsupported }

// WriteWait fails with ErrUnsupported.
func (c *Conn) WriteWait([]byte) (int, error) { return 0, ErrUnsupported }

// SendFile fails with ErrUnsupported.
func (c *Conn) SendFile(*os.File, int64) (int64, error) { return 0, ErrUnsupported }

// Pending is 0.
func (c *Conn) Pending() int { return 0 }

// Pause does nothing.
func (c *Conn) Pause() {}

// Resume does nothing.
func (c *Conn) Resume() {}

// Close does nothing.
func (c *Conn) Close() {}

// Detach fails with ErrUnsupported.
func (c *Conn) Detach() (net.Conn, []byte, error) { return nil, nil, ErrUnsupported }
