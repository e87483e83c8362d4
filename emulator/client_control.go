package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"flint/emulator/outbound"
)

// MockReport tells how often a mock of outbound fetch() calls answered.
type MockReport = outbound.MockReport

// ErrNotRunning says that a command needs a running flint and found none.
var ErrNotRunning = errors.New("no flint runs on this state directory: start one with flint dev")

// Control asks the control API of the running flint (/_flint/…). The caller
// closes the body. The error is ErrNotRunning when this process opened the
// state itself.
func (c *Client) Control(ctx context.Context, path string) (io.ReadCloser, error) {
	base, _, _ := strings.Cut(c.base, "/client/v4/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("flint does not answer: %w", err)
	}
	if res.StatusCode < 300 {
		return res.Body, nil
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, ErrNotRunning
	}
	return nil, errorOf(res)
}
