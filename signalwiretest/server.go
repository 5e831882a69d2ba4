package signalwiretest

import (
	"fmt"
	"net/http/httptest"
	"sync"

	"example.com/signalwire"
)

// TB is what a [Server] needs of a test. Every testing.TB is one. It keeps package
// testing out of programs that use a [Handler] alone.
type TB interface {
	Name() string
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Server is a [Handler] that is served on a loopback address for one test. It
// is safe for concurrent use.
type Server struct {
	*Handler
	URL string // the base URL, which ends in [BasePath]
}

// NewServer serves a [Handler] until the test ends. A violation fails the test,
// unless [Handler.OnViolation] is set. The Handler's name is the test's name;
// a further server of the same test has a number added to it.
func NewServer(t TB) *Server {
	t.Helper()
	name, release := takeName(t.Name())
	handler := newHandler(t, name)
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		close(handler.closed)
		handler.WaitForCallbacks()
		server.Close()
		release()
	})
	return &Server{Handler: handler, URL: server.URL + BasePath}
}

// Client returns a client made by [signalwire.New] that sends to the server
// with the right credentials, whose account is [Handler.Account]. The options are
// applied last.
func (s *Server) Client(opts ...signalwire.ClientOption) *signalwire.ClientWithResponses {
	s.t.Helper()
	opts = append([]signalwire.ClientOption{
		signalwire.WithBaseURL(s.URL),
		signalwire.WithRequestEditorFn(s.callers.note),
	}, opts...)
	client, err := signalwire.New("example", s.ProjectID(), s.APIToken(), opts...)
	if err != nil {
		s.t.Fatalf("signalwiretest: %v", err)
	}
	return client
}

// names holds the names of the servers that are running. No two of them have the
// same credentials, and a test that runs again gets the same ones.
var names struct {
	mu    sync.Mutex
	taken map[string]bool
}

// takeName returns a name that no server has until release is called.
func takeName(test string) (name string, release func()) {
	names.mu.Lock()
	defer names.mu.Unlock()
	if names.taken == nil {
		names.taken = make(map[string]bool)
	}
	name = test
	for n := 2; names.taken[name]; n++ {
		name = fmt.Sprint(test, " ", n)
	}
	names.taken[name] = true
	return name, func() {
		names.mu.Lock()
		defer names.mu.Unlock()
		delete(names.taken, name)
	}
}
