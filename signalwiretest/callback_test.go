package signalwiretest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
	"example.com/signalwire/webhook"
)

const (
	hookURL = "https://example.com/joined?room=1"
	hookKey = "PSKtest"
)

// receiver keeps the events that it gets, with the time since it began.
type receiver struct {
	t       *testing.T
	respond http.HandlerFunc // or nil
	began   time.Time

	mu     sync.Mutex
	events []string
	last   webhook.ConferenceEvent
}

func newReceiver(t *testing.T, respond http.HandlerFunc) *receiver {
	return &receiver{t: t, respond: respond, began: time.Now()}
}

func (h *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	verifier := &webhook.Verifier{URL: "https://example.com/joined", Keys: []string{hookKey}}
	if err := verifier.Verify(r); err != nil {
		h.t.Error(err)
	}
	event, err := webhook.ParseConferenceEvent(r)
	if err != nil {
		h.t.Error(err)
	}
	h.mu.Lock()
	h.events = append(h.events, fmt.Sprint(time.Since(h.began), " ", event.Event, " ", event.SequenceNumber))
	h.last = event
	h.mu.Unlock()
	if h.respond != nil {
		h.respond(w, r)
	}
}

// received returns the events, and forgets them.
func (h *receiver) received() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	events := h.events
	h.events = nil
	return events
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := signalwiretest.NewHandler(t.Name())
		hook := newReceiver(t, nil)
		handler.AddConference(1) // Nobody hears of it.
		handler.PostCallbacks(signalwiretest.Callbacks{URL: hookURL, SigningKey: hookKey, Receiver: hook})

		conference, calls := handler.Add(signalwiretest.Conference{FriendlyName: "standup", Participants: []signalwiretest.Participant{
			{From: "+12025550100", To: "+12025550199", Muted: true, EndConferenceOnExit: true},
		}})
		handler.WaitForCallbacks()
		require.Equal(t, []string{"0s conference-start 1", "0s participant-join 2"}, hook.received())
		require.NotNil(t, hook.last.Form)
		hook.last.Form = nil
		require.Equal(t, webhook.ConferenceEvent{
			Event: webhook.ParticipantJoin, AccountSid: handler.Account(), ConferenceSid: conference, CallSid: calls[0],
			FriendlyName: "standup", From: "+12025550100", To: "+12025550199", Muted: true, EndConferenceOnExit: true,
			Timestamp: time.Now().UTC(), SequenceNumber: 2,
		}, hook.last)

		second := handler.Join(conference, signalwiretest.Participant{})
		require.True(t, handler.Leave(conference, second))
		require.False(t, handler.Leave(conference, second), "nothing happens")
		require.True(t, handler.Rejoin(conference, second))
		require.True(t, handler.Leave(conference, calls[0]))
		handler.WaitForCallbacks()
		require.Equal(t, []string{
			"0s participant-join 3", "0s participant-leave 4", "0s participant-join 5",
			"0s participant-leave 6", "0s participant-leave 7", "0s conference-end 8",
		}, hook.received())
		require.True(t, hook.last.CallSid.IsZero())
		handler.EndConference(conference)
		handler.WaitForCallbacks()
		require.Empty(t, hook.received(), "it had ended")
	})
}

// TestCallbacksDelays has callbacks that are late, twice, lost and out of order.
func TestCallbacksDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := signalwiretest.NewHandler(t.Name())
		conference, _ := handler.AddConference(1)
		hook := newReceiver(t, nil)
		delays := map[int][]time.Duration{
			1: {10 * time.Second},
			2: {0, time.Second},
			3: {},
			4: {2 * time.Second, 2 * time.Second},
			5: {0},
		}
		handler.PostCallbacks(signalwiretest.Callbacks{
			URL: hookURL, SigningKey: hookKey, Receiver: hook,
			Delays: func(number int) []time.Duration { return delays[number] },
		})
		for range 3 {
			handler.Leave(conference, handler.Join(conference, signalwiretest.Participant{}))
		}
		handler.WaitForCallbacks()
		require.Equal(t, []string{
			"0s participant-leave 4", "0s participant-join 7",
			"1s participant-leave 4", "2s participant-leave 6", "2s participant-leave 6", "10s participant-join 3",
		}, hook.received())
	})
}

// TestResetDropsCallbacks that are late, and nobody waits for them.
func TestResetDropsCallbacks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := signalwiretest.NewHandler(t.Name())
		hook := newReceiver(t, nil)
		handler.PostCallbacks(signalwiretest.Callbacks{
			URL: hookURL, SigningKey: hookKey, Receiver: hook,
			Delays: func(int) []time.Duration { return []time.Duration{time.Hour} },
		})
		handler.AddConference(1)
		synctest.Wait()
		handler.Reset()
		handler.WaitForCallbacks()
		require.Empty(t, hook.received())
		require.Zero(t, time.Since(hook.began))
	})
}

// TestCallbacksAttempts has receivers that do not respond 2xx, or not in time.
func TestCallbacksAttempts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		respond http.HandlerFunc
		want    []string
	}{
		"busy":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, []string{"0s", "0s", "0s"}},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusFound) }, []string{"0s", "0s", "0s"}},
		"cut":       {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, []string{"0s", "0s", "0s"}},
		"hangs":     {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, []string{"0s", "5s", "10s"}},
		"slow":      {func(http.ResponseWriter, *http.Request) { time.Sleep(4 * time.Second) }, []string{"0s"}},
		"created":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201) }, []string{"0s"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			handler := signalwiretest.NewHandler(t.Name())
			conference, _ := handler.AddConference(1)
			hook := newReceiver(t, tt.respond)
			handler.PostCallbacks(signalwiretest.Callbacks{URL: hookURL, SigningKey: hookKey, Receiver: hook})
			handler.Join(conference, signalwiretest.Participant{})
			handler.WaitForCallbacks()
			var want []string
			for _, at := range tt.want {
				want = append(want, at+" participant-join 3")
			}
			require.Equal(t, want, hook.received(), name)
		})
	}
}

// TestCallbacksOverTheNetwork posts to a server, and what the API removes.
func TestCallbacksOverTheNetwork(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	verifier := &webhook.Verifier{Keys: []string{hookKey}}
	var mu sync.Mutex
	var events []webhook.Event
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := verifier.Verify(r)
		event, err2 := webhook.ParseConferenceEvent(r)
		if err != nil || err2 != nil {
			t.Error(err, err2)
		}
		mu.Lock()
		defer mu.Unlock()
		events = append(events, event.Event)
		if len(events) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(hook.Close)
	verifier.URL = hook.URL + "/joined"
	conference, calls := server.AddConference(1)
	server.PostCallbacks(signalwiretest.Callbacks{URL: verifier.URL + "?a=b", SigningKey: hookKey})
	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.NoError(t, err)
	server.EndConference(conference)
	server.WaitForCallbacks()
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []webhook.Event{webhook.ParticipantLeave, webhook.ParticipantLeave, webhook.ConferenceEnd}, events)
}

// TestCallbacksEndWithTheServer has a receiver that hangs, and one that is due in
// an hour.
func TestCallbacksEndWithTheServer(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	conference, _ := server.AddConference(1)
	arrived := make(chan struct{})
	hook := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	server.PostCallbacks(signalwiretest.Callbacks{
		URL: hookURL, SigningKey: hookKey, Receiver: hook,
		Delays: func(number int) []time.Duration { return []time.Duration{time.Duration(number-1) * time.Hour} },
	})
	server.EndConference(conference)
	<-arrived
	tb.end()
	server.WaitForCallbacks()
}

func TestPostCallbacksRefuses(t *testing.T) {
	t.Parallel()
	for want, callbacks := range map[string]signalwiretest.Callbacks{
		"the URL is not an http or https URL": {URL: "example.com/joined", SigningKey: hookKey},
		"the signing key is empty":            {URL: hookURL},
	} {
		require.PanicsWithValue(t, "signalwiretest: PostCallbacks: "+want, func() {
			signalwiretest.NewHandler(t.Name()).PostCallbacks(callbacks)
		})
	}
}

// TestPostCallbacksFIPS runs where nothing can be signed.
func TestPostCallbacksFIPS(t *testing.T) {
	t.Parallel()
	if os.Getenv("FORBIDDEN") != "" {
		require.PanicsWithValue(t, "signalwiretest: PostCallbacks: GODEBUG=fips140=only forbids the vendor's signature", func() {
			signalwiretest.NewHandler(t.Name()).PostCallbacks(signalwiretest.Callbacks{URL: hookURL, SigningKey: hookKey})
		})
		return
	}
	executable, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), executable, "-test.run=^TestPostCallbacksFIPS$", "-test.v")
	command.Env = append(os.Environ(), "GODEBUG=fips140=only", "FORBIDDEN=1", "GOCOVERDIR="+t.TempDir())
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestPostCallbacksFIPS")
}
