//go:build soak

package signalwire_test

import (
	"crypto/tls"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// raceWindow is longer than a caller pauses between calls, and than an idle
// connection lasts.
const raceWindow = 400 * time.Microsecond

// TestRaces has servers that end each idle connection at a random moment around
// the one at which the next request is written, and one request in a hundred
// without a response. There is one caller, so a request is the current call's.
func TestRaces(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	for _, tt := range []struct {
		name   string
		scheme string
		script func(*wiretest.Ledger) func(*wiretest.Conn)
	}{
		{"HTTP/1.1", "http", dyingIdle},
		{"HTTP/1.1 over TLS", "https", func(l *wiretest.Ledger) func(*wiretest.Conn) { return wiretest.OverTLS(config, dyingIdle(l)) }},
		{"HTTP/2", "https", func(l *wiretest.Ledger) func(*wiretest.Conn) { return dyingIdleH2(config, l) }},
	} {
		for _, attempts := range []struct {
			name string
			most int
		}{{"all attempts", 0}, {"one attempt", 1}} {
			t.Run(tt.name+", "+attempts.name, func(t *testing.T) {
				t.Parallel()
				const races = 3_000
				l := wiretest.NewLedger()
				server := wiretest.NewServer(t, tt.script(l))
				client, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(tt.scheme+"://"+server.Address),
					signalwire.WithHTTPClient(&signalwire.Doer{HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: attempts.most}))
				require.NoError(t, err)
				for range races {
					l.Remove(t, client)
					time.Sleep(rand.N(raceWindow))
				}
				server.Close()
				t.Logf("%d connections", server.Connections.Load())
				l.RequireTruth(t)
				if attempts.most == 1 {
					require.Positive(t, l.Unknown, "no request met the end of its connection")
				} else {
					require.Equal(t, races, l.Successes)
				}
			})
		}
	}
}

// dyingIdle ends an HTTP/1.1 connection on which no request comes for a moment.
func dyingIdle(l *wiretest.Ledger) func(*wiretest.Conn) {
	return func(c *wiretest.Conn) {
		for c.Next() != nil {
			l.Requests.Add(1)
			l.CarryOutCurrent()
			if rand.IntN(100) == 0 || !c.Say(wiretest.NoContent) {
				return
			}
			_ = c.SetReadDeadline(time.Time{})
			if rand.IntN(2) == 0 {
				_, _ = c.Reader.Peek(1) // The end meets the next request for certain.
				return
			}
			_ = c.SetReadDeadline(time.Now().Add(rand.N(raceWindow)))
		}
	}
}

// dyingIdleH2 ends an HTTP/2 connection on which no request comes for a moment,
// with GOAWAY or without, and resets streams.
func dyingIdleH2(config *tls.Config, l *wiretest.Ledger) func(*wiretest.Conn) {
	return func(wire *wiretest.Conn) {
		var mu sync.Mutex
		var last uint32
		var gone bool
		wiretest.SpeakH2(config, func(c *wiretest.H2Conn, stream uint32) bool {
			mu.Lock()
			defer mu.Unlock()
			l.Requests.Add(1)
			if gone {
				return true // GOAWAY says that this one is not carried out.
			}
			last = stream
			switch rand.IntN(300) {
			case 0:
				c.Reset(stream, wiretest.H2Refused)
				return true
			case 1:
				l.CarryOutCurrent()
				c.Reset(stream, wiretest.H2InternalError)
				return true
			case 2:
				l.CarryOutCurrent()
				c.GoAway(stream, wiretest.H2NoError)
				return false
			}
			l.CarryOutCurrent()
			c.NoContent(stream)
			time.AfterFunc(rand.N(raceWindow), func() {
				mu.Lock()
				defer mu.Unlock()
				if last != stream || gone {
					return
				}
				gone = true
				if rand.IntN(10) == 0 {
					c.Close()
				} else {
					c.GoAway(stream, wiretest.H2NoError)
				}
			})
			return true
		})(wire)
	}
}
