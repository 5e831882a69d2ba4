package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// asProgram makes the test binary be the program.
const asProgram = "TEST_BINARY_IS_SIGNALWIRETEST"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// A service is the program while it runs in this process.
type service struct {
	env        map[string]string // what it printed
	stderr     wiretest.Buffer
	interrupts chan os.Signal
	ended      chan int
}

// serve runs the program until the test ends.
func serve(t *testing.T, args ...string) *service {
	t.Helper()
	s := &service{interrupts: make(chan os.Signal, 1), ended: make(chan int, 1)}
	reader, writer := io.Pipe()
	go func() {
		status := run(args, writer, &s.stderr, s.interrupts)
		writer.Close()
		s.ended <- status
	}()
	t.Cleanup(func() {
		s.interrupts <- syscall.SIGTERM
		require.Equal(t, exitDone, <-s.ended, s.stderr.String())
	})
	s.env = readEnvironment(t, reader)
	return s
}

// readEnvironment reads the lines that say that the server is ready.
func readEnvironment(t *testing.T, reader io.Reader) map[string]string {
	t.Helper()
	env := map[string]string{}
	lines := bufio.NewScanner(reader)
	for env["CONTROL_URL"] == "" && lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		require.True(t, ok, lines.Text())
		env[name] = value
	}
	require.NotEmpty(t, env["CONTROL_URL"], "the program ended")
	return env
}

func (s *service) calls() []string { return strings.Split(s.env["CALL_SIDS"], ",") }

// participant is the URL of one.
func (s *service) participant(call string) string {
	return s.env["SIGNALWIRE_BASE_URL"] + "/Accounts/" + s.env["SIGNALWIRE_PROJECT_ID"] +
		"/Conferences/" + s.env["CONFERENCE_SID"] + "/Participants/" + call
}

// request returns one that has the credentials.
func (s *service) request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	request.SetBasicAuth(s.env["SIGNALWIRE_PROJECT_ID"], s.env["SIGNALWIRE_API_TOKEN"])
	request.Header.Set("Content-Type", "application/json")
	return request
}

func (s *service) send(t *testing.T, method, url string) (*http.Response, error) {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(s.request(t, method, url, ""))
	if err == nil {
		t.Cleanup(func() { response.Body.Close() })
	}
	return response, err
}

// sendLater sends a request in the background. The result is the status, or 0
// without a response.
func sendLater(request *http.Request) <-chan int {
	result := make(chan int, 1)
	go func() {
		status := 0
		if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
			response.Body.Close()
			status = response.StatusCode
		}
		result <- status
	}()
	return result
}

// remove removes a participant, and returns the status, or 0 without a response.
func (s *service) remove(t *testing.T, call string) int {
	t.Helper()
	return <-s.removeLater(t, call)
}

func (s *service) removeLater(t *testing.T, call string) <-chan int {
	t.Helper()
	return sendLater(s.request(t, http.MethodDelete, s.participant(call), ""))
}

// get shows something of the control.
func (s *service) get(t *testing.T, name string, into any) {
	t.Helper()
	response, err := s.send(t, http.MethodGet, s.env["CONTROL_URL"]+"/"+name)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(into))
}

// post changes something, and returns the response.
func (s *service) post(t *testing.T, name, body string) map[string]any {
	t.Helper()
	status, text := s.try(t, name, body)
	require.Equal(t, http.StatusOK, status, "%s %s: %s", name, body, text)
	var result map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &result))
	return result
}

// try posts what may be refused.
func (s *service) try(t *testing.T, name, body string) (status int, text string) {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(s.request(t, http.MethodPost, s.env["CONTROL_URL"]+"/"+name, body))
	require.NoError(t, err)
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(all)
}

func TestOutputHasWhatATestNeeds(t *testing.T) {
	t.Parallel()
	var stdout strings.Builder
	interrupts := make(chan os.Signal, 1)
	interrupts <- os.Interrupt
	require.Equal(t, exitDone, run([]string{"-addr", "localhost:0"}, &stdout, io.Discard, interrupts))
	const sid = `[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`
	require.Regexp(t, `^SIGNALWIRE_BASE_URL=http://127\.0\.0\.1:\d+/api/laml/2010-04-01
SIGNALWIRE_PROJECT_ID=`+sid+`
SIGNALWIRE_API_TOKEN=PTtest[0-9a-f]{32}
CONFERENCE_SID=`+sid+`
CALL_SIDS=`+sid+`,`+sid+`,`+sid+`
CONTROL_URL=http://127\.0\.0\.1:\d+/control
$`, stdout.String())

	first, again, other := serve(t), serve(t), serve(t, "-name", "other", "-participants", "0")
	for _, key := range []string{"SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN", "CONFERENCE_SID", "CALL_SIDS"} {
		require.Equal(t, first.env[key], again.env[key])
		require.NotEqual(t, first.env[key], other.env[key])
	}
	require.Empty(t, other.env["CALL_SIDS"])
	client, err := signalwire.New("example", first.env["SIGNALWIRE_PROJECT_ID"], first.env["SIGNALWIRE_API_TOKEN"],
		signalwire.WithBaseURL(first.env["SIGNALWIRE_BASE_URL"]))
	require.NoError(t, err)
	account, err := signalwire.ParseAccountSid(first.env["SIGNALWIRE_PROJECT_ID"])
	require.NoError(t, err)
	list, err := client.ListAllConferencesWithResponse(t.Context(), account, nil)
	require.NoError(t, err)
	require.Len(t, list.JSON200.Conferences, 1)
	require.Equal(t, "stand-up", list.JSON200.Conferences[0].FriendlyName)
}

func TestBadArguments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"-port", "1"}, "-port"},
		{"argument", []string{"8080"}, "there are arguments after the flags; give none"},
		{"address without a port", []string{"-addr", "127.0.0.1"}, "-addr: give a host and a port"},
		{"empty name", []string{"-name", ""}, "-name: it is empty"},
		{"participants in words", []string{"-participants", "all"}, "-participants"},
		{"participants -1", []string{"-participants", "-1"}, "-participants: give a number from 0 to 1000"},
		{"participants 1001", []string{"-participants", "1001"}, "-participants: give a number from 0 to 1000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			interrupts := make(chan os.Signal, 1)
			interrupts <- os.Interrupt
			require.Equal(t, exitUsage, run(tt.args, &stdout, &stderr, interrupts))
			require.Empty(t, stdout.String())
			require.Contains(t, stderr.String(), tt.want)
			require.Contains(t, stderr.String(), "signalwiretest -h")
		})
	}
}

func TestHelpLeadsWithExamples(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	require.Equal(t, exitDone, run([]string{"-h"}, &stdout, &stderr, nil))
	require.Empty(t, stderr.String())
	examples, _, _ := strings.Cut(stdout.String(), "Everything")
	require.Contains(t, examples, "curl --json '")
	for line := range strings.Lines(stdout.String()) {
		require.LessOrEqual(t, len(line), 81, line)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWhatCannotBeServed(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	var stderr strings.Builder
	require.Equal(t, exitFailed, run([]string{"-addr", taken.Addr().String()}, io.Discard, &stderr, nil))
	require.Contains(t, stderr.String(), "address already in use")
	require.Equal(t, exitFailed, run(nil, brokenWriter{}, &stderr, nil))
	require.Contains(t, stderr.String(), "standard output cannot be written")
}

func TestOtherAddressesAreSaid(t *testing.T) {
	t.Parallel()
	require.Empty(t, serve(t, "-addr", "127.0.0.2:0").stderr.String())
	s := serve(t, "-addr", "0.0.0.0:0")
	require.Contains(t, s.stderr.String(), "is no loopback address: whoever reaches this machine there can use and change the test server\n")
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/`, s.env["SIGNALWIRE_BASE_URL"])
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]))
}

func TestLogHasNoSecrets(t *testing.T) {
	t.Parallel()
	s, quiet := serve(t), serve(t, "-quiet")
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]))
	require.Equal(t, http.StatusNoContent, quiet.remove(t, s.calls()[0]))
	s.post(t, "script", `{"responses":[{"kind":"disconnect"}]}`)
	require.Zero(t, s.remove(t, s.calls()[1]))
	_, err := s.send(t, http.MethodGet, s.env["SIGNALWIRE_BASE_URL"]+"/%1b%5bA%C2%85?token="+s.env["SIGNALWIRE_API_TOKEN"])
	require.NoError(t, err)
	log := s.stderr.String()
	const clock = `\d\d:\d\d:\d\d\.\d{6} `
	require.Regexp(t, `^`+clock+`DELETE /api/laml/2010-04-01/Accounts/.*/Participants/`+s.calls()[0]+` 204
`+clock+`DELETE /.*/Participants/`+s.calls()[1]+` cut
`+clock+`GET /api/laml/2010-04-01/%1b%5bA%C2%85 404
$`, log)
	require.NotContains(t, log, s.env["SIGNALWIRE_API_TOKEN"])
	require.Empty(t, quiet.stderr.String())
}

func TestLogEscapesControlCharacters(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Method, r.URL.Path = "GET\x1b[31m", "/a\nb\u009b"
	logged(http.NotFoundHandler(), newLogger(&log)).ServeHTTP(httptest.NewRecorder(), r)
	require.Regexp(t, `^[0-9:.]+ GET\\x1b\[31m /a%0Ab%C2%9B 404\n$`, log.String())
}

func TestInterruptEndsWhatHangs(t *testing.T) {
	t.Parallel()
	for _, interrupt := range []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(interrupt.String(), func(t *testing.T) {
			t.Parallel()
			executable, err := os.Executable()
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			command := exec.CommandContext(ctx, executable)
			command.Env = []string{
				asProgram + "=1",
				"GOCOVERDIR=" + cmp.Or(os.Getenv("GOCOVERDIR"), t.TempDir()), // Or -cover writes to standard error.
			}
			s := &service{}
			command.Stderr = &s.stderr
			stdout, err := command.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, command.Start())
			s.env = readEnvironment(t, stdout)
			s.post(t, "script", `{"responses":[{"kind":"hang"},{"kind":"normal","delay":"24h"}]}`)
			s.post(t, "callbacks", `{"url":"http://127.0.0.1:1/","signing_key":"made-up","delays":[["24h"]]}`)
			s.post(t, "end", `{"conference_sid":"`+s.post(t, "conferences", `{"status":"in-progress"}`)["conference_sid"].(string)+`"}`)
			wait := sendLater(s.request(t, http.MethodPost, s.env["CONTROL_URL"]+"/wait", `{}`))
			first, second := s.removeLater(t, s.calls()[0]), s.removeLater(t, s.calls()[1])
			wiretest.RequireSoon(t, func() bool {
				var journal struct{ Requests []any }
				s.get(t, "requests", &journal)
				return len(journal.Requests) == 2
			}, "the requests did not arrive")
			require.NoError(t, command.Process.Signal(interrupt))
			require.Zero(t, <-first)
			require.Zero(t, <-second)
			<-wait // It is cut, or the end comes with a response.
			require.NoError(t, command.Wait(), s.stderr.String())
			require.Equal(t, 2, strings.Count(s.stderr.String(), " cut\n"), s.stderr.String())
		})
	}
}
