package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// asProgram makes the test binary be the program, so that the tests run it as
// a person does.
const asProgram = "TEST_BINARY_IS_DELETE_PARTICIPANT"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

const (
	sandboxConference = "6bedb027-7327-55fd-bb8d-f0f1237a0b3d"
	someCall          = "4017af47-43d8-5f07-96eb-a1a3290c39b1"
	otherCall         = "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"
)

// serviceName is the name of every service. Its credentials and SIDs are made
// from it.
const serviceName = "delete-participant"

// imitated has the credentials of every service.
var imitated = signalwiretest.NewHandler(serviceName)

// A service is the test handler on a loopback address, behind something that a
// test may put before it.
type service struct {
	*signalwiretest.Handler
	conference signalwire.ConferenceSid
	calls      []string
	mu         sync.Mutex
	read       http.HandlerFunc // takes each GET, unless it is nil; see onRead
	reads      atomic.Int64     // GETs
	requests   atomic.Int64     // DELETEs
	underWay   atomic.Int64
	most       atomic.Int64 // that were under way at a time
	url        string
}

// newService has a conference named stand-up with so many participants. What comes
// before the handler gets the DELETEs.
func newService(t *testing.T, participants int, before func(*service) http.HandlerFunc) *service {
	t.Helper()
	return newServiceOf(t, make([]signalwiretest.Participant, participants), before)
}

func newServiceOf(t *testing.T, participants []signalwiretest.Participant, before func(*service) http.HandlerFunc) *service {
	t.Helper()
	s := &service{Handler: signalwiretest.NewHandler(serviceName)}
	conference, calls := s.Add(signalwiretest.Conference{FriendlyName: "stand-up", Participants: participants})
	s.conference = conference
	for _, call := range calls {
		s.calls = append(s.calls, call.String())
	}
	var handler http.Handler = s.Handler
	if before != nil {
		handler = before(s)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		read := s.read
		s.mu.Unlock()
		defer func() { s.mu.Lock(); s.mu.Unlock() }() //nolint:staticcheck // What this request did comes before the next.
		if r.Method == http.MethodGet {
			s.reads.Add(1)
			if read != nil {
				read(w, r)
				return
			}
			s.Handler.ServeHTTP(w, r)
			return
		}
		s.requests.Add(1)
		defer s.underWay.Add(-1)
		for n, most := s.underWay.Add(1), s.most.Load(); n > most && !s.most.CompareAndSwap(most, n); {
			most = s.most.Load()
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + signalwiretest.BasePath
	return s
}

// onRead has the handler take each GET from now on.
func (s *service) onRead(read http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read = read
}

// args are the arguments that remove the service's participants, or others.
func (s *service) args(flags []string, calls ...string) []string {
	args := append([]string{"-base-url", s.url}, flags...)
	return append(append(args, s.conference.String()), calls...)
}

// writeError responds in the API's error shape.
func writeError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%d,"message":"made up","more_info":"none","status":%d}`, 10000+status, status)
}

func writeJSON(w io.Writer, value any) {
	if err := json.NewEncoder(w).Encode(value); err != nil {
		panic(err)
	}
}

func conferenceOf(sid string, status signalwire.ConferenceStatus) signalwire.ConferenceResponse {
	conference := signalwire.ConferenceResponse{AccountSid: imitated.Account(), Status: status}
	if err := conference.Sid.UnmarshalText([]byte(sid)); err != nil {
		panic(err)
	}
	return conference
}

// always responds to everything with the status.
func always(status int) func(*service) http.HandlerFunc {
	return func(*service) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { writeError(w, status) }
	}
}

func callOf(r *http.Request) string { return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] }

// A hold keeps the requests that arrive until a test lets them go on.
type hold struct {
	arrived chan string // the call that a request is about
	release chan struct{}
}

func newHold() *hold { return &hold{make(chan string), make(chan struct{})} }

func (h *hold) before(s *service) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case h.arrived <- callOf(r):
		case <-r.Context().Done():
			return
		}
		select {
		case <-h.release:
			s.Handler.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}

// next waits for a request, and fails if the program ends without one.
func (h *hold) next(t *testing.T, p *program) string {
	t.Helper()
	select {
	case call := <-h.arrived:
		return call
	case <-p.ended:
		require.FailNow(t, "the program ended without another request", p.stderr.String())
		return ""
	}
}

// letGo lets one request go on, and fails if the program ends first.
func (h *hold) letGo(t *testing.T, p *program) {
	t.Helper()
	select {
	case h.release <- struct{}{}:
	case <-p.ended:
		require.FailNow(t, "the program ended without a request to let go", p.stderr.String())
	}
}

func credentials() []string {
	return []string{
		"SIGNALWIRE_SPACE=example",
		"SIGNALWIRE_PROJECT_ID=" + imitated.ProjectID(),
		"SIGNALWIRE_API_TOKEN=" + imitated.APIToken(),
	}
}

// A transcript is what a program has written until now.
type transcript struct {
	mu      sync.Mutex
	text    strings.Builder
	changed chan struct{}
}

func newTranscript() *transcript { return &transcript{changed: make(chan struct{}, 1)} }

func (tr *transcript) Write(p []byte) (int, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	select {
	case tr.changed <- struct{}{}:
	default:
	}
	return tr.text.Write(p)
}

func (tr *transcript) String() string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.text.String()
}

// A program is this one while it runs.
type program struct {
	*exec.Cmd
	stdout, stderr *transcript
	ended          chan struct{} // closed when it has ended
}

// prepare returns the program with these arguments, and with nothing of this
// process's environment. It ends after a minute; it should take a second.
func prepare(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	p := &program{exec.CommandContext(ctx, executable, args...), newTranscript(), newTranscript(), make(chan struct{})}
	p.Stdout, p.Stderr = p.stdout, p.stderr
	p.Env = append([]string{
		asProgram + "=1",
		"GOCOVERDIR=" + cmp.Or(os.Getenv("GOCOVERDIR"), t.TempDir()), // Or -cover writes to standard error.
		"GORACE=atexit_sleep_ms=0",                                   // Or -race makes each run a second longer.
	}, env...)
	return p
}

func (p *program) start(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Start())
	go func() {
		_ = p.Wait()
		close(p.ended)
	}()
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	p := prepare(t, credentials(), args...)
	p.start(t)
	return p
}

// waitFor waits until a transcript has the text in it, and fails if the program
// ends without.
func (p *program) waitFor(t *testing.T, in *transcript, text string) {
	t.Helper()
	for !strings.Contains(in.String(), text) {
		select {
		case <-in.changed:
		case <-p.ended:
			require.Contains(t, in.String(), text, "the program ended")
		}
	}
}

type ending struct {
	status         int
	stdout, stderr string
}

// end waits for the program's end, and checks what holds of every run.
func (p *program) end(t *testing.T) ending {
	t.Helper()
	<-p.ended
	got := ending{p.ProcessState.ExitCode(), p.stdout.String(), p.stderr.String()}
	for _, not := range []string{imitated.APIToken(), "Basic ", "panic"} {
		require.NotContains(t, got.stdout+got.stderr, not)
	}
	return got
}

func runProgram(t *testing.T, env []string, stdin string, args ...string) ending {
	t.Helper()
	p := prepare(t, env, args...)
	p.Stdin = strings.NewReader(stdin)
	p.start(t)
	return p.end(t)
}

// writeAll writes to a program's standard input until it ends.
func (p *program) writeAll(t *testing.T, stdin io.Writer, text string) {
	t.Helper()
	_, err := io.WriteString(stdin, text)
	require.NoError(t, err, p.stderr.String())
}

var resultLine = regexp.MustCompile(`^([0-9a-f-]{36})  (removed|absent|failed|unknown|not tried)(?:: (.+))?$`)

// outcomes are the results by call SID, of text or JSON. Every line is one, and
// none comes twice.
func outcomes(t *testing.T, output string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "{") {
			parsed, _, err := parseResult(line)
			require.NoError(t, err)
			line = parsed.text()
		}
		match := resultLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		require.NotNil(t, match, line)
		require.Empty(t, found[match[1]], line)
		found[match[1]] = match[2]
	}
	return found
}

func count(outcomes map[string]string, outcome string) int {
	n := 0
	for _, o := range outcomes {
		if o == outcome {
			n++
		}
	}
	return n
}
