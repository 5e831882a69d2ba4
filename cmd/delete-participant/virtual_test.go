package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// A virtualService is a service in memory, for runs in virtual time.
type virtualService struct {
	began time.Time
	calls []signalwire.CallSid
	// respond says which status a request for a call gets, 0 for a connection
	// that is cut, and noHost for none at all. It may sleep. 204 means that it is
	// carried out.
	respond func(call string, number int) (status int, retryAfter time.Duration)
	// read says which status a GET gets, as respond does. Nil means 200 at once.
	read  func(*http.Request) int
	left  map[string]bool // who was removed by what had no response
	ends  map[string]bool // who ends the conference
	state signalwire.ConferenceStatus

	mu       sync.Mutex
	requests []virtualRequest // DELETEs
	reads    []time.Duration  // when the GETs came
	numbers  map[string]int   // of requests, by call
	removed  map[string]bool
}

const (
	noHost     = -1
	notTheAPIs = -2 // a 404 of something else
)

type virtualRequest struct {
	call string
	at   time.Duration // since the service began
}

func newVirtualService(t *testing.T, participants int, respond func(call string, number int) (int, time.Duration)) *virtualService {
	t.Helper()
	s := &virtualService{began: time.Now(), respond: respond, numbers: make(map[string]int), removed: make(map[string]bool), state: signalwire.ConferenceStatusInProgress}
	for i := range participants {
		call, err := signalwire.ParseCallSid(fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1))
		require.NoError(t, err)
		s.calls = append(s.calls, call)
	}
	return s
}

func (s *virtualService) elapsed() time.Duration { return time.Since(s.began) }

func (s *virtualService) RoundTrip(r *http.Request) (*http.Response, error) {
	call := callOf(r)
	s.mu.Lock()
	if r.Method == http.MethodGet {
		s.reads = append(s.reads, s.elapsed())
		s.mu.Unlock()
		return s.readFor(r)
	}
	s.requests = append(s.requests, virtualRequest{call, s.elapsed()})
	s.numbers[call]++
	number := s.numbers[call]
	s.mu.Unlock()
	status, retryAfter := s.respond(call, number)
	return s.write(r, status, retryAfter, func(w *virtualResponse) {
		s.mu.Lock()
		s.removed[call] = true
		s.mu.Unlock()
		w.status = http.StatusNoContent
	})
}

// readFor responds to a GET with the conference, or with all who are in it.
func (s *virtualService) readFor(r *http.Request) (*http.Response, error) {
	status := http.StatusOK
	if s.read != nil {
		status = s.read(r)
	}
	return s.write(r, status, 0, func(w *virtualResponse) {
		w.header.Set("Content-Type", "application/json")
		w.status = http.StatusOK
		if callOf(r) != "Participants" {
			writeJSON(w, conferenceOf(callOf(r), s.state))
			return
		}
		list := signalwire.ConferenceParticipantListResponse{Participants: []signalwire.ConferenceParticipant{}}
		conference := conferenceOf(sandboxConference, s.state).Sid
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, call := range s.calls {
			if !s.removed[call.String()] {
				list.Participants = append(list.Participants, signalwire.ConferenceParticipant{
					AccountSid: imitated.Account(), ConferenceSid: conference, CallSid: call,
					Status: signalwire.ParticipantStatusInProgress, EndConferenceOnExit: s.ends[call.String()],
				})
			}
		}
		writeJSON(w, list)
	})
}

// write responds with a status. What a success does is up to the caller.
func (s *virtualService) write(r *http.Request, status int, retryAfter time.Duration, succeed func(*virtualResponse)) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := &virtualResponse{header: http.Header{}}
	switch {
	case status == 0:
		return nil, errors.New("connection reset")
	case status == noHost:
		if trace := httptrace.ContextClientTrace(r.Context()); trace != nil {
			trace.GetConn(r.URL.Host) // in vain
		}
		return nil, &net.DNSError{Err: "no such host", Name: "example.signalwire.com", IsNotFound: true}
	case status == http.StatusNoContent || status == http.StatusOK:
		succeed(w)
	case status == notTheAPIs:
		w.status = http.StatusNotFound
		_, _ = w.WriteString("<h1>Not found</h1>")
	default:
		if retryAfter > 0 {
			w.header.Set("Retry-After", fmt.Sprint(int(retryAfter.Seconds())))
		}
		writeError(w, status)
	}
	return w.response(r), nil
}

// A virtualResponse is an http.ResponseWriter.
type virtualResponse struct {
	header http.Header
	status int
	bytes.Buffer
}

func (w *virtualResponse) Header() http.Header    { return w.header }
func (w *virtualResponse) WriteHeader(status int) { w.status = status }

func (w *virtualResponse) response(r *http.Request) *http.Response {
	return &http.Response{
		StatusCode: w.status, Header: w.header, Body: io.NopCloser(&w.Buffer), ContentLength: int64(w.Len()), Request: r,
	}
}

// removal returns a removal from the service, with the default settings and
// these flags.
func (s *virtualService) removal(t *testing.T, stdout, stderr io.Writer, flags ...string) *removal {
	t.Helper()
	o := &options{}
	require.NoError(t, o.flags().Parse(flags))
	r := &removal{connection: &connection{options: o, console: newConsole(stdout, stderr)}}
	err := r.connect(func(options ...signalwire.ClientOption) (*signalwire.ClientWithResponses, error) {
		return signalwire.New("example", imitated.ProjectID(), imitated.APIToken(), options...)
	}, imitated.ProjectID(), s)
	require.NoError(t, err)
	r.conference, err = signalwire.ParseConferenceSid(sandboxConference)
	require.NoError(t, err)
	return r
}

// remove removes all participants, and checks what is reported.
func (s *virtualService) remove(t *testing.T, interrupts <-chan os.Signal, flags ...string) ending {
	t.Helper()
	got := s.run(t, interrupts, flags...)
	s.requireTrue(t, got.stdout)
	return got
}

func (s *virtualService) run(t *testing.T, interrupts <-chan os.Signal, flags ...string) ending {
	t.Helper()
	var stdout, stderr bytes.Buffer
	r := s.removal(t, &stdout, &stderr, flags...)
	ctx, stop := r.limit(t.Context())
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r.interrupts = interrupts
	status := r.run(ctx, cancel, slices.Clone(s.calls))
	return ending{status, stdout.String(), stderr.String()}
}

// requireTrue checks that each participant is reported once, and nothing false
// about them.
func (s *virtualService) requireTrue(t *testing.T, output string) {
	t.Helper()
	found := outcomes(t, output)
	require.Len(t, found, len(s.calls))
	for call, outcome := range found {
		switch outcome {
		case "removed":
			require.True(t, s.removed[call] || s.left[call], call)
		case "failed", "not tried":
			require.False(t, s.removed[call], call)
		}
		if outcome == "not tried" {
			require.Zero(t, s.numbers[call], call)
		}
	}
}

// linesOf returns the lines that contain a text.
func linesOf(output, text string) int {
	n := 0
	for line := range strings.Lines(output) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
