package signalwiretest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
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

// Server is a [Handler] that is served for one test. It is safe for concurrent
// use.
type Server struct {
	*Handler
	// URL is the base URL, which ends in [BasePath]. It stays the same when the
	// server is stopped and started again.
	URL string

	network     network
	tls, http2  bool
	certificate *x509.Certificate // nil without TLS

	mu   sync.Mutex
	http *httptest.Server // nil while it is stopped
}

// A ServerOption changes how [NewServer] serves.
type ServerOption func(*Server)

// InMemory makes a server listen in memory instead of on a loopback address, so
// that it works in a bubble of testing/synctest. Only [Server.Client] and
// [Server.Transport] reach it.
func InMemory() ServerOption { return func(s *Server) { s.network = &memory{} } }

// TLS makes a server speak TLS, with a certificate that [Server.Client] and
// [Server.Transport] trust.
func TLS() ServerOption { return func(s *Server) { s.tls = true } }

// HTTP2 makes a server speak HTTP/2 over TLS, and HTTP/1.1 to clients that do not.
func HTTP2() ServerOption { return func(s *Server) { s.tls, s.http2 = true, true } }

// NewServer serves a [Handler] until the test ends, on a loopback address and
// without TLS unless the options say otherwise. A violation fails the test, unless
// [Handler.OnViolation] is set, and so does a scripted response that was not used.
// The Handler's name is the test's name; a further server of the same test has a
// number added to it.
func NewServer(t TB, options ...ServerOption) *Server {
	t.Helper()
	name, release := takeName(t.Name())
	s := &Server{Handler: newHandler(t, name), network: &loopback{}}
	for _, option := range options {
		option(s)
	}
	t.Cleanup(func() {
		t.Helper()
		s.reportUnused()
		s.Close()
		release()
	})
	s.Start()
	if s.http != nil {
		s.URL, s.certificate = s.http.URL+BasePath, s.http.Certificate()
	}
	return s
}

// Start makes a server that was stopped serve again, at the same URL.
func (s *Server) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return
	}
	listener, err := s.network.listen()
	if err != nil {
		s.t.Fatalf("signalwiretest: Start: %v", err)
		return
	}
	s.http = &httptest.Server{Listener: listener, EnableHTTP2: s.http2, Config: &http.Server{
		Handler:  s.Handler,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // Handshakes that are cut are no news.
	}}
	if s.tls {
		// A ticket would be written before the client reads, which takes for ever
		// in memory.
		s.http.TLS = &tls.Config{SessionTicketsDisabled: true}
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
}

// Stop makes a server refuse connections, and cuts those that it has. What it knows
// stays. Requests that hang or wait end.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http == nil {
		return
	}
	_ = s.http.Listener.Close()
	s.http.CloseClientConnections()
	s.http.Close()
	s.http = nil
}

// Close stops the server for good, and closes its [Handler]. The end of the test
// does this, too.
func (s *Server) Close() {
	s.Handler.Close()
	s.Stop()
}

// Client returns a client made by [signalwire.New] that sends to the server with
// the right credentials, whose account is that of the first project. The options
// are applied last. One that replaces the HTTP client needs [Server.Transport] for
// a server in memory or with TLS:
//
//	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: srv.Transport()}, MaxAttempts: 1}
//	client := srv.Client(signalwire.WithHTTPClient(doer))
func (s *Server) Client(opts ...signalwire.ClientOption) *signalwire.ClientWithResponses {
	s.t.Helper()
	return s.ClientOf(s.Project, opts...)
}

// ClientOf is [Server.Client] with the credentials of another project.
func (s *Server) ClientOf(project *Project, opts ...signalwire.ClientOption) *signalwire.ClientWithResponses {
	s.t.Helper()
	opts = append([]signalwire.ClientOption{
		signalwire.WithBaseURL(s.URL),
		signalwire.WithHTTPClient(&http.Client{Transport: s.Transport()}),
		signalwire.WithRequestEditorFn(s.callers.note),
	}, opts...)
	client, err := signalwire.New("example", project.ProjectID(), project.APIToken(), opts...)
	if err != nil {
		s.t.Fatalf("signalwiretest: %v", err)
	}
	return client
}

// Transport returns a transport that reaches the server and trusts it. It is one
// of [signalwire.NewTransport] otherwise.
func (s *Server) Transport() *http.Transport {
	transport := signalwire.NewTransport()
	s.network.reach(transport)
	if s.certificate != nil {
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AddCert(s.certificate)
	}
	return transport
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
