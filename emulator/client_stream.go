package emulator

import (
	"context"
	"io"
	"net/http"
)

// Stream posts a body of any size and returns the answer, which begins while
// the body is sent. The caller closes it.
func (c *Client) Stream(ctx context.Context, path string, body io.Reader) (io.ReadCloser, error) {
	res, err := c.Do(ctx, http.MethodPost, path, io.NopCloser(body), http.Header{"Content-Type": {"application/octet-stream"}})
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
