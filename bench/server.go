package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
)

// A protocol is one that is measured on loopback.
type protocol string

const (
	plain protocol = "http1"
	over1 protocol = "http1-tls"
	over2 protocol = "http2-tls"
)

var protocols = []protocol{plain, over1, over2}

// A server responds on loopback, and counts the connections opened to it.
type server struct {
	*httptest.Server
	connections atomic.Int64
}

func newServer(speaks protocol, handler http.Handler) *server {
	s := &server{Server: httptest.NewUnstartedServer(handler)}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	switch speaks {
	case plain:
		s.Start()
	default:
		s.EnableHTTP2 = speaks == over2
		s.StartTLS()
	}
	return s
}

// connect returns a client that sends to the server with its own transport, as
// it comes but for the certificate that it trusts, and what closes its idle
// connections.
func (s *server) connect(c client) (remove, func()) {
	transport := c.transport()
	if certificate := s.Certificate(); certificate != nil {
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = &tls.Config{}
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AddCert(certificate)
	}
	return c.connect(s.URL, transport), transport.CloseIdleConnections
}

// inMemory is a round tripper that responds at once.
type inMemory func(*http.Request) *http.Response

func (respond inMemory) RoundTrip(request *http.Request) (*http.Response, error) {
	return respond(request), nil
}

func removed(request *http.Request) *http.Response {
	return &http.Response{
		Status: "204 No Content", StatusCode: http.StatusNoContent,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: request,
	}
}

// inParallel makes calls from a number of callers.
func inParallel(callers, calls int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(calls); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	group.Wait()
}
