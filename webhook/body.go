package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
)

const maxBody = 1 << 20

var errBodyTooLong = errors.New("the body is longer than 1 MiB")

// readBody returns the request's body, which can be read again.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	case len(body) > maxBody:
		return nil, errBodyTooLong
	}
	r.Body = unread{bytes.NewReader(body), r.Body}
	return body, nil
}

// unread is a body that was read.
type unread struct {
	io.Reader
	io.Closer
}
