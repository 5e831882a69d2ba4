package signalwiretest

import (
	"net/http/httptest"

	"example.com/signalwire"
)

// TB is what a [Server] needs of a test. Every testing.TB is one; the testing
// package stays out of programs that only use a [Handler].
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Server is a [Handler] that is served on a loopback address for one test.
type Server struct {
	*Handler
	URL string // the base URL, which ends in [BasePath]
	t   TB
}

// NewServer serves a [Handler] until the test ends. The test fails if a
// request or an answer breaks the contract.
func NewServer(t TB) *Server {
	t.Helper()
	handler := newHandler(func(violation error) { t.Errorf("%v", violation) })
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &Server{Handler: handler, URL: server.URL + BasePath, t: t}
}

// Client returns a client that sends to the server with the right credentials.
// Options come behind those that lead it there.
func (s *Server) Client(opts ...signalwire.ClientOption) *signalwire.ClientWithResponses {
	s.t.Helper()
	opts = append([]signalwire.ClientOption{signalwire.WithBaseURL(s.URL)}, opts...)
	client, err := signalwire.New("example", ProjectID, APIToken, opts...)
	if err != nil {
		s.t.Fatalf("signalwiretest: %v", err)
	}
	return client
}
