package signalwire_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// A pair of scripts, one for each method, says how requests are responded to. The
// last response is for all that follow. A response is a status, and a body if it is
// not the API's error; "cut" and "hang" are no response at all.
type pair struct {
	deletes, gets []string
	sent          []string
}

func (s *pair) Do(r *http.Request) (*http.Response, error) {
	s.sent = append(s.sent, r.Method)
	script := &s.deletes
	if r.Method == http.MethodGet {
		script = &s.gets
	}
	if len(*script) == 0 {
		return nil, errors.New("nothing is scripted for " + r.Method)
	}
	now := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	header := []string{"Content-Type", "application/json"}
	status, _ := strconv.Atoi(strings.Fields(now)[0])
	switch kind, what, _ := strings.Cut(now, " "); {
	case kind == "cut":
		return nil, io.ErrUnexpectedEOF
	case kind == "hang":
		<-r.Context().Done()
		return nil, r.Context().Err()
	case what == "html":
		return wiretest.Response(r, status, "<html></html>", "Content-Type", "text/html"), nil
	case kind == "200":
		return wiretest.Response(r, 200, what, header...), nil
	case kind == "204":
		return wiretest.Response(r, 204, ""), nil
	default:
		if after, ok := strings.CutPrefix(what, "after "); ok {
			header = append(header, "Retry-After", after)
		}
		return wiretest.Response(r, status, apiReply(status, 20000+status).body, header...), nil
	}
}

func TestEnsureRemoved(t *testing.T) {
	t.Parallel()
	inProgress, completed := "200 "+conferenceJSON("in-progress"), "200 "+conferenceJSON("completed")
	another := strings.Replace(inProgress, testConference.String(), testProject, 1)
	six := func(response string, then ...string) []string {
		return append([]string{response, response, response, response, response, response}, then...)
	}
	for _, tt := range []struct {
		name          string
		deletes, gets []string
		want          signalwire.Removal
		is            error // or nil
		maybe         bool
		sent          string // the first letters of the methods
	}{
		{"removed", []string{"204"}, nil, signalwire.Removed, nil, false, "D"},
		{"not there", []string{"404"}, []string{inProgress}, signalwire.Absent, nil, false, "DG"},
		{"not there, and it has ended", []string{"404"}, []string{completed}, signalwire.Absent, nil, false, "DG"},
		{"ended", []string{"400"}, []string{completed}, signalwire.Absent, nil, false, "DG"},
		{"ended, says a proxy", []string{"400 html"}, []string{completed}, signalwire.Absent, nil, false, "DG"},
		{"not there after a cut response", []string{"cut", "404"}, []string{inProgress}, signalwire.Removed, nil, false, "DDG"},
		{"ended after a cut response", []string{"cut", "400"}, []string{completed}, signalwire.Removed, nil, false, "DDG"},
		{"ending", []string{"400", "400"}, []string{inProgress, completed}, signalwire.Absent, nil, false, "DGDG"},
		{"refused, then removed", []string{"400", "204"}, []string{inProgress}, signalwire.Removed, nil, false, "DGD"},
		{"removed in the second round", six("503", "204"), nil, signalwire.Removed, nil, false, "DDDDDDD"},
		{"not there in the second round", six("cut", "404"), []string{inProgress}, signalwire.Removed, nil, false, "DDDDDDDG"},
		{"HTML before it", []string{"404 html", "403 html"}, nil, signalwire.RemovalUnknown, signalwire.ErrForbidden, false, "DD"},
		{"HTML, then removed", []string{"404 html", "405 html", "204"}, nil, signalwire.Removed, nil, false, "DDD"},
		{"no response about the conference", []string{"404"}, six("cut", inProgress), signalwire.Absent, nil, false, "DGGGGGGG"},
		{"HTML about the conference", []string{"404"}, []string{"404 html", "200 html", inProgress}, signalwire.Absent, nil, false, "DGGG"},
		{"another conference", []string{"404"}, []string{another, inProgress}, signalwire.Absent, nil, false, "DGG"},
		{"nothing about the conference", []string{"404"}, []string{"200", "200 null", "200 {}", inProgress}, signalwire.Absent, nil, false, "DGGGG"},

		{"unknown conference", []string{"404"}, []string{"404"}, signalwire.RemovalUnknown, signalwire.ErrUnknownConference, false, "DG"},
		{"unknown conference after a cut response", []string{"cut", "404"}, []string{"404"}, signalwire.RemovalUnknown, signalwire.ErrUnknownConference, true, "DDG"},
		{"unknown conference after a 400", []string{"400"}, []string{"404"}, signalwire.RemovalUnknown, signalwire.ErrUnknownConference, false, "DG"},
		{"unauthorized", []string{"401"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnauthorized, false, "D"},
		{"forbidden", []string{"403"}, nil, signalwire.RemovalUnknown, signalwire.ErrForbidden, false, "D"},
		{"unauthorized after a cut response", []string{"cut", "401"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnauthorized, true, "DD"},
		{"the conference is unauthorized", []string{"cut", "404"}, []string{"401"}, signalwire.RemovalUnknown, signalwire.ErrUnauthorized, true, "DDG"},
		{"unprocessable", []string{"422"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnprocessable, false, "D"},
		{"conflict", []string{"409"}, nil, signalwire.RemovalUnknown, signalwire.ErrConflict, false, "D"},
		{"conflict after a cut response", []string{"cut", "409", "204"}, nil, signalwire.Removed, nil, false, "DDD"},
		{"come back in an hour", []string{"503 after 3600"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnavailable, true, "D"},
		{"come back in 30 s", []string{"429 after 30", "204"}, nil, signalwire.Removed, nil, false, "DD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &pair{deletes: tt.deletes, gets: tt.gets}
				client := newMemoryClient(t, &signalwire.Doer{HTTPClient: service})
				removal, err := client.EnsureRemoved(t.Context(), testAccount, testConference, testCall)
				sent := ""
				for _, method := range service.sent {
					sent += method[:1]
				}
				require.Equal(t, tt.want, removal, "%v", err)
				require.Equal(t, tt.sent, sent)
				if tt.is == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.is)
				require.Equal(t, tt.maybe, signalwire.MaybeApplied(err))
				require.NotErrorIs(t, err, signalwire.ErrNotFound)
			})
		})
	}
}

// TestEnsureRemovedGivesUp bounds the time by 60 seconds and by the context, and
// returns the error of the last request.
func TestEnsureRemovedGivesUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		response string
		deadline time.Duration
		least    time.Duration
		text     string
	}{
		{"hangs", "hang", time.Hour, 55 * time.Second, "the request timed out after"},
		{"hangs, with a deadline", "hang", 5 * time.Second, 4 * time.Second, "the request timed out after"},
		{"responds HTML", "404 html", 20 * time.Second, 15 * time.Second, "404 Not Found"},
		{"breaks", "cut", time.Hour, 50 * time.Second, "unexpected EOF"},
		{"a moment", "cut", time.Millisecond, 0, "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				began := time.Now()
				client := newMemoryClient(t, &signalwire.Doer{HTTPClient: &pair{deletes: []string{tt.response}}})
				removal, err := client.EnsureRemoved(ctx, testAccount, testConference, testCall)
				require.Equal(t, signalwire.RemovalUnknown, removal)
				require.ErrorContains(t, err, tt.text)
				require.Equal(t, tt.response != "404 html", signalwire.MaybeApplied(err))
				require.NotErrorIs(t, err, context.DeadlineExceeded, "it gives up before that")
				require.LessOrEqual(t, time.Since(began), min(tt.deadline, time.Minute))
				require.GreaterOrEqual(t, time.Since(began), tt.least)
				require.NoError(t, ctx.Err())
			})
		})
	}
}

// TestEnsureRemovedIsCancelled ends while a request is under way, and while it waits
// for the next round.
func TestEnsureRemovedIsCancelled(t *testing.T) {
	t.Parallel()
	cause := errors.New("the caller hung up")
	for name, response := range map[string]string{"request": "hang", "wait": "429 after 30"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			began := time.Now()
			client := newMemoryClient(t, &signalwire.Doer{HTTPClient: &pair{deletes: []string{response}}})
			removal, err := client.EnsureRemoved(ctx, testAccount, testConference, testCall)
			require.Equal(t, signalwire.RemovalUnknown, removal, name)
			require.ErrorIs(t, err, context.Canceled, name)
			require.ErrorIs(t, err, cause, name)
			var failure *signalwire.TransportError
			require.ErrorAs(t, err, &failure, name)
			require.Equal(t, 1, failure.Attempts, name)
			require.Equal(t, response == "hang", failure.MaybeApplied, name)
			require.Equal(t, time.Second, time.Since(began), name)
		})
	}
}

// TestEnsureRemovedSendsNothing has callers that make a mistake.
func TestEnsureRemovedSendsNothing(t *testing.T) {
	t.Parallel()
	nothing := wiretest.Sender(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	guarded := newMemoryClient(t, &signalwire.Doer{HTTPClient: nothing})
	unguarded, err := signalwire.NewClientWithResponses("https://example.org", signalwire.WithHTTPClient(nothing))
	require.NoError(t, err)
	doer, err := signalwire.NewClientWithResponses("https://example.org", signalwire.WithHTTPClient(&signalwire.Doer{HTTPClient: nothing}))
	require.NoError(t, err)
	wrapped := &signalwire.ClientWithResponses{ClientInterface: struct{ signalwire.ClientInterface }{guarded.ClientInterface}}
	refuses, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(nothing),
		signalwire.WithRequestEditorFn(func(context.Context, *http.Request) error { return errors.New("no token") }))
	require.NoError(t, err)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	const madeByNew = "nothing was sent: EnsureRemoved needs a client that New made"
	for _, tt := range []struct {
		name   string
		client *signalwire.ClientWithResponses
		ctx    context.Context
		call   signalwire.CallSid
		want   string
	}{
		{"NewClientWithResponses", unguarded, t.Context(), testCall, madeByNew},
		{"NewClientWithResponses and a Doer", doer, t.Context(), testCall, madeByNew},
		{"wrapped client", wrapped, t.Context(), testCall, madeByNew},
		{"zero client", &signalwire.ClientWithResponses{}, t.Context(), testCall, madeByNew},
		{"nil context", guarded, nil, testCall, "the context is nil"},
		{"done context", guarded, done, testCall, "context canceled"},
		{"zero SID", guarded, t.Context(), signalwire.CallSid{}, "the call SID is zero"},
		{"editor", refuses, t.Context(), testCall, "no token"},
	} {
		removal, err := tt.client.EnsureRemoved(tt.ctx, testAccount, testConference, tt.call)
		require.Equal(t, signalwire.RemovalUnknown, removal, tt.name)
		require.ErrorContains(t, err, tt.want, tt.name)
		require.False(t, signalwire.MaybeApplied(err), tt.name)
		var failure *signalwire.TransportError
		require.ErrorAs(t, err, &failure, tt.name)
		require.Zero(t, failure.Attempts, tt.name)
	}
}

func TestUnknownConference(t *testing.T) {
	t.Parallel()
	client := newMemoryClient(t, &signalwire.Doer{HTTPClient: &pair{deletes: []string{"404"}, gets: []string{"404"}}})
	_, err := client.EnsureRemoved(t.Context(), testAccount, testConference, testCall)
	var response *signalwire.Error
	require.ErrorAs(t, err, &response)
	require.Equal(t, 404, response.StatusCode)
	for name, sentinel := range allSentinels {
		require.NotErrorIs(t, err, sentinel, name)
	}
	require.EqualError(t, err, "signalwire: 404 Not Found: the account has no such conference: code 20404: m")
	require.Contains(t, response.LogValue().String(), "the account has no such conference")
}

func TestRemovalString(t *testing.T) {
	t.Parallel()
	for removal, want := range map[signalwire.Removal]string{
		signalwire.RemovalUnknown: "unknown", signalwire.Removed: "removed", signalwire.Absent: "absent", 3: "Removal(3)", -1: "Removal(-1)",
	} {
		require.Equal(t, want, removal.String())
	}
}

var schedules = flag.Int("schedules", 10_000, "how many random schedules TestEnsureRemovedModel runs")

// TestEnsureRemovedModel removes over a network that loses, delays, duplicates and
// cuts, from a service whose participants leave and rejoin and whose conferences
// end. What the service keeps is the truth, and knows nothing of the client. A
// third of the schedules are ordinary, a third are calm in the end and must be
// decided, and in a third no DELETE gets a response of the API.
func TestEnsureRemovedModel(t *testing.T) {
	t.Parallel()
	const workers = 2
	var outcomes [3]sync.Map
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			t.Run(fmt.Sprint("worker ", worker), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					for n := worker; n < *schedules && !t.Failed(); n += workers {
						outcome := newWorld(n).run(t)
						count, _ := outcomes[n%3].LoadOrStore(outcome, new(atomic.Int64))
						count.(*atomic.Int64).Add(1)
					}
				})
			})
		})
	}
	group.Wait()
	for kind := range outcomes {
		text := ""
		outcomes[kind].Range(func(outcome, count any) bool {
			text += fmt.Sprintf(" %d %s,", count.(*atomic.Int64).Load(), outcome)
			return true
		})
		t.Logf("%s:%s", scheduleKind(kind), strings.TrimSuffix(text, ","))
	}
}

type scheduleKind int

const (
	ordinary scheduleKind = iota
	calmInTheEnd
	deadDelete
)

func (k scheduleKind) String() string {
	return [...]string{"ordinary", "calm in the end", "dead DELETE"}[k]
}

// A world is one schedule: a service with one conference and one participant of
// interest, and a network before it.
type world struct {
	n      int
	kind   scheduleKind
	random *rand.Rand
	known  bool          // the account has the conference
	began  time.Time     // of the call
	limit  time.Duration // of the context
	cancel time.Duration // when the caller gives up, or 0
	calm   time.Duration // when faults end
	faulty float64       // the share of requests that fail until then

	mu      sync.Mutex
	inside  bool // the participant is in the conference
	outEver bool // since the call began
	ended   time.Time
	applied int  // DELETEs
	sent    int  // requests
	open    int  // DELETEs that may have been carried out, as far as a client can tell
	twice   bool // a DELETE was delivered twice
	log     []string
}

func newWorld(n int) *world {
	r := rand.New(rand.NewPCG(2822, uint64(n)))
	w := &world{n: n, kind: scheduleKind(n % 3), random: r, inside: true}
	w.known = r.IntN(4) > 0
	w.limit = time.Duration(20+r.IntN(50)) * time.Second
	w.faulty = r.Float64()
	switch w.kind {
	case ordinary:
		w.calm = time.Hour
		if r.IntN(3) == 0 {
			w.limit = time.Duration(1+r.IntN(20_000)) * time.Millisecond
		}
		if r.IntN(5) == 0 {
			w.cancel = w.upTo(w.limit)
		}
	case calmInTheEnd:
		w.calm = w.upTo(min(w.limit, time.Minute) * 4 / 10)
	case deadDelete:
		w.calm = time.Hour
	}
	return w
}

func (w *world) upTo(d time.Duration) time.Duration {
	return time.Duration(w.random.Int64N(int64(d)) + 1)
}

// run runs the schedule, and holds what EnsureRemoved returns against the truth.
func (w *world) run(t *testing.T) (outcome string) {
	w.began = time.Now()
	w.live()
	doer := &signalwire.Doer{HTTPClient: wiretest.Sender(w.send)}
	if w.random.IntN(4) == 0 {
		doer.MaxAttempts = 1
	}
	if w.random.IntN(4) == 0 {
		doer.AttemptTimeout = time.Minute
	}
	client := newMemoryClient(t, doer)
	ctx, cancel := context.WithTimeout(t.Context(), w.limit)
	defer cancel()
	if w.cancel > 0 {
		defer time.AfterFunc(w.cancel, cancel).Stop()
	}

	removal, err := client.EnsureRemoved(ctx, testAccount, testConference, testCall)

	w.mu.Lock()
	took, outEver, applied, sent := time.Since(w.began), w.outEver || !w.inside, w.applied, w.sent
	w.logf("returned %s, %v", removal, err)
	w.mu.Unlock()
	time.Sleep(10 * time.Minute) // Until what the network held back has arrived.
	w.mu.Lock()
	defer w.mu.Unlock()
	check := func(holds bool, rule string) {
		if !holds {
			t.Errorf("schedule %d, %s, known %t: %s\n%s", w.n, w.kind, w.known, rule, strings.Join(w.log, "\n"))
		}
	}
	check(took <= min(w.limit, time.Minute), "it ends in time")
	check(w.sent == sent, "nothing is sent after the return")
	check((err != nil) == (removal == signalwire.RemovalUnknown), "an error, or a verdict")
	unknown := errors.Is(err, signalwire.ErrUnknownConference)
	check(!unknown || !w.known, "an unknown conference is unknown")
	check(!errors.Is(err, signalwire.ErrNotFound), "no error reads as already gone")
	var response *signalwire.Error
	var failure *signalwire.TransportError
	check(err == nil || errors.As(err, &response) != errors.As(err, &failure), "every error is of one of the two types")
	if err == nil {
		check(w.known, "the account has the conference")
		check(outEver, "the participant was out at a moment of the call")
	}
	switch {
	case removal == signalwire.Removed:
		check(w.open > 0, "a DELETE was sent that may have removed them")
	case w.twice: // Then the response does not tell what the other copy did.
	case removal == signalwire.Absent:
		check(applied == 0, "no DELETE of this call removed them")
	case !signalwire.MaybeApplied(err):
		check(w.applied == 0, "what was not carried out was not, and will not be")
	}
	if w.kind == calmInTheEnd {
		check(err == nil || unknown, "it is decided")
	}
	switch {
	case unknown:
		return "unknown conferences"
	case err != nil && signalwire.MaybeApplied(err):
		return "errors that may have been applied"
	case err != nil:
		return "errors"
	}
	return removal.String()
}

// live makes the participant leave, rejoin with the same CallSid, and the conference
// end, at random times before and during the call.
func (w *world) live() {
	if w.random.IntN(8) == 0 {
		w.move(false, "left before")
	}
	for range w.random.IntN(4) {
		in := w.random.IntN(2) == 0
		time.AfterFunc(w.upTo(30*time.Second), func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.ended.IsZero() {
				w.move(in, fmt.Sprintf("in by itself: %t", in))
			}
		})
	}
	if w.random.IntN(4) == 0 {
		at := w.upTo(20 * time.Second)
		if w.random.IntN(3) == 0 {
			at = 0
		}
		end := func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.ended = time.Now()
			w.move(false, "the conference ends")
		}
		if at == 0 {
			end()
		} else {
			time.AfterFunc(at, end)
		}
	}
}

func (w *world) move(in bool, why string) {
	w.inside = in
	w.outEver = w.outEver || !in
	w.logf("%s", why)
}

func (w *world) logf(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%10s ", time.Since(w.began))+fmt.Sprintf(format, args...))
}

// A reply is the service's response.
type reply struct {
	status int
	body   string
}

func apiReply(status, code int) reply {
	return reply{status, fmt.Sprintf(`{"code":%d,"message":"m","more_info":"i","status":%d}`, code, status)}
}

// serve is the service: what arrives here is carried out.
func (w *world) serve(method string, staleFor time.Duration) reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.respond(method, staleFor)
	w.logf("the service responds %d to %s", r.status, method)
	return r
}

func (w *world) respond(method string, staleFor time.Duration) reply {
	switch {
	case !w.known:
		return apiReply(404, 20404)
	case method == http.MethodGet:
		status := "in-progress"
		if !w.ended.IsZero() && time.Since(w.ended) >= staleFor {
			status = "completed"
		}
		return reply{200, conferenceJSON(status)}
	case !w.ended.IsZero():
		return apiReply(400, 10000)
	case !w.inside:
		return apiReply(404, 20404)
	}
	w.applied++
	w.open++
	w.move(false, "removed")
	return reply{204, ""}
}

func conferenceJSON(status string) string {
	return fmt.Sprintf(`{"sid":%q,"account_sid":%q,"date_created":"Mon, 24 Sept 2018 21:00:00 +0000","date_updated":"","friendly_name":"f",`+
		`"status":%q,"api_version":"2010-04-01","region":"us1","uri":"/u","subresource_uris":{"participants":"/p","recordings":"/r"}}`,
		testConference, testAccount, status)
}

// send is the network. What becomes of a request is drawn before it is sent.
func (w *world) send(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.sent++
	isDelete := r.Method == http.MethodDelete
	isFaulty := time.Since(w.began) < w.calm && w.random.Float64() < w.faulty || isDelete && w.kind == deadDelete
	fate := fateGood
	if isFaulty {
		fate = fateOf(1 + w.random.IntN(int(fates)-1))
	}
	if isDelete && w.kind == deadDelete && (fate == fateDelayed || fate == fateTwice || fate == fateDenied) {
		fate = fateLost
	}
	if fate == fateDenied && (w.kind == calmInTheEnd || w.random.IntN(10) > 0) {
		fate = fateReset
	}
	travel, back := w.upTo(150*time.Millisecond), w.upTo(150*time.Millisecond)
	later, breaks := w.upTo(40*time.Second), w.upTo(3*time.Second)
	staleFor := time.Duration(w.random.IntN(3)) * time.Second
	before := []int{400, 404, 405, 500, 502, 503, 504}[w.random.IntN(7)]
	after := []int{200, 302, 500, 502, 504}[w.random.IntN(5)]
	asked, second := []int{429, 500, 503}[w.random.IntN(3)], w.random.IntN(2) == 0
	retryAfter := []string{"", "", "1", "5"}[w.random.IntN(4)]
	refuses := fate == fateProxy && before < 500 || fate == fateBusy && asked < 500
	if isDelete && fate != fateGood && fate != fateRefused && fate != fateDenied && !refuses {
		w.open++
	}
	w.twice = w.twice || isDelete && fate == fateTwice
	w.logf("%s: %s", r.Method, fate)
	w.mu.Unlock()

	ctx := r.Context()
	html := func(status int) (*http.Response, error) {
		return wiretest.Response(r, status, "<html></html>", "Content-Type", "text/html", "Location", "https://example.org/"), nil
	}
	replies := make(chan reply, 2)
	arrive := func(after time.Duration, heard bool) {
		time.AfterFunc(after, func() {
			if got := w.serve(r.Method, staleFor); heard {
				time.AfterFunc(back, func() { replies <- got })
			}
		})
	}
	wait := func(d time.Duration) error {
		select {
		case <-ctx.Done():
			w.mu.Lock()
			defer w.mu.Unlock()
			w.open++ // The client hears nothing of the rest.
			return ctx.Err()
		case <-time.After(d):
			return nil
		}
	}
	switch fate {
	case fateRefused:
		if trace := httptrace.ContextClientTrace(ctx); trace != nil && trace.GetConn != nil {
			trace.GetConn("example.signalwire.com:443")
		}
		if err := wait(travel); err != nil {
			return nil, err
		}
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case fateLost:
		<-ctx.Done()
		return nil, ctx.Err()
	case fateReset:
		if err := wait(breaks); err != nil {
			return nil, err
		}
		return nil, syscall.ECONNRESET
	case fateProxy:
		if err := wait(travel); err != nil {
			return nil, err
		}
		return html(before)
	case fateBusy:
		if err := wait(travel); err != nil {
			return nil, err
		}
		response := wiretest.Response(r, asked, apiReply(asked, 20504).body, "Content-Type", "application/json")
		if retryAfter != "" {
			response.Header.Set("Retry-After", retryAfter)
		}
		return response, nil
	case fateDenied:
		if err := wait(travel); err != nil {
			return nil, err
		}
		return wiretest.Response(r, 401, apiReply(401, 20003).body, "Content-Type", "application/json"), nil
	case fateDelayed:
		arrive(later, true)
	case fateTwice:
		arrive(travel, !second)
		arrive(breaks, second)
	default:
		arrive(travel, true)
	}
	select {
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		w.open++
		return nil, ctx.Err()
	case got := <-replies:
		response := wiretest.Response(r, got.status, got.body, "Content-Type", "application/json")
		switch fate {
		case fateCut:
			return nil, io.ErrUnexpectedEOF
		case fateCutBody:
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader(got.body[:len(got.body)/2]), cutReader{}))
			if got.status == 204 {
				return nil, io.EOF
			}
		case fateReplaced:
			return html(after)
		case fateSilent:
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return response, nil
	}
}

type cutReader struct{}

func (cutReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A fateOf a request says what the network does with it.
type fateOf int

const (
	fateGood     fateOf = iota
	fateRefused         // no connection
	fateLost            // it never arrives, and nothing comes
	fateReset           // it never arrives, and the connection breaks
	fateProxy           // HTML from a proxy, and it never arrives
	fateBusy            // the API does nothing with it
	fateDenied          // the API responds 401
	fateCut             // it arrives, and the connection breaks before the response
	fateCutBody         // or within it
	fateReplaced        // it arrives, and a proxy replaces the response
	fateSilent          // it arrives, and no response comes
	fateDelayed         // it arrives late
	fateTwice           // it arrives twice
	fates
)

func (f fateOf) String() string {
	return [...]string{"good", "refused", "lost", "reset", "proxy", "busy", "denied", "cut", "body cut", "replaced", "silent", "delayed", "twice"}[f]
}
