package main

import (
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// A faultyService misbehaves at random, and keeps the truth.
type faultyService struct {
	mu       sync.Mutex
	random   *rand.Rand
	faults   float64 // the share of requests that do not get what they ask for
	requests int
	removed  map[string]bool // whether each participant was
	watch    func(requests int)
	url      string
}

func newFaultyService(t *testing.T, seed uint64, calls []string) *faultyService {
	t.Helper()
	s := &faultyService{random: rand.New(rand.NewPCG(seed, 0)), removed: make(map[string]bool)}
	for _, call := range calls {
		s.removed[call] = false
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL + signalwiretest.BasePath
	return s
}

// ServeHTTP removes a participant, or does not, and says so, or does not.
func (s *faultyService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := callOf(r)
	if r.Method == http.MethodGet {
		s.serveRead(w, r)
		return
	}
	s.mu.Lock()
	s.requests++
	fault := -1
	if s.random.Float64() < s.faults {
		fault = s.random.IntN(9)
	}
	acts := fault < 0 || fault%2 == 1
	gone := s.removed[call]
	if acts {
		s.removed[call] = true
	}
	if s.watch != nil {
		s.watch(s.requests)
	}
	s.mu.Unlock()
	switch fault {
	case 0, 1:
		writeError(w, http.StatusServiceUnavailable)
	case 2, 3:
		panic(http.ErrAbortHandler)
	case 4:
		writeError(w, http.StatusTooManyRequests)
	case 5:
		http.Error(w, "<h1>502</h1>", http.StatusBadGateway)
	case 6:
		w.Header().Set("Retry-After", "1")
		writeError(w, http.StatusServiceUnavailable)
	case 7: // The response is cut.
		w.Header().Set("Content-Length", "1000")
		writeError(w, http.StatusInternalServerError)
	case 8:
		writeError(w, http.StatusUnprocessableEntity)
	default:
		if gone {
			writeError(w, http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// serveRead says that the conference is there, and that nobody ends it, or fails.
func (s *faultyService) serveRead(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fails := s.random.Float64() < s.faults
	s.mu.Unlock()
	if fails {
		writeError(w, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if callOf(r) == "Participants" {
		writeJSON(w, signalwire.ConferenceParticipantListResponse{Participants: []signalwire.ConferenceParticipant{}})
		return
	}
	writeJSON(w, conferenceOf(callOf(r), signalwire.ConferenceStatusInProgress))
}

// requireTrue checks that each of these participants is reported once, and
// nothing false about them.
func (s *faultyService) requireTrue(t *testing.T, calls []string, output string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	found := outcomes(t, output)
	require.Len(t, found, len(calls))
	for _, call := range calls {
		switch found[call] {
		case "removed", "absent":
			require.True(t, s.removed[call], call)
		case "failed", "not tried":
			require.False(t, s.removed[call], call)
		case "unknown":
		default:
			require.Failf(t, "no outcome", "%s: %q", call, found[call])
		}
	}
}

// testInterruptedRuns interrupts runs at random and lets the next run go on
// from what they printed.
func testInterruptedRuns(t *testing.T, runs, participants int) {
	t.Helper()
	skipWithoutSignals(t)
	signals := []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}
	_, sids := signalwiretest.NewHandler(serviceName).AddConference(participants)
	var calls []string
	for _, sid := range sids {
		calls = append(calls, sid.String())
	}
	for run := range runs {
		random := rand.New(rand.NewPCG(uint64(run), 1))
		s := newFaultyService(t, uint64(run), calls)
		faults := 0.1 * random.Float64()
		s.faults = faults
		signal, twice := signals[run%len(signals)], run%4 == 3
		args := []string{"-base-url", s.url, "-ignore-missing"}
		if run%2 == 1 {
			args = append(args, "-json")
		}
		args = append(args, sandboxConference, "-")

		p := prepare(t, credentials(), args...)
		p.Stdin = strings.NewReader(strings.Join(calls, "\n"))
		at := 1 + random.IntN(participants)
		reached := make(chan struct{})
		s.watch = func(requests int) {
			if requests == at {
				close(reached)
			}
		}
		p.start(t)
		select {
		case <-reached:
			require.NoError(t, p.Process.Signal(signal))
		case <-p.ended:
		}
		p.waitFor(t, p.stderr, "interrupted: waiting for ")
		s.mu.Lock()
		begun := s.requests
		s.mu.Unlock()
		if twice {
			_ = p.Process.Signal(os.Interrupt) // It may have ended by itself.
		}
		got := p.end(t)
		require.Equal(t, exitSignal+int(signal), got.status)
		s.requireTrue(t, calls, got.stdout)
		require.LessOrEqual(t, s.requests-begun, defaultParallel, "only what was under way arrives")

		s.faults = 0
		next := runProgram(t, credentials(), got.stdout, args...)
		require.Equal(t, 0, next.status, next.stderr)
		for _, call := range calls {
			require.True(t, s.removed[call], call)
		}
		t.Logf("run %d: %.1f %% faults, %v at request %d: %s; then %s", run, 100*faults, signal, at,
			lineWith(got.stderr, "participants:"), lineWith(next.stderr, "participants:"))
	}
}

// lineWith returns the first line that contains a text.
func lineWith(output, text string) string {
	for line := range strings.Lines(output) {
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

func TestInterruptedRuns(t *testing.T) {
	t.Parallel()
	testInterruptedRuns(t, 6, 300)
}
