// Package wiretest holds what the tests of several files and packages send
// through and send to: in memory, over loopback, and as misbehaved as it takes.
package wiretest

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Server plays a script on each connection that it gets over loopback.
// The end of the test closes what is open and waits for the scripts.
type Server struct {
	Address               string
	Connections, Requests atomic.Int64
	Requested             chan struct{} // closed by the first request
	Settled               atomic.Int64  // HTTP/2 connections whose client has acknowledged the settings
	Received              Buffer        // without what came over TLS

	listener net.Listener
	scripts  sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
	closed   bool
}

// NewServer starts a Server.
func NewServer(t testing.TB, script Script) *Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &Server{
		Address: listener.Addr().String(), Requested: make(chan struct{}),
		listener: listener, open: map[net.Conn]bool{},
	}
	s.scripts.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil || !s.keep(conn) {
				return
			}
			c := &Conn{
				Conn: conn, Number: s.Connections.Add(1), server: s,
				Reader: bufio.NewReader(io.TeeReader(conn, &s.Received)),
			}
			s.scripts.Go(func() {
				defer s.drop(conn)
				script(c)
			})
		}
	})
	t.Cleanup(s.Close)
	return s
}

// RefusingAddress returns an address that stays taken, and that nobody listens
// on, until the test is over: the near end of a connection.
func RefusingAddress(t testing.TB) string {
	t.Helper()
	server := NewServer(t, (*Conn).Hold)
	conn, err := net.Dial("tcp", server.Address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

// Open returns the number of connections that are open.
func (s *Server) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// Close closes what is open and waits for the scripts.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.open {
		conn.Close()
	}
	s.mu.Unlock()
	s.scripts.Wait()
}

func (s *Server) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return false
	}
	s.open[conn] = true
	return true
}

func (s *Server) drop(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	conn.Close()
}

func (s *Server) countRequest() {
	if s.Requests.Add(1) == 1 {
		close(s.Requested)
	}
}
