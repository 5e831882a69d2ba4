package signalwire_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// behaviours are what a server, or the way to it, may do. Only the ones that
// are successes answer a DELETE with a complete 204.
var behaviours = []struct {
	name    string
	success bool
	send    wiretest.Sender
}{
	{"204", true, wiretest.Says(204)},
	{"204 with a body", true, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 204, wiretest.HTML), nil }},
	{"204, slowly", true, wiretest.Slowly(3*time.Second, wiretest.Says(204))},
	{"204 too late", false, wiretest.Slowly(time.Minute, wiretest.Says(204))},
	{"204 with an error", false, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 204, ""), io.EOF }},
	{"200", false, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 200, `{}`), nil }},
	{"202", false, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 202, ""), nil }},
	{"302", false, func(r *http.Request) (*http.Response, error) {
		return wiretest.Response(r, 302, "", "Location", "https://example.org/"), nil
	}},
	{"101", false, wiretest.Says(101)},
	{"404", false, wiretest.Says(404)},
	{"404 HTML", false, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 404, wiretest.HTML), nil }},
	{"422", false, wiretest.Says(422)},
	{"408", false, wiretest.Says(408)},
	{"429", false, wiretest.Says(429)},
	{"429, wait", false, wiretest.Says(429, "Retry-After", "4")},
	{"503", false, wiretest.Says(503)},
	{"503, wait", false, wiretest.Says(503, "Retry-After", "2")},
	{"503, wait long", false, wiretest.Says(503, "Retry-After", "3600")},
	{"503, wait nonsense", false, wiretest.Says(503, "Retry-After", "-1")},
	{"500, slowly", false, wiretest.Slowly(2*time.Second, wiretest.Says(500))},
	{"501", false, wiretest.Says(501)},
	{"reset", false, wiretest.Fails(syscall.ECONNRESET)},
	{"cut", false, func(r *http.Request) (*http.Response, error) {
		response := wiretest.Response(r, 404, "")
		response.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
		return response, nil
	}},
	{"hangs", false, wiretest.Hangs},
	{"hangs in the body", false, wiretest.HangsInBody(404)},
	{"over-long", false, func(r *http.Request) (*http.Response, error) {
		response := wiretest.Response(r, 500, "")
		response.ContentLength = 1 << 40
		return response, nil
	}},
	{"nothing", false, func(*http.Request) (*http.Response, error) { return nil, nil }},
}

// TestRandomServers holds the promises against servers that do anything.
func TestRandomServers(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	for n := range 500 {
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		synctest.Test(t, func(t *testing.T) {
			doer := &signalwire.Doer{
				MaxAttempts:    random.IntN(8), // 0 is the default.
				AttemptTimeout: time.Duration(random.IntN(15)) * time.Second,
				MaxElapsed:     time.Duration(random.IntN(40)) * time.Second,
			}
			most, longest := doer.MaxAttempts, doer.MaxElapsed
			if most == 0 {
				most = defaultAttempts
			}
			if longest == 0 {
				longest = 30 * time.Second
			}
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if random.IntN(3) == 0 {
				limit := time.Duration(random.IntN(20_000)) * time.Millisecond
				ctx, cancel = context.WithTimeout(ctx, limit)
				longest = min(longest, limit)
			}
			defer cancel()
			var log []string
			var last, succeeded bool
			send := wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				behaviour := behaviours[random.IntN(len(behaviours))]
				log = append(log, behaviour.name)
				response, err := behaviour.send(r)
				last = behaviour.success && err == nil
				succeeded = succeeded || last
				return response, err
			})
			doer.HTTPClient = send
			if random.IntN(2) == 0 {
				doer.HTTPClient = &http.Client{Transport: send}
			}
			attempts := 0
			doer.OnAttempt = func(_ context.Context, a signalwire.Attempt) {
				attempts++
				require.Equal(t, attempts, a.Number)
			}
			client := newMemoryClient(t, doer)
			began := time.Now()

			response, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

			script := fmt.Sprintf("seed %d, script %d: %s", seed, n, strings.Join(log, "; "))
			require.NotEqual(t, err == nil, response == nil, script)
			require.Equal(t, last, err == nil, script)
			require.Equal(t, succeeded, err == nil, "nothing follows a success: %s", script)
			require.LessOrEqual(t, len(log), most, script)
			require.Equal(t, len(log), attempts, script)
			require.LessOrEqual(t, time.Since(began), longest, script)
			if err != nil {
				requireLogLine(t, err)
			}
		})
	}
}
