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
)

// raceWindow is longer than a caller pauses between calls, and than an idle
// connection lasts.
const raceWindow = 400 * time.Microsecond

// TestRaces has servers that end each idle connection at a random moment around
// the one at which the next request is written, and one request in a hundred
// without a response. There is one caller, so a request is the current call's.
func TestRaces(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.issue(t, nil)}}
	for _, tt := range []struct {
		name   string
		scheme string
		script func(*ledger) func(*wireConn)
	}{
		{"HTTP/1.1", "http", dyingIdle},
		{"HTTP/1.1 over TLS", "https", func(l *ledger) func(*wireConn) { return overTLS(config, dyingIdle(l)) }},
		{"HTTP/2", "https", func(l *ledger) func(*wireConn) { return dyingIdleH2(config, l) }},
	} {
		for _, attempts := range []struct {
			name string
			most int
		}{{"all attempts", 0}, {"one attempt", 1}} {
			t.Run(tt.name+", "+attempts.name, func(t *testing.T) {
				t.Parallel()
				const races = 3_000
				l := newLedger()
				server := newWireServer(t, tt.script(l))
				client, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(tt.scheme+"://"+server.address),
					signalwire.WithHTTPClient(&signalwire.Doer{HTTPClient: &http.Client{Transport: authority.transport(t)}, MaxAttempts: attempts.most}))
				require.NoError(t, err)
				for range races {
					l.remove(t, client)
					time.Sleep(rand.N(raceWindow))
				}
				server.close()
				t.Logf("%d connections", server.connections.Load())
				l.requireTruth(t)
				if attempts.most == 1 {
					require.Positive(t, l.unknown, "no request met the end of its connection")
				} else {
					require.Equal(t, races, l.successes)
				}
			})
		}
	}
}

// dyingIdle ends an HTTP/1.1 connection on which no request comes for a moment.
func dyingIdle(l *ledger) func(*wireConn) {
	return func(c *wireConn) {
		for c.next() != nil {
			l.requests.Add(1)
			l.carryOutCurrent()
			if rand.IntN(100) == 0 || !c.say(noContent) {
				return
			}
			_ = c.SetReadDeadline(time.Time{})
			if rand.IntN(2) == 0 {
				_, _ = c.reader.Peek(1) // The end meets the next request for certain.
				return
			}
			_ = c.SetReadDeadline(time.Now().Add(rand.N(raceWindow)))
		}
	}
}

// dyingIdleH2 ends an HTTP/2 connection on which no request comes for a moment,
// with GOAWAY or without, and resets streams.
func dyingIdleH2(config *tls.Config, l *ledger) func(*wireConn) {
	return func(wire *wireConn) {
		var mu sync.Mutex
		var last uint32
		var gone bool
		speakH2(config, func(c *h2Conn, stream uint32) bool {
			mu.Lock()
			defer mu.Unlock()
			l.requests.Add(1)
			if gone {
				return true // GOAWAY says that this one is not carried out.
			}
			last = stream
			switch rand.IntN(300) {
			case 0:
				c.reset(stream, h2Refused)
				return true
			case 1:
				l.carryOutCurrent()
				c.reset(stream, h2InternalError)
				return true
			case 2:
				l.carryOutCurrent()
				c.goAway(stream, h2NoError)
				return false
			}
			l.carryOutCurrent()
			c.noContent(stream)
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
					c.goAway(stream, h2NoError)
				}
			})
			return true
		})(wire)
	}
}
