package signalwiretest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"sync"
	"syscall"
)

// A network is where a [Server] listens. It can listen again after its listener
// was closed, at the same address.
type network interface {
	listen() (net.Listener, error)
	// reach makes a transport dial there.
	reach(*http.Transport)
}

// loopback listens on a port that the system chooses.
type loopback struct{ address string }

func (l *loopback) listen() (net.Listener, error) {
	if inBubble() {
		return nil, errors.New("a server on a loopback address hangs in a bubble of testing/synctest; use NewServer(t, signalwiretest.InMemory())")
	}
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", cmp.Or(l.address, "127.0.0.1:0"))
	if err == nil {
		l.address = listener.Addr().String()
	}
	return listener, err
}

func (l *loopback) reach(*http.Transport) {}

// inBubble reports whether the goroutine is in a bubble of testing/synctest.
func inBubble() bool {
	stack := make([]byte, 200)
	header, _, _ := bytes.Cut(stack[:runtime.Stack(stack, false)], []byte("\n"))
	return bytes.Contains(header, []byte("synctest bubble"))
}

// memory connects with pipes.
type memory struct {
	mu       sync.Mutex
	listener *pipeListener
}

func (m *memory) listen() (net.Listener, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listener = &pipeListener{connections: make(chan net.Conn), closed: make(chan struct{})}
	return m.listener, nil
}

func (m *memory) reach(transport *http.Transport) {
	transport.Proxy = nil
	transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		m.mu.Lock()
		listener := m.listener
		m.mu.Unlock()
		return listener.dial(ctx)
	}
}

type pipeListener struct {
	connections chan net.Conn
	closing     sync.Once
	closed      chan struct{}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-l.closed:
		return nil, &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return nil
}

// Addr returns a loopback address, so that clients may send without TLS. Nobody
// listens there.
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
