//go:build soak

package signalwire_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// TestSoak sends to a server that misbehaves at random, for as long as the
// environment's SOAK says, and knows of every call whether it was carried out.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("SOAK"))
	require.NoError(t, err, "SOAK is a duration such as 60s")
	require.Positive(t, length)

	// carriedOut holds, for each call under way, whether it was.
	var carriedOut sync.Map
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if r.Method != http.MethodDelete || !strings.Contains(r.URL.Path, "/Participants/") {
			w.WriteHeader(http.StatusNoContent) // Whoever follows a redirect ends here.
			return
		}
		misbehave(w, func() {
			if done, ok := carriedOut.Load(path.Base(r.URL.Path)); ok {
				done.(*atomic.Bool).Store(true)
			}
		})
	}))
	defer server.Close()
	transport := signalwire.NewTransport()
	client, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(server.URL),
		signalwire.WithHTTPClient(&signalwire.Doer{
			HTTPClient: &http.Client{Transport: transport}, AttemptTimeout: 500 * time.Millisecond, MaxElapsed: 3 * time.Second,
		}))
	require.NoError(t, err)

	// use calls with all workers for some time.
	use := func(length time.Duration) tally {
		ctx, cancel := context.WithTimeout(t.Context(), length)
		defer cancel()
		sums := make(chan tally)
		const workers = 64
		for range workers {
			go func() {
				sum := tally{errors: map[string]int{}}
				for ctx.Err() == nil {
					call := uuid.New()
					done := new(atomic.Bool)
					carriedOut.Store(call.String(), done)
					_, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, must(signalwire.ParseCallSid(call.String())))
					sum.count(err, done.Load())
					carriedOut.Delete(call.String())
				}
				sums <- sum
			}()
		}
		total := tally{errors: map[string]int{}}
		for range workers {
			total.add(<-sums)
		}
		transport.CloseIdleConnections()
		server.CloseClientConnections()
		return total
	}
	warmUp := use(min(2*time.Second, length))
	goroutinesBefore, heapBefore := settled(0)
	total := use(length)
	goroutines, heap := settled(goroutinesBefore)

	t.Logf("calls             %d, in %d requests (with %d calls to warm up)", total.calls, requests.Load(), warmUp.calls)
	t.Logf("successes         %d", total.successes)
	t.Logf("false successes   %d", total.falseSuccesses)
	t.Logf("silent removals   %d (carried out, but the error says that it was not)", total.silent)
	for _, kind := range slices.Sorted(maps.Keys(total.errors)) {
		t.Logf("error             %8d × %s", total.errors[kind], kind)
	}
	t.Logf("goroutines        %d before, %d after", goroutinesBefore, goroutines)
	t.Logf("heap after GC     %d KiB before, %d KiB after", heapBefore>>10, heap>>10)
	require.Positive(t, total.successes)
	require.Zero(t, total.falseSuccesses+warmUp.falseSuccesses)
	require.Zero(t, total.silent+warmUp.silent)
	require.LessOrEqual(t, goroutines, goroutinesBefore+3)
	require.LessOrEqual(t, heap, heapBefore+4<<20)
}

// misbehave answers, or does not. Most of the time it removes and says so.
func misbehave(w http.ResponseWriter, remove func()) {
	say := func(status int, body string, header ...string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
	switch rand.IntN(40) {
	case 0:
		say(404, apiErrorBody(404))
	case 1:
		say(404, html, "Content-Type", "text/html")
	case 2:
		say(503, apiErrorBody(503))
	case 3:
		say(429, apiErrorBody(429), "Retry-After", strconv.Itoa(rand.IntN(2)))
	case 4: // A reset.
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = connection.(*net.TCPConn).SetLinger(0)
			_ = connection.Close()
		}
	case 5: // Cut in the body.
		say(404, apiErrorBody(404), "Content-Length", "1000")
		panic(http.ErrAbortHandler)
	case 6: // Cut after it was carried out, before the answer is complete.
		remove()
		connection, out, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_, _ = out.WriteString("HTTP/1.1 204 No Con")
			_ = out.Flush()
			_ = connection.Close()
		}
	case 7:
		time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
		remove()
		say(204, "")
	case 8:
		say(rand.IntN(8)+301, "", "Location", "/elsewhere")
	case 9:
		say(200, html, "Content-Type", "text/html")
	case 10: // Over-long.
		say(500, strings.Repeat("x", 3<<19))
	case 11:
		say(200, "{}", "Content-Type", "application/json")
	case 12: // A proxy lost the answer.
		remove()
		say(502, html, "Content-Type", "text/html")
	case 13: // A reset after it was carried out.
		remove()
		panic(http.ErrAbortHandler)
	default:
		remove()
		say(204, "")
	}
}

// tally counts how calls ended.
type tally struct {
	calls, successes, falseSuccesses, silent int
	errors                                   map[string]int
}

func (s *tally) count(err error, carriedOut bool) {
	s.calls++
	var answered *signalwire.Error
	var failed *signalwire.TransportError
	var maybe bool
	switch {
	case err == nil:
		s.successes++
		if !carriedOut {
			s.falseSuccesses++
		}
		return
	case errors.As(err, &answered):
		maybe = answered.MaybeApplied
		s.errors[fmt.Sprintf("%d %v", answered.StatusCode, matched(err))]++
	case errors.As(err, &failed):
		maybe = failed.MaybeApplied
		s.errors[fmt.Sprintf("no complete answer, timeout %v", failed.Timeout())]++
	default:
		s.errors[err.Error()]++
	}
	if carriedOut && !maybe {
		s.silent++
	}
}

func (s *tally) add(other tally) {
	s.calls += other.calls
	s.successes += other.successes
	s.falseSuccesses += other.falseSuccesses
	s.silent += other.silent
	for kind, n := range other.errors {
		s.errors[kind] += n
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
