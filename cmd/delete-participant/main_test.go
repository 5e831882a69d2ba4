package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
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
	sandboxConference = "7ac8c667-c36a-40a5-8bf9-c736c724fc3e"
	someCall          = "6169fd0a-ce8c-456f-997b-58a140fe8e37"
)

// serviceName is the name of every service. Its credentials and SIDs are made
// from it.
const serviceName = "delete-participant"

var account = signalwiretest.NewHandler(serviceName)

// A service is the test handler on a loopback address, behind something that a
// test may put before it.
type service struct {
	*signalwiretest.Handler
	conference signalwire.ConferenceSid
	calls      []string
	requests   atomic.Int64
	underWay   atomic.Int64
	most       atomic.Int64 // that were under way at a time
	url        string
}

func newService(t *testing.T, participants int, before func(*service) http.HandlerFunc) *service {
	t.Helper()
	s := &service{Handler: signalwiretest.NewHandler(serviceName)}
	conference, calls := s.AddConference(participants)
	s.conference = conference
	for _, call := range calls {
		s.calls = append(s.calls, call.String())
	}
	var handler http.Handler = s.Handler
	if before != nil {
		handler = before(s)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

// args are the arguments that remove the service's participants, or others.
func (s *service) args(flags []string, calls ...string) []string {
	args := append([]string{"-base-url", s.url}, flags...)
	return append(append(args, s.conference.String()), calls...)
}

func credentials() []string {
	return []string{
		"SIGNALWIRE_SPACE=example",
		"SIGNALWIRE_PROJECT_ID=" + account.ProjectID(),
		"SIGNALWIRE_API_TOKEN=" + account.APIToken(),
	}
}

// command is the program with these arguments, and with nothing of this
// process's environment.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // It takes a second.
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, executable, args...)
	cmd.Env = append([]string{
		asProgram + "=1",
		"GOCOVERDIR=" + cmp.Or(os.Getenv("GOCOVERDIR"), t.TempDir()), // Or -cover writes to standard error.
		"GORACE=atexit_sleep_ms=0",                                   // Or -race makes each run a second longer.
	}, env...)
	return cmd
}

type ending struct {
	status         int
	stdout, stderr string
}

func runProgram(t *testing.T, env []string, stdin string, args ...string) ending {
	t.Helper()
	cmd := command(t, env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	_ = cmd.Run()
	return end(t, cmd, stdout.String(), stderr.String())
}

// end checks what holds of every run.
func end(t *testing.T, cmd *exec.Cmd, stdout, stderr string) ending {
	t.Helper()
	require.NotContains(t, stdout+stderr, account.APIToken())
	require.NotContains(t, stdout+stderr, "Basic ")
	require.NotContains(t, stdout+stderr, "panic")
	return ending{cmd.ProcessState.ExitCode(), stdout, stderr}
}

var resultLine = regexp.MustCompile(`^([0-9a-f-]{36})  (removed|not found|failed|unknown|not tried)(?:: (.+))?$`)

// outcomes are the results by call SID. Every line is one, and none comes
// twice.
func outcomes(t *testing.T, output string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for line := range strings.Lines(output) {
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

func TestRemovesAndReports(t *testing.T) {
	t.Parallel()
	s := newService(t, 3, nil)
	other := "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"
	got := runProgram(t, credentials(), "", s.args(nil, s.calls[0], other, s.calls[2])...)
	require.Equal(t, 1, got.status)
	require.Equal(t, map[string]string{s.calls[0]: "removed", other: "not found", s.calls[2]: "removed"}, outcomes(t, got.stdout))
	require.Equal(t, "3 participants: 2 removed, 1 not found\n", got.stderr)
	require.Len(t, s.Participants(s.conference), 1)

	again := runProgram(t, credentials(), "", s.args([]string{"-ignore-missing"}, s.calls[0], s.calls[1])...)
	require.Equal(t, 0, again.status)
	require.Equal(t, map[string]string{s.calls[0]: "not found", s.calls[1]: "removed"}, outcomes(t, again.stdout))
}

func TestAccountIsTheProjectUnlessGiven(t *testing.T) {
	t.Parallel()
	paths := make(chan string, 2)
	s := newService(t, 1, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			paths <- r.URL.Path
			s.Handler.ServeHTTP(w, r)
		}
	})
	const subproject = "D2C7A9B4-13E5-4F68-8A0B-7C9D1E2F3A4B"
	runProgram(t, credentials(), "", s.args([]string{"-account", subproject}, s.calls...)...)
	require.Contains(t, <-paths, "/Accounts/"+strings.ToLower(subproject)+"/")
	runProgram(t, credentials(), "", s.args(nil, s.calls...)...)
	require.Contains(t, <-paths, "/Accounts/"+account.ProjectID()+"/")
}

// writeError answers in the API's error shape.
func writeError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%d,"message":"made up","more_info":"none","status":%d}`, 10000+status, status)
}

func callOf(r *http.Request) string { return r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:] }

func TestThousandParticipants(t *testing.T) {
	t.Parallel()
	var failing sync.Map
	s := newService(t, 1000, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if _, fails := failing.Load(callOf(r)); fails {
				writeError(w, http.StatusUnprocessableEntity)
				return
			}
			s.Handler.ServeHTTP(w, r)
		}
	})
	for i := 0; i < len(s.calls); i += 10 {
		failing.Store(s.calls[i], true)
	}
	got := runProgram(t, credentials(), strings.Join(s.calls, "\n"), s.args(nil, "-")...)
	require.Equal(t, 1, got.status)
	found := outcomes(t, got.stdout)
	left := s.Participants(s.conference)
	require.Len(t, found, 1000)
	require.Len(t, left, 100)
	require.Equal(t, 900, count(found, "removed"))
	for _, call := range left {
		require.Equal(t, "failed", found[call.String()])
	}
	require.EqualValues(t, 1000, s.requests.Load())
	require.LessOrEqual(t, s.most.Load(), int64(8))
	require.True(t, strings.HasPrefix(got.stderr, "1000 participants: 900 removed, 100 failed\n"), got.stderr)
	require.NotContains(t, got.stderr, "\r", "no progress without a terminal")
}

func TestParallelIsBounded(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan string), make(chan struct{})
	s := newService(t, 50, holdBack(arrived, release))
	cmd := command(t, credentials(), s.args([]string{"-parallel", "3"}, s.calls...)...)
	require.NoError(t, cmd.Start())
	for range 3 { // They are under way at the same time.
		<-arrived
	}
	for range 47 {
		release <- struct{}{}
		<-arrived
	}
	close(release)
	require.NoError(t, cmd.Wait())
	require.EqualValues(t, 3, s.most.Load())
	require.Empty(t, s.Participants(s.conference))
}

// holdBack says which call a request is about, and answers it when it is told
// to.
func holdBack(arrived chan<- string, release <-chan struct{}) func(*service) http.HandlerFunc {
	return func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			select {
			case arrived <- callOf(r):
			case <-r.Context().Done():
				return
			}
			select {
			case <-release:
				s.Handler.ServeHTTP(w, r)
			case <-r.Context().Done():
			}
		}
	}
}

func TestUnknownAndAmbiguous(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := make(map[string]bool)
	s := newService(t, 4, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			call := callOf(r)
			mu.Lock()
			first := !seen[call]
			seen[call] = true
			mu.Unlock()
			switch {
			case call == s.calls[0]: // No answer, ever.
				panic(http.ErrAbortHandler)
			case call == s.calls[1] && first: // It was carried out, and nobody heard.
				s.Handler.ServeHTTP(httptest.NewRecorder(), r)
				writeError(w, http.StatusServiceUnavailable)
			case call == s.calls[2]: // Not the API.
				http.NotFound(w, r)
			default:
				s.Handler.ServeHTTP(w, r)
			}
		}
	})
	got := runProgram(t, credentials(), "", s.args([]string{"-v"}, s.calls...)...)
	require.Equal(t, 1, got.status)
	require.Equal(t, map[string]string{
		s.calls[0]: "unknown", s.calls[1]: "not found", s.calls[2]: "failed", s.calls[3]: "removed",
	}, outcomes(t, got.stdout))
	require.Regexp(t, s.calls[0]+`  unknown: no complete response after 3 attempts \(the request may have been carried out\): `, got.stdout)
	require.Contains(t, got.stdout, s.calls[1]+"  not found: an earlier attempt may have removed it\n")
	require.Contains(t, got.stderr, "4 participants: 1 removed, 1 not found, 1 failed, 1 unknown\n")
	require.Contains(t, got.stderr, "check SIGNALWIRE_SPACE, -base-url")
	require.Contains(t, got.stderr, "with -ignore-missing")

	require.Regexp(t, `(?m)^`+s.calls[0]+`  attempt 3, .*: DELETE no complete response`, got.stderr)
	require.Regexp(t, `(?m)^`+s.calls[1]+`  attempt 1, .*: DELETE 503 Service Unavailable .*; again in \d+(ms|µs|s)$`, got.stderr)
	require.Regexp(t, `(?m)^`+s.calls[3]+`  attempt 1, .*: DELETE 204 No Content$`, got.stderr)
}

func TestRefusedCredentialsStopTheRest(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		s := newService(t, 1000, func(*service) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { writeError(w, status) }
		})
		got := runProgram(t, credentials(), strings.Join(s.calls, "\n"), s.args([]string{"-parallel", "4"}, "-")...)
		require.Equal(t, 1, got.status)
		found := outcomes(t, got.stdout)
		require.Len(t, found, 1000)
		require.LessOrEqual(t, s.requests.Load(), int64(4))
		require.EqualValues(t, s.requests.Load(), count(found, "failed"))
		require.EqualValues(t, 1000-s.requests.Load(), count(found, "not tried"))
		require.Equal(t, 1, strings.Count(got.stderr, "check SIGNALWIRE_PROJECT_ID, SIGNALWIRE_API_TOKEN and -account"))
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	s := newService(t, 3, func(s *service) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if callOf(r) == s.calls[1] {
				writeError(w, http.StatusUnprocessableEntity)
				return
			}
			s.Handler.ServeHTTP(w, r)
		}
	})
	other := "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"
	got := runProgram(t, credentials(), "", s.args([]string{"-json", "-ignore-missing", "-parallel", "1"}, s.calls[0], s.calls[1], other)...)
	require.Equal(t, 1, got.status)
	var results []map[string]any
	for line := range strings.Lines(got.stdout) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		results = append(results, fields)
	}
	conference := s.conference.String()
	require.Equal(t, []map[string]any{
		{"conference_sid": conference, "call_sid": s.calls[0], "outcome": "removed", "done": true},
		{
			"conference_sid": conference, "call_sid": s.calls[1], "outcome": "failed", "done": false, "status": 422.0,
			"code": 10422.0, "attempts": 1.0, "reason": "422 Unprocessable Entity: code 10422: made up",
		},
		{
			"conference_sid": conference, "call_sid": other, "outcome": "not found", "done": true, "status": 404.0,
			"code": 20404.0, "attempts": 1.0,
		},
	}, results)
}

func TestDryRunSendsNothing(t *testing.T) {
	t.Parallel()
	s := newService(t, 20, nil)
	got := runProgram(t, credentials(), "", s.args([]string{"-dry-run"}, s.calls...)...)
	require.Equal(t, 0, got.status)
	require.Equal(t, 20, count(outcomes(t, got.stdout), "not tried"))
	require.Equal(t, "20 participants: 20 not tried\n", got.stderr)
	require.Zero(t, s.requests.Load())
	require.Equal(t, 2, runProgram(t, credentials(), "", s.args([]string{"-dry-run"}, "CA123")...).status)
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	s := newService(t, 4, nil)
	stdin := "\ufeff# who has to leave\r\n\r\n" + s.calls[0] + "\r\n  " + s.calls[1] + "  # Alice\r\n\t\n" +
		strings.ToUpper(s.calls[0]) + "\n" + s.calls[2]
	got := runProgram(t, credentials(), stdin, s.args(nil, s.calls[3], "-", s.calls[3])...)
	require.Equal(t, 0, got.status, got.stderr)
	require.Equal(t, 4, count(outcomes(t, got.stdout), "removed"))
	require.EqualValues(t, 4, s.requests.Load(), "each once")
	require.Contains(t, got.stderr, "2 call SIDs")
}

func TestBadInputIsNamedAndNothingIsSent(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	conference := s.conference.String()
	for _, tt := range []struct {
		name  string
		args  []string
		stdin string
		want  []string
	}{
		{"unknown flag", []string{"-token", "x"}, "", []string{"-token", "delete-participant -h"}},
		{"too few", []string{conference}, "", []string{"at least one call SID"}},
		{"friendly name", []string{"stand-up", s.calls[0]}, "", []string{"argument 1: the conference SID is not a UUID"}},
		{"all of them", []string{conference, "CA4017af4743d85f0796eba1a3290c39b1", s.calls[0], "x"}, "", []string{"argument 2: the call SID looks like one of Twilio's", "argument 4: the call SID is not a UUID"}},
		{"conference again", []string{conference, strings.ToUpper(conference)}, "", []string{"argument 2: this is the conference SID again"}},
		{"late flag", []string{conference, s.calls[0], "-v"}, "", []string{"argument 3: flags come before"}},
		{"two inputs", []string{conference, "-", "-"}, s.calls[0], []string{"argument 3: - can be given once"}},
		{"lines", []string{conference, "-"}, s.calls[0] + "\r\n# x\r\n\r\nbad\r\n" + s.calls[0] + "x\r\n", []string{"standard input, line 4: ", "standard input, line 5: "}},
		{"arguments and lines", []string{conference, "bad", "-"}, "bad\n", []string{"argument 2: ", "standard input, line 1: "}},
		{"many", []string{conference, "-"}, strings.Repeat("bad\n", 1000), []string{"line 1: ", "line 10: ", "and 990 more"}},
		{"long line", []string{conference, "-"}, s.calls[0] + "\n" + strings.Repeat("x", 1<<20), []string{"standard input, line 2: longer"}},
		{"empty input", []string{conference, "-"}, "# nobody\n", []string{"standard input: there is no call SID"}},
		{"parallel 0", []string{"-parallel", "0", conference, s.calls[0]}, "", []string{"-parallel is 0; give a number from 1 to 64"}},
		{"parallel 65", []string{"-parallel", "65", "-timeout", "-1s", conference, s.calls[0]}, "", []string{"-parallel is 65", "-timeout is -1s"}},
		{"account", []string{"-account", account.APIToken(), conference, s.calls[0]}, "", []string{"-account: the account SID is not a UUID"}},
		{"plain http", []string{"-base-url", "http://example.com", conference, s.calls[0]}, "", []string{"neither https nor http on a loopback address"}},
		{"sandbox", []string{"-sandbox", "-account", account.ProjectID()}, "", []string{"leave out -account"}},
		{"sandbox with a name", []string{"-sandbox", "stand-up", s.calls[0]}, "", []string{"argument 1: the conference SID is not a UUID"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			args := tt.args
			if !slices.Contains(args, "-sandbox") {
				args = append([]string{"-base-url", s.url}, args...)
			}
			got := runProgram(t, credentials(), tt.stdin, args...)
			require.Equal(t, 2, got.status, got.stderr)
			require.Empty(t, got.stdout)
			for _, want := range tt.want {
				require.Contains(t, got.stderr, want)
			}
			require.NotContains(t, got.stderr, "line 11: ")
			require.Zero(t, s.requests.Load())
		})
	}
}

func TestMissingEnvironment(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {sandboxConference, someCall}, {sandboxConference, "-"}} {
		got := runProgram(t, []string{"SIGNALWIRE_SPACE="}, "", args...)
		require.Equal(t, 2, got.status)
		require.Empty(t, got.stdout)
		for _, want := range []string{"SIGNALWIRE_SPACE", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN", "-sandbox"} {
			require.Contains(t, got.stderr, want)
		}
	}
	require.Contains(t, runProgram(t, nil, "").stderr, "at least one call SID")
	swapped := []string{"SIGNALWIRE_SPACE=example", "SIGNALWIRE_PROJECT_ID=" + account.APIToken(), "SIGNALWIRE_API_TOKEN=" + account.ProjectID()}
	got := runProgram(t, swapped, "", sandboxConference, someCall)
	require.Equal(t, 2, got.status)
	require.Contains(t, got.stderr, "the project ID is not a UUID")
}

// An interruptible is the program while it runs.
type interruptible struct {
	*exec.Cmd
	stdin  io.WriteCloser
	stdout bytes.Buffer
	stderr *bufio.Reader
	read   strings.Builder
}

func start(t *testing.T, args ...string) *interruptible {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("one process cannot interrupt another there")
	}
	p := &interruptible{Cmd: command(t, credentials(), args...)}
	p.Stdout = &p.stdout
	var err error
	p.stdin, err = p.StdinPipe()
	require.NoError(t, err)
	stderr, err := p.StderrPipe()
	require.NoError(t, err)
	p.stderr = bufio.NewReader(stderr)
	require.NoError(t, p.Start())
	return p
}

// waitFor reads standard error up to a line that has the text in it.
func (p *interruptible) waitFor(t *testing.T, text string) {
	t.Helper()
	for {
		line, err := p.stderr.ReadString('\n')
		p.read.WriteString(line)
		require.NoError(t, err, p.read.String())
		if strings.Contains(line, text) {
			return
		}
	}
}

func (p *interruptible) end(t *testing.T) ending {
	t.Helper()
	_, err := io.Copy(&p.read, p.stderr)
	require.NoError(t, err)
	_ = p.Wait()
	return end(t, p.Cmd, p.stdout.String(), p.read.String())
}

func TestInterruptLetsRequestsUnderWayEnd(t *testing.T) {
	t.Parallel()
	for signal, status := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			arrived, release := make(chan string), make(chan struct{})
			s := newService(t, 20, holdBack(arrived, release))
			p := start(t, s.args([]string{"-parallel", "2"}, s.calls...)...)
			first, second := <-arrived, <-arrived
			require.NoError(t, p.Process.Signal(signal))
			p.waitFor(t, "interrupted: waiting for 2 requests under way; interrupt again to give up")
			close(release)
			got := p.end(t)

			require.Equal(t, status, got.status)
			found := outcomes(t, got.stdout)
			require.Len(t, found, 20)
			require.Equal(t, "removed", found[first])
			require.Equal(t, "removed", found[second])
			require.Equal(t, 18, count(found, "not tried"))
			require.EqualValues(t, 2, s.requests.Load())
			require.Len(t, s.Participants(s.conference), 18)
		})
	}
}

func TestSecondInterruptGivesUp(t *testing.T) {
	t.Parallel()
	arrived := make(chan string)
	s := newService(t, 20, holdBack(arrived, nil))
	p := start(t, s.args([]string{"-parallel", "2"}, s.calls...)...)
	first, second := <-arrived, <-arrived
	require.NoError(t, p.Process.Signal(os.Interrupt))
	p.waitFor(t, "interrupted")
	require.NoError(t, p.Process.Signal(os.Interrupt))
	got := p.end(t)

	require.Equal(t, 130, got.status)
	found := outcomes(t, got.stdout)
	require.Len(t, found, 20)
	require.Equal(t, "unknown", found[first])
	require.Equal(t, "unknown", found[second])
	require.Equal(t, 18, count(found, "not tried"))
	require.EqualValues(t, 2, s.requests.Load())
}

func TestInterruptWhileReading(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	p := start(t, s.args(nil, s.calls[0], "-")...)
	// More than a pipe holds, so the program is reading when this returns.
	_, err := io.WriteString(p.stdin, strings.Repeat("\n", 1<<19))
	require.NoError(t, err)
	require.NoError(t, p.Process.Signal(os.Interrupt))
	got := p.end(t)
	require.Equal(t, 130, got.status)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "interrupted while reading standard input; nothing was sent")
	require.Zero(t, s.requests.Load())
}

func TestTimeoutWhileReading(t *testing.T) {
	t.Parallel()
	s := newService(t, 1, nil)
	p := start(t, s.args([]string{"-timeout", "10ms"}, s.calls[0], "-")...)
	got := p.end(t)
	require.Equal(t, 1, got.status)
	require.Empty(t, got.stdout)
	require.Contains(t, got.stderr, "the -timeout of 10ms is over, and standard input has not ended; nothing was sent")
	require.Zero(t, s.requests.Load())
}

func TestTimeoutEndsTheRun(t *testing.T) {
	t.Parallel()
	arrived := make(chan string, 1)
	s := newService(t, 3, holdBack(arrived, nil))
	got := runProgram(t, credentials(), "", s.args([]string{"-timeout", "300ms", "-parallel", "1"}, s.calls...)...)
	require.Equal(t, 1, got.status)
	require.Equal(t, map[string]string{s.calls[0]: "unknown", s.calls[1]: "not tried", s.calls[2]: "not tried"}, outcomes(t, got.stdout))
	require.Contains(t, got.stdout, s.calls[2]+"  not tried: the -timeout of 300ms is over\n")
}

func TestBrokenPipeLosesNothing(t *testing.T) {
	t.Parallel()
	arrived, release := make(chan string), make(chan struct{})
	s := newService(t, 4, holdBack(arrived, release))
	cmd := command(t, credentials(), s.args([]string{"-parallel", "1"}, s.calls...)...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	<-arrived
	release <- struct{}{}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	<-arrived
	require.NoError(t, stdout.Close())
	release <- struct{}{}
	_ = cmd.Wait()

	got := end(t, cmd, line, stderr.String())
	require.Equal(t, 1, got.status)
	message, rest, _ := strings.Cut(got.stderr, "\n")
	require.Contains(t, message, "standard output cannot be written")
	results, _, _ := strings.Cut(rest, "4 participants:")
	require.Equal(t, map[string]string{
		s.calls[0]: "removed", s.calls[1]: "removed", s.calls[2]: "not tried", s.calls[3]: "not tried",
	}, outcomes(t, got.stdout+results))
	require.EqualValues(t, 2, s.requests.Load())
}

func TestUsageNamesEveryFlag(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "", "-h")
	require.Equal(t, 0, got.status)
	require.Empty(t, got.stderr)
	(&options{}).flags().VisitAll(func(f *flag.Flag) {
		require.Regexp(t, `(?m)^  -`+f.Name+` `, got.stdout)
	})
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, "", "-version")
	require.Equal(t, 0, got.status)
	require.Regexp(t, `^delete-participant \S+ `+regexp.QuoteMeta(runtime.Version())+` \w+/\w+\n$`, got.stdout)
}

func TestSandboxTakesArguments(t *testing.T) {
	t.Parallel()
	got := runProgram(t, nil, someCall+"\n", "-sandbox", "-json", "-ignore-missing", sandboxConference, "-", "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b")
	require.Equal(t, 0, got.status)
	require.Equal(t, 2, strings.Count(got.stdout, `"done":true`))
	require.Contains(t, got.stderr, "nothing real is touched")
	require.Contains(t, got.stderr, "< 404 Not Found\n")
}

// TestReadmeRecording holds the README's recording of the sandbox and the
// program together.
func TestReadmeRecording(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(readme), "\n    $ delete-participant -sandbox\n")
	require.True(t, found)
	var recording strings.Builder
	for line := range strings.Lines(after) {
		text, indented := strings.CutPrefix(line, "    ")
		if !indented {
			break
		}
		recording.WriteString(text)
	}
	cmd := command(t, nil, "-sandbox")
	printed, err := cmd.CombinedOutput()
	require.NoError(t, err)
	require.Equal(t, string(printed), recording.String())
}
