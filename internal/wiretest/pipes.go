package wiretest

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"example.com/signalwire"
)

// Pipes is a network in memory, so that http.Transport runs in virtual time. Its
// connections do what the steps say, one after the other: a step is what the
// server writes after it has read a request, or one of the words below. The
// last one is repeated.
type Pipes struct {
	Steps    []string
	mu       sync.Mutex
	Dialled  int
	Requests int
}

// Steps that are no responses.
const (
	Refused     = "refused"                              // nobody listens
	NoDial      = "no dial"                              // dialling takes for ever
	Silent      = "silent"                               // no response comes
	Cut         = "cut"                                  // the connection ends without a response
	CutInHeader = "HTTP/1.1 204 No Content\r\nDate: Mon" // the connection ends in a header
)

// Dial is for http.Transport.
func (p *Pipes) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	step := p.Steps[min(p.Dialled, len(p.Steps)-1)]
	p.Dialled++
	p.mu.Unlock()
	switch step {
	case Refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case NoDial:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		reader := bufio.NewReader(server)
		for n := 0; ; n++ {
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			p.mu.Lock()
			p.Requests++
			p.mu.Unlock()
			switch {
			case step == Silent:
				_, _ = io.Copy(io.Discard, reader)
				return
			case step == Cut, n > 0:
				return
			}
			_, _ = io.WriteString(server, step)
			if !strings.HasPrefix(step, NoContent) {
				return
			}
		}
	}()
	return client, nil
}

// Transport returns a transport that dials here.
func (p *Pipes) Transport(t testing.TB) *http.Transport {
	t.Helper()
	transport := signalwire.NewTransport()
	transport.Proxy, transport.DialContext = nil, p.Dial
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
