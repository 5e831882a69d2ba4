package signalwiretest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// pathOf returns the path that names a participant.
func pathOf(account, conference, call string) string {
	return signalwiretest.BasePath + "/Accounts/" + account + "/Conferences/" + conference + "/Participants/" + call
}

// someTB is a test that may fail, and end, without failing or ending this one.
type someTB struct {
	*testing.T

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

// newTB returns a test that ends with this one at the latest.
func newTB(t *testing.T) *someTB {
	s := &someTB{T: t}
	t.Cleanup(s.end)
	return s
}

func (s *someTB) Cleanup(cleanup func()) { s.cleanups = append(s.cleanups, cleanup) }

func (s *someTB) Errorf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}

func (s *someTB) Fatalf(format string, args ...any) { s.Errorf("fatal: "+format, args...) }

func (s *someTB) failed() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failures
}

func (s *someTB) end() {
	s.mu.Lock()
	cleanups := s.cleanups
	s.cleanups = nil
	s.mu.Unlock()
	for _, cleanup := range cleanups {
		cleanup()
	}
}

func TestServerFailsTheTestOnViolation(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPatch, "/elsewhere", nil)
	server.ServeHTTP(httptest.NewRecorder(), r)
	require.Equal(t, []string{
		"signalwiretest: the request breaks the contract: PATCH /elsewhere: the contract has no operation of this method and path",
	}, tb.failed())
}

func TestServerWithOnViolationDoesNotFailTheTest(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	var reported []error
	server.OnViolation = func(err error) { reported = append(reported, err) }
	server.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPatch, "/elsewhere", nil))
	require.Len(t, reported, 1)
	require.Equal(t, reported, server.Violations())
}

func TestServerCloseEndsHanging(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	conference, calls := server.AddConference(1)
	server.Script(signalwiretest.Hang())
	client := server.Client(signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 1, AttemptTimeout: time.Hour, MaxElapsed: time.Hour}))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	errs := make(chan error, 1)
	go func() {
		_, err := client.DeleteParticipantWithResponse(ctx, server.Account(), conference, calls[0])
		errs <- err
	}()
	require.Eventually(t, func() bool { return len(server.Requests()) == 1 }, 10*time.Second, time.Millisecond)

	tb.end()

	var transportError *signalwire.TransportError
	require.ErrorAs(t, <-errs, &transportError)
	require.NoError(t, ctx.Err(), "only the call's own timeout ended it")
}

// TestServersAreKeptApart mixes up the tenants of two servers.
func TestServersAreKeptApart(t *testing.T) {
	t.Parallel()
	one, other := signalwiretest.NewServer(t), signalwiretest.NewServer(t)
	conference, calls := one.AddConference(1)
	otherConference, otherCalls := other.AddConference(1)
	require.NotEqual(t, one.Account(), other.Account())
	require.NotEqual(t, one.APIToken(), other.APIToken())
	require.NotEqual(t, conference, otherConference)
	require.NotEqual(t, calls, otherCalls)
	client, err := signalwire.New("example", one.ProjectID(), one.APIToken(), signalwire.WithBaseURL(other.URL))
	require.NoError(t, err)

	_, err = client.DeleteParticipantWithResponse(t.Context(), one.Account(), otherConference, otherCalls[0])
	require.ErrorIs(t, err, signalwire.ErrUnauthorized)
	_, err = one.Client().DeleteParticipantWithResponse(t.Context(), other.Account(), conference, calls[0])
	require.ErrorIs(t, err, signalwire.ErrUnauthorized)
	_, err = one.Client().DeleteParticipantWithResponse(t.Context(), one.Account(), otherConference, otherCalls[0])
	require.ErrorIs(t, err, signalwire.ErrNotFound)
	require.Equal(t, calls, one.Participants(conference))
	require.Equal(t, otherCalls, other.Participants(otherConference))
}

// TestServerOfTheSameTestIsTheSame runs a test again, as -count=2 does.
func TestServerOfTheSameTestIsTheSame(t *testing.T) {
	t.Parallel()
	var seen [][]string
	for range 2 {
		tb := newTB(t)
		first, second := signalwiretest.NewServer(tb), signalwiretest.NewServer(tb)
		conference, calls := second.AddConference(1)
		seen = append(seen, []string{first.ProjectID(), second.ProjectID(), second.APIToken(), conference.String(), calls[0].String()})
		tb.end()
	}
	require.Equal(t, seen[0], seen[1])
	require.NotEqual(t, seen[0][0], seen[0][1])
}

func TestConcurrentRemovals(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(1000)
	client := server.Client()
	var removed, notFound atomic.Int64
	work := make(chan signalwire.CallSid)
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for call := range work {
				switch _, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call); {
				case err == nil:
					removed.Add(1)
				case errors.Is(err, signalwire.ErrNotFound):
					notFound.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	for _, call := range calls {
		work <- call
	}
	for _, call := range calls[:100] {
		work <- call
	}
	close(work)
	workers.Wait()
	require.EqualValues(t, 1000, removed.Load())
	require.EqualValues(t, 100, notFound.Load())
	require.Empty(t, server.Participants(conference))
	require.Len(t, server.Requests(), 1100)
}

// TestFIPS runs a test of this package where only approved algorithms work.
func TestFIPS(t *testing.T) {
	t.Parallel()
	executable, err := os.Executable()
	require.NoError(t, err)
	command := exec.CommandContext(t.Context(), executable, "-test.run=^TestServersAreKeptApart$", "-test.v")
	command.Env = append(os.Environ(), "GODEBUG=fips140=only", "GOCOVERDIR="+t.TempDir())
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestServersAreKeptApart")
}

// TestNoGoroutineIsLeft after 50 servers, each with a request that hangs, a
// webhook, and a client whose connections are idle.
func TestNoGoroutineIsLeft(t *testing.T) {
	hook := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	before := runtime.NumGoroutine()
	for n := range 50 {
		tb := newTB(t)
		var options []signalwiretest.ServerOption
		for i, option := range []signalwiretest.ServerOption{signalwiretest.InMemory(), signalwiretest.TLS(), signalwiretest.HTTP2()} {
			if n>>i&1 == 1 {
				options = append(options, option)
			}
		}
		server := signalwiretest.NewServer(tb, options...)
		server.PostCallbacks(signalwiretest.Callbacks{URL: hookURL, SigningKey: hookKey, Receiver: hook})
		conference, calls := server.AddConference(2)
		hanging := make(chan struct{})
		server.ScriptFor(calls[0], signalwiretest.Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(hanging)
			<-r.Context().Done()
		})))
		ended := make(chan error)
		doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: server.Transport()}, MaxAttempts: 1}
		go func() {
			_, err := server.Client(signalwire.WithHTTPClient(doer)).DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
			ended <- err
		}()
		_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
		require.NoError(t, err)
		<-hanging
		tb.end()
		require.Error(t, <-ended)
		require.Empty(t, tb.failed())
	}
	require.Eventually(t, func() bool {
		return runtime.NumGoroutine() <= before+1 // with the one that asks
	}, 10*time.Second, 10*time.Millisecond, "more goroutines than the %d before", before)
}
