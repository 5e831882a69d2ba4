package wiretest

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// A Ledger compares what a server carried out with what calls reported. Each
// call removes a participant of its own.
type Ledger struct {
	Requests atomic.Int64
	open     sync.Map // by call SID, an *atomic.Bool: whether it was carried out
	current  atomic.Pointer[atomic.Bool]

	mu               sync.Mutex
	calls, Successes int
	falseSuccesses   int // reported, and not carried out
	Unknown          int // may have been carried out, says the error
	denied           []*atomic.Bool
	errors           map[string]int
	Longest          time.Duration
	Began            time.Time
}

// NewLedger returns an empty Ledger.
func NewLedger() *Ledger { return &Ledger{errors: map[string]int{}, Began: time.Now()} }

// CarryOut is for the server.
func (l *Ledger) CarryOut(r *http.Request) {
	if r.Method != http.MethodDelete {
		return // Whoever follows a redirect ends here.
	}
	if done, ok := l.open.Load(path.Base(r.URL.Path)); ok {
		done.(*atomic.Bool).Store(true)
	}
}

// CarryOutCurrent is for a server that has one caller.
func (l *Ledger) CarryOutCurrent() { l.current.Load().Store(true) }

// Remove makes one call.
func (l *Ledger) Remove(t testing.TB, client *signalwire.ClientWithResponses) {
	account, _ := signalwire.ParseAccountSid(uuid.NewString())
	conference, _ := signalwire.ParseConferenceSid(uuid.NewString())
	call, _ := signalwire.ParseCallSid(uuid.NewString())
	done, began := new(atomic.Bool), time.Now()
	l.open.Store(call.String(), done)
	l.current.Store(done)
	_, err := client.DeleteParticipantWithResponse(t.Context(), account, conference, call)

	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.Longest = max(l.Longest, time.Since(began))
	var responded *signalwire.Error
	var failed *signalwire.TransportError
	var maybeApplied bool
	switch {
	case err == nil:
		l.Successes++
		if !done.Load() {
			l.falseSuccesses++
		}
		l.open.Delete(call.String())
		return
	case errors.As(err, &responded):
		maybeApplied = responded.MaybeApplied
		l.errors[fmt.Sprintf("%d, unexpected %t", responded.StatusCode, errors.Is(err, signalwire.ErrUnexpectedResponse))]++
	case errors.As(err, &failed):
		maybeApplied = failed.MaybeApplied
		l.errors[fmt.Sprintf("no complete response, timeout %v", failed.Timeout())]++
	default:
		l.errors[err.Error()]++
	}
	if maybeApplied {
		l.Unknown++
		l.open.Delete(call.String())
	} else {
		l.denied = append(l.denied, done) // It must not be carried out later either.
	}
}

// RemoveAll makes calls from a number of callers.
func (l *Ledger) RemoveAll(t testing.TB, client *signalwire.ClientWithResponses, callers, calls int) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for next.Add(1) <= int64(calls) {
				l.Remove(t, client)
			}
		})
	}
	group.Wait()
}

// RequireTruth wants no false success, and no error that denies what was
// carried out. The server must have ended.
func (l *Ledger) RequireTruth(t testing.TB) {
	t.Helper()
	silent := 0
	for _, done := range l.denied {
		if done.Load() {
			silent++
		}
	}
	t.Logf("%d calls, %d removed, %d false successes, %d unknown, %d denied of which %d were carried out; %d requests, Longest call %v, %v in all; errors %v",
		l.calls, l.Successes, l.falseSuccesses, l.Unknown, len(l.denied), silent,
		l.Requests.Load(), l.Longest.Round(time.Millisecond), time.Since(l.Began).Round(time.Millisecond), l.errors)
	require.Positive(t, l.Successes)
	require.Zero(t, l.falseSuccesses, "removals that were reported and not carried out")
	require.Zero(t, silent, "removals that were carried out although the error says that they were not")
}
