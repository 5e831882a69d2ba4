//go:build soak

package signalwire_test

import (
	"context"
	"crypto/tls"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
	"example.com/signalwire/signalwiretest"
)

// TestSoak sends, over HTTP/1.1 and HTTP/2, to servers that misbehave at random and
// restart, for as long as the environment's SOAK says. Half of that is behind
// profiles of trouble.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("SOAK"))
	require.NoError(t, err, "SOAK is a duration such as 60s")
	require.Positive(t, length)
	const maxElapsed = 3 * time.Second
	authority := wiretest.NewAuthority(t)
	certificate := authority.Issue(t, nil)

	// useBehind calls with all workers for some time.
	useBehind := func(profile signalwiretest.Profile, length time.Duration) {
		l := wiretest.NewLedger()
		var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.Requests.Add(1)
			misbehave(w, func() { l.CarryOut(r) })
		})
		if profile != "" {
			handler, err = profile.Wrap(handler, 1)
			require.NoError(t, err)
		}
		address, stop := restarting(t, certificate, handler)
		deadline := time.Now().Add(length)
		var workers sync.WaitGroup
		for _, protocol := range []string{"http/1.1", "h2"} {
			transport := authority.Transport(t)
			transport.TLSClientConfig.NextProtos = []string{protocol}
			transport.ForceAttemptHTTP2 = protocol == "h2"
			client := newClientAt(t, "https://"+address, &signalwire.Doer{
				HTTPClient: &http.Client{Transport: transport}, AttemptTimeout: 500 * time.Millisecond, MaxElapsed: maxElapsed,
			})
			defer transport.CloseIdleConnections()
			for range 32 {
				workers.Go(func() {
					for time.Now().Before(deadline) {
						l.Remove(t, client)
					}
				})
			}
		}
		workers.Wait()
		stop()
		l.RequireTruth(t)
		require.Less(t, l.Longest, maxElapsed+5*time.Second, "a busy machine may take something on top")
	}
	profiles := signalwiretest.Profiles()
	use := func(length time.Duration) {
		useBehind("", length/2)
		for _, profile := range profiles {
			useBehind(profile, length/2/time.Duration(len(profiles)))
		}
	}
	use(min(3*time.Second, length))
	goroutinesBefore, heapBefore := settled(0)
	use(length)
	goroutines, heap := settled(goroutinesBefore)

	t.Logf("goroutines %d before, %d after; heap after GC %d KiB before, %d KiB after", goroutinesBefore, goroutines, heapBefore>>10, heap>>10)
	require.LessOrEqual(t, goroutines, goroutinesBefore+3)
	require.LessOrEqual(t, heap, heapBefore+4<<20)
}

// restarting serves HTTP/1.1 and HTTP/2 on one address, with a pause after each
// second or two. Every other time, it lets requests end before.
func restarting(t *testing.T, certificate tls.Certificate, handler http.Handler) (address string, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address = listener.Addr().String()
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for times := 0; ; times++ {
			server := &http.Server{
				Handler:   handler,
				TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}},
				ErrorLog:  log.New(io.Discard, "", 0),
			}
			go func(listener net.Listener) { _ = server.ServeTLS(listener, "", "") }(listener)
			select {
			case <-stopped:
				_ = server.Close()
				time.Sleep(time.Second) // No request takes longer.
				return
			case <-time.After(time.Second + rand.N(time.Second)):
			}
			if times%2 == 0 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second) // A caller may leave a connection open.
				_ = server.Shutdown(ctx)
				cancel()
			}
			_ = server.Close()
			time.Sleep(rand.N(100 * time.Millisecond))
			for listener, err = net.Listen("tcp", address); err != nil; listener, err = net.Listen("tcp", address) {
				time.Sleep(time.Millisecond) // Somebody dials from this port.
			}
		}
	}()
	return address, func() {
		close(stopped)
		<-ended
	}
}

// misbehave responds, or does not. Most of the time it removes and says so.
func misbehave(w http.ResponseWriter, remove func()) {
	say := func(status int, body string, header ...string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	// cut ends an HTTP/1.1 connection after some text, and resets an HTTP/2 stream.
	cut := func(text string) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(connection, text)
		_ = connection.Close()
	}
	switch rand.IntN(40) {
	case 0:
		say(404, wiretest.ErrorBody(404))
	case 1:
		say(404, wiretest.HTML, "Content-Type", "text/html")
	case 2:
		say(503, wiretest.ErrorBody(503))
	case 3:
		say(429, wiretest.ErrorBody(429), "Retry-After", strconv.Itoa(rand.IntN(2)))
	case 4:
		cut("")
	case 5: // Cut in the body.
		say(404, wiretest.ErrorBody(404), "Content-Length", "1000")
		panic(http.ErrAbortHandler)
	case 6: // Cut after it was carried out, before the response is complete.
		remove()
		cut("HTTP/1.1 204 No Con")
	case 7:
		time.Sleep(rand.N(time.Second))
		remove()
		say(204, "")
	case 8:
		say(rand.IntN(8)+301, "", "Location", "/elsewhere")
	case 9:
		say(200, wiretest.HTML, "Content-Type", "text/html")
	case 10: // Over-long.
		say(500, strings.Repeat("x", 3<<19))
	case 11:
		say(200, "{}", "Content-Type", "application/json")
	case 12: // A proxy lost the response.
		remove()
		say(502, wiretest.HTML, "Content-Type", "text/html")
	case 13: // A reset after it was carried out.
		remove()
		panic(http.ErrAbortHandler)
	default:
		remove()
		say(204, "")
	}
}

// settled waits until what ends by itself has ended: at most 10 s, or until
// there are not more goroutines than wanted.
func settled(wanted int) (goroutines int, heap uint64) {
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		if n := runtime.NumGoroutine(); n <= wanted || wanted == 0 && n == goroutines {
			break
		}
		goroutines = runtime.NumGoroutine()
	}
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return runtime.NumGoroutine(), stats.HeapAlloc
}

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
				client := newClientAt(t, tt.scheme+"://"+server.Address, &signalwire.Doer{HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: attempts.most})
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
