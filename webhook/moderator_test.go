package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
	"example.com/signalwire/webhook"
)

// The example's moderator, in virtual time.

const (
	moderatorURL = "https://example.com/conference"
	moderatorKey = "PSKtest1234567890abcdef"
	blocked      = "+12025550100"
)

// api is the service in memory, with a trouble that ends.
type api struct {
	handler http.Handler
	trouble func(context.Context) (*http.Response, error) // nil responses let the request through
	until   time.Time
}

func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	if time.Now().Before(a.until) {
		if response, err := a.trouble(r.Context()); response != nil || err != nil {
			return response, err
		}
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

func page(status int) (*http.Response, error) {
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, err := io.WriteString(w, "<html></html>")
	return w.Result(), err
}

var troubles = map[string]func(context.Context) (*http.Response, error){
	"hangs": func(ctx context.Context) (*http.Response, error) { <-ctx.Done(); return nil, ctx.Err() },
	"503":   func(context.Context) (*http.Response, error) { return page(503) },
	"cut":   func(context.Context) (*http.Response, error) { return nil, io.ErrUnexpectedEOF },
	"slow": func(ctx context.Context) (*http.Response, error) {
		select {
		case <-time.After(9 * time.Second):
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	},
	"404": func(context.Context) (*http.Response, error) { return page(404) },
}

// gate is what the vendor posts to. It loses the first callbacks, and measures how
// long the responses to the others take.
type gate struct {
	to   http.Handler
	lose int // attempts of each event

	mu       sync.Mutex
	seen     map[string]int
	slowest  time.Duration
	statuses map[int]int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	event, err := webhook.ParseConferenceEvent(r)
	if err != nil {
		panic(err)
	}
	g.mu.Lock()
	attempt := fmt.Sprint(event.ConferenceSid, event.SequenceNumber)
	g.seen[attempt]++
	lost := g.seen[attempt] <= g.lose
	g.mu.Unlock()
	if lost {
		panic(http.ErrAbortHandler)
	}
	began := time.Now()
	recorder := httptest.NewRecorder()
	g.to.ServeHTTP(recorder, r)
	g.mu.Lock()
	g.slowest = max(g.slowest, time.Since(began))
	g.statuses[recorder.Code]++
	g.mu.Unlock()
	w.WriteHeader(recorder.Code)
}

// newModerator returns a moderator that is told what happens in the service, and
// the gate in front of it.
func newModerator(t *testing.T, service *signalwiretest.Handler, transport http.RoundTripper, slots int) (*moderator, *gate) {
	t.Helper()
	client, err := signalwire.New("example", service.ProjectID(), service.APIToken(),
		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	m := &moderator{
		client:   client,
		verifier: &webhook.Verifier{URL: moderatorURL, Keys: []string{moderatorKey}},
		blocked:  map[string]bool{blocked: true},
		slots:    make(chan struct{}, slots),
	}
	return m, &gate{to: m, seen: make(map[string]int), statuses: make(map[int]int)}
}

// TestModerator has the API in trouble, callbacks that get through at the first,
// second or third attempt, and orders in which they come. A caller who is blocked
// joins, leaves, and joins again, while others are there.
func TestModerator(t *testing.T) {
	t.Parallel()
	orders := map[string]func(int) []time.Duration{
		"in order":  nil,
		"reordered": func(number int) []time.Duration { return []time.Duration{time.Duration(4-number) * time.Second} },
		"twice":     func(int) []time.Duration { return []time.Duration{0, 3 * time.Second} },
	}
	rows := 0
	for trouble, respond := range troubles {
		for _, lasting := range []time.Duration{0, 5 * time.Second, 29 * time.Second, time.Hour} {
			for lost := range 3 {
				for order, delays := range orders {
					row := fmt.Sprintf("%s for %s, %d lost, %s", trouble, lasting, lost, order)
					rows++
					synctest.Test(t, func(t *testing.T) {
						service := signalwiretest.NewHandler(row)
						transport := &api{handler: service, trouble: respond, until: time.Now().Add(lasting)}
						m, vendor := newModerator(t, service, transport, 16)
						vendor.lose = lost
						conference, others := service.AddConference(2)
						service.PostCallbacks(signalwiretest.Callbacks{
							URL: moderatorURL, SigningKey: moderatorKey, Receiver: vendor, Delays: delays,
						})
						call := service.Join(conference, signalwiretest.Participant{From: blocked})
						service.Leave(conference, call)
						service.Rejoin(conference, call)
						service.WaitForCallbacks()
						m.running.Wait()
						service.WaitForCallbacks() // The removal is an event, too.

						require.LessOrEqual(t, vendor.slowest, time.Second, row)
						require.Equal(t, []int{http.StatusNoContent}, keys(vendor.statuses), row)
						require.Subset(t, service.Participants(conference), others, row)
						if lasting <= 30*time.Second {
							require.Equal(t, others, service.Participants(conference), row)
						}
						require.Empty(t, service.Violations(), row)
						require.Empty(t, m.slots, row)
					})
				}
			}
		}
	}
	require.Equal(t, 5*4*3*3, rows)
}

func keys(m map[int]int) []int {
	var all []int
	for key := range m {
		all = append(all, key)
	}
	return all
}

// TestModeratorIsBusy has more callers to remove than slots. The callback that
// comes again gets its turn.
func TestModeratorIsBusy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		service := signalwiretest.NewHandler(t.Name())
		transport := &api{handler: service, trouble: troubles["hangs"], until: time.Now().Add(5 * time.Second)}
		m, vendor := newModerator(t, service, transport, 2)
		conference, _ := service.AddConference(0)
		service.PostCallbacks(signalwiretest.Callbacks{
			URL: moderatorURL, SigningKey: moderatorKey, Receiver: vendor,
			Delays: func(number int) []time.Duration {
				if number == 4 { // The third join, after the start.
					return []time.Duration{0, 14 * time.Second}
				}
				return []time.Duration{0}
			},
		})
		for range 3 {
			service.Join(conference, signalwiretest.Participant{From: blocked})
		}
		service.WaitForCallbacks()
		m.running.Wait()
		service.WaitForCallbacks()
		require.Positive(t, vendor.statuses[http.StatusServiceUnavailable])
		require.LessOrEqual(t, vendor.slowest, time.Second)
		require.Empty(t, service.Participants(conference))
	})
}

// TestModeratorRefuses posts what the vendor did not sign, and what is no event.
func TestModeratorRefuses(t *testing.T) {
	t.Parallel()
	nothing := &api{
		trouble: func(context.Context) (*http.Response, error) {
			t.Error("something was sent")
			return nil, errors.New("nobody is here")
		},
		until: time.Now().Add(time.Hour),
	}
	m, _ := newModerator(t, signalwiretest.NewHandler(t.Name()), nothing, 1)
	m.verifier = &webhook.Verifier{URL: formURL, Keys: []string{formKey}}
	m.blocked = map[string]bool{"+15550100": true}

	forged, other := joined(nil), signedRequests()["form"]
	forged.signature = "forged"
	for s, want := range map[signed]int{
		forged: http.StatusForbidden, other: http.StatusBadRequest,
		joined(func(form url.Values) { form.Set("From", "+15550199") }):                        http.StatusNoContent,
		joined(func(form url.Values) { form.Set("StatusCallbackEvent", "participant-leave") }): http.StatusNoContent,
	} {
		w := httptest.NewRecorder()
		m.ServeHTTP(w, s.request(t))
		require.Equal(t, want, w.Code)
	}
	m.running.Wait()
}
