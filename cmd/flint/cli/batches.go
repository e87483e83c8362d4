package cli

import (
	"errors"
	"net/http"

	"flint/internal/cferr"
)

// halving sends items. What is refused it sends in halves, so that those before
// the item at fault are done and the fault can be given its place.
func SendHalving[T any](items []T, send func([]T) error) (bad int, err error) {
	err = send(items)
	if err == nil || len(items) == 1 || !IsRefused(err) {
		return 0, err
	}
	half := len(items) / 2
	if bad, err = SendHalving(items[:half], send); err != nil {
		return bad, err
	}
	bad, err = SendHalving(items[half:], send)
	return half + bad, err
}

// refused says that the request was understood and what it asks for is wrong.
func IsRefused(err error) bool {
	var e *cferr.Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusNotFound
}
