package wiretest

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// A Sender sends in memory. It is a caller's own HTTP client as well as a
// transport of an http.Client.
type Sender func(*http.Request) (*http.Response, error)

// Do makes a Sender an HTTP client.
func (s Sender) Do(r *http.Request) (*http.Response, error) { return s(r) }

// RoundTrip makes a Sender a transport.
func (s Sender) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// Returns responds with a body.
func Returns(status int, body string, header ...string) Sender {
	return func(r *http.Request) (*http.Response, error) { return Response(r, status, body, header...), nil }
}

// Says responds in the API's shape, or with 204.
func Says(status int, header ...string) Sender {
	if status == http.StatusNoContent {
		return Returns(status, "", header...)
	}
	return Returns(status, ErrorBody(status), header...)
}

// Fails returns an error.
func Fails(err error) Sender {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// Hangs ends when the request's context does.
func Hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// HangsInBody responds, and the body ends when the request's context does.
func HangsInBody(status int) Sender {
	return func(r *http.Request) (*http.Response, error) {
		response := Response(r, status, "")
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"code":`), UntilDone(r.Context())))
		return response, nil
	}
}

// Slowly sends after a delay.
func Slowly(delay time.Duration, send Sender) Sender {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(delay):
			return send(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}
