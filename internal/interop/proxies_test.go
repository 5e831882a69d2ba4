//go:build interop

package interop

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/api"
	"example.com/signalwire/internal/wiretest"
	"example.com/signalwire/signalwiretest"
)

// A tally compares what calls report with who is in the conferences of a test
// server.
type tally struct {
	*signalwiretest.Handler
	reported atomic.Int64 // violations, by the program in between

	calls, removed, unknown int
	falseSuccesses          int // reported, and not carried out
	wrongNotFounds          int // reported, and not so before the call
	wrongDenials            int // carried out, and the error denies it
}

// newTally returns a tally that prints the line of a program when the test ends, and
// fails the test if a figure is wrong.
func newTally(t *testing.T, name string) *tally {
	y := &tally{Handler: signalwiretest.NewHandler(t.Name())}
	y.OnViolation = func(err error) { t.Log(err) }
	t.Cleanup(func() {
		violations := len(y.Violations()) + int(y.reported.Load())
		t.Logf("%s: %d calls, %d removed, %d unknown, %d false successes, %d wrong \"not found\", %d wrong denials, %d violations",
			name, y.calls, y.removed, y.unknown, y.falseSuccesses, y.wrongNotFounds, y.wrongDenials, violations)
		require.Zero(t, y.falseSuccesses, "removals that were reported and not carried out")
		require.Zero(t, y.wrongNotFounds, "participants who were not found and were there")
		require.Zero(t, y.wrongDenials, "removals that were carried out although the error says that they were not")
		require.Zero(t, violations, "violations of the contract")
	})
	return y
}

// serve starts the test server.
func (y *tally) serve(t *testing.T, config *tls.Config) *httptest.Server {
	server := httptest.NewUnstartedServer(y)
	t.Cleanup(server.Close)
	if server.TLS = config; config != nil {
		server.StartTLS()
	} else {
		server.Start()
	}
	return server
}

// client returns a client that sends to the test server at an origin, with a Doer.
func (y *tally) client(t *testing.T, origin string, doer *signalwire.Doer) *signalwire.ClientWithResponses {
	t.Helper()
	t.Cleanup(doer.CloseIdleConnections)
	client, err := signalwire.New("example", y.ProjectID(), y.APIToken(),
		signalwire.WithBaseURL(origin+signalwire.BasePath), signalwire.WithHTTPClient(doer))
	require.NoError(t, err)
	return client
}

// removeAll makes one call for each participant, from 8 callers, and returns their
// errors.
func (y *tally) removeAll(t *testing.T, client *signalwire.ClientWithResponses, conference signalwire.ConferenceSid) []error {
	calls := y.Participants(conference)
	errs := make([]error, len(calls))
	var next atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(calls); i = next.Add(1) - 1 {
				_, errs[i] = client.DeleteParticipantWithResponse(t.Context(), y.Account(), conference, calls[i])
			}
		})
	}
	group.Wait()
	y.calls += len(calls)
	left := y.Participants(conference)
	for i, err := range errs {
		isIn, maybe := slices.Contains(left, calls[i]), signalwire.MaybeApplied(err)
		switch {
		case err == nil && isIn:
			y.falseSuccesses++
		case err == nil:
			y.removed++
		case errors.Is(err, signalwire.ErrNotFound) && (isIn || !maybe):
			y.wrongNotFounds++
		case !isIn && !maybe:
			y.wrongDenials++
		case maybe:
			y.unknown++
		}
	}
	return errs
}

// watch returns a round tripper that counts the violations that prism reports. With
// its option --errors, it would respond with an error instead and report nothing.
func (y *tally) watch(t *testing.T) wiretest.Sender {
	transport := signalwire.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return func(r *http.Request) (*http.Response, error) {
		response, err := transport.RoundTrip(r)
		if err == nil && response.Header.Get("Sl-Violations") != "" {
			y.reported.Add(1)
			t.Log(response.Header.Get("Sl-Violations"))
		}
		return response, err
	}
}

// startPrism runs prism with the contract, whose paths it serves without that of
// the contract's server. So they are given it.
func startPrism(t *testing.T, command string, args ...string) *proxy {
	t.Helper()
	contract := strings.ReplaceAll(string(api.Contract), "\n  /", "\n  "+signalwire.BasePath+"/")
	return startProxy(t, contract, nil, "prism",
		append([]string{command, "-h", "127.0.0.1", "-p", "PORT", "-v", "warn", "DIR/proxy.conf"}, args...)...)
}

// TestInteropProxies puts a proxy between the client and the test server, where
// every call has to succeed.
func TestInteropProxies(t *testing.T) {
	for _, tt := range []struct {
		program      string
		participants int
		start        func(t *testing.T, backend string) *proxy
	}{
		{"nginx", 200, func(t *testing.T, backend string) *proxy {
			return startNginx(t, "listen LISTEN; location / { proxy_pass http://"+backend+"; }", nil)
		}},
		{"haproxy", 200, func(t *testing.T, backend string) *proxy { return startHaproxy(t, "server api "+backend) }},
		{"prism", 40, func(t *testing.T, backend string) *proxy {
			return startPrism(t, "proxy", "http://"+backend)
		}},
	} {
		t.Run(tt.program, func(t *testing.T) {
			name := versionOf(t, tt.program)
			y := newTally(t, name)
			proxy := tt.start(t, y.serve(t, nil).Listener.Addr().String())
			client := y.client(t, "http://"+proxy.address, &signalwire.Doer{HTTPClient: y.watch(t)})
			conference, calls := y.AddConference(tt.participants)

			size := 7
			var listed []signalwire.CallSid
			for participant, err := range client.ListAllParticipantsItems(t.Context(), y.Account(), conference,
				&signalwire.ListAllParticipantsParams{PageSize: &size}) {
				require.NoError(t, err)
				listed = append(listed, participant.CallSid)
			}
			require.Equal(t, calls, listed)
			y.removeAll(t, client, conference)
			require.Equal(t, tt.participants, y.removed)
			_, err := client.DeleteParticipantWithResponse(t.Context(), y.Account(), conference, calls[0])
			require.ErrorIs(t, err, signalwire.ErrNotFound)
		})
	}
}

// TestInteropPrismMock has prism respond with everything that the contract
// documents for a removal, and with its own errors, which are not the API's.
func TestInteropPrismMock(t *testing.T) {
	name := versionOf(t, "prism")
	y := newTally(t, name+", the mock server")
	doer := &signalwire.Doer{HTTPClient: y.watch(t), OnAttempt: func(context.Context, signalwire.Attempt) { y.calls++ }}
	baseURL := "http://" + startPrism(t, "mock").address + signalwire.BasePath

	for _, tt := range []struct {
		baseURL, code string
		want          error
	}{
		{baseURL, "204", nil},
		{baseURL, "400", signalwire.ErrBadRequest},
		{baseURL, "401", signalwire.ErrUnauthorized},
		{baseURL, "404", signalwire.ErrNotFound},
		{baseURL, "422", signalwire.ErrUnprocessable},
		{baseURL, "500", signalwire.ErrUnexpectedResponse}, // 404: it is not in the contract
		{baseURL + "/wrong", "204", signalwire.ErrUnexpectedResponse},
	} {
		_, err := newClientAt(t, tt.baseURL, doer).DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall,
			func(_ context.Context, r *http.Request) error {
				r.Header.Set("Prefer", "code="+tt.code)
				return nil
			})
		switch {
		case err == nil && tt.want != nil:
			y.falseSuccesses++
		case errors.Is(err, signalwire.ErrNotFound) && tt.want != signalwire.ErrNotFound:
			y.wrongNotFounds++
		case err == nil:
			y.removed++
		default:
			require.ErrorIs(t, err, tt.want, tt.code)
			require.Equal(t, tt.want == signalwire.ErrUnexpectedResponse, errors.Is(err, signalwire.ErrUnexpectedResponse), tt.code)
		}
	}
	require.Equal(t, 1, y.removed)

	client := newClientAt(t, baseURL, doer)
	_, err := client.RetrieveConferenceWithResponse(t.Context(), testAccount, testConference)
	require.NoError(t, err)
	_, err = client.RetrieveParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
	require.NoError(t, err)
	conferences, err := client.ListAllConferencesWithResponse(t.Context(), testAccount, nil)
	require.NoError(t, err)
	require.Len(t, conferences.JSON200.Conferences, 1)
	participants, err := client.ListAllParticipantsWithResponse(t.Context(), testAccount, testConference, nil)
	require.NoError(t, err)
	require.Len(t, participants.JSON200.Participants, 1)
}

// startSquid takes lines that come before everything else is allowed.
func startSquid(t *testing.T, rules string) *proxy {
	t.Helper()
	return startProxy(t, rules+`
http_port LISTEN
pid_filename DIR/proxy.pid
coredump_dir DIR
access_log none
cache_log /dev/null
cache deny all
shutdown_lifetime 0 seconds
http_access allow all
`, nil, "squid", "-N", "-f", "DIR/proxy.conf")
}

// throughSquid sends through squid. A Doer sends plain http to a loopback address
// through no proxy, so it is not told of it.
func throughSquid(t *testing.T, squid *proxy, transport *http.Transport) *http.Client {
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: squid.address})
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: wiretest.Sender(transport.RoundTrip)}
}

// TestInteropSquid has squid forward plain requests and tunnels to the test
// server, and kills it in the middle.
func TestInteropSquid(t *testing.T) {
	name := versionOf(t, "squid")
	authority := wiretest.NewAuthority(t)
	overTLS := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	for scheme, config := range map[string]*tls.Config{"http": nil, "https": overTLS} {
		t.Run(scheme, func(t *testing.T) {
			const participants = 200
			y := newTally(t, name+", killed and started again, "+scheme)
			server := y.serve(t, config)
			through := func(squid *proxy) *signalwire.Doer {
				return &signalwire.Doer{HTTPClient: throughSquid(t, squid, authority.Transport(t))}
			}

			squid := startSquid(t, "")
			first, _ := y.AddConference(participants)
			y.removeAll(t, y.client(t, server.URL, through(squid)), first)
			require.Equal(t, participants, y.removed)

			second, _ := y.AddConference(participants)
			var attempts atomic.Int64
			doer, pid := through(squid), squid.pid(t)
			doer.MaxAttempts = 1
			doer.OnAttempt = func(context.Context, signalwire.Attempt) {
				if attempts.Add(1) == participants/2 {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			y.removeAll(t, y.client(t, server.URL, doer), second)
			require.NotEmpty(t, y.Participants(second), "squid was not killed in the middle")

			y.removeAll(t, y.client(t, server.URL, through(startSquid(t, ""))), second)
			require.Empty(t, y.Participants(second))
		})
	}
}

// TestInteropSquidErrors has squid respond with its own pages. None of them says
// anything of a participant.
func TestInteropSquidErrors(t *testing.T) {
	name := versionOf(t, "squid")
	y := newTally(t, name+", its own error pages")
	var rules strings.Builder
	pages := map[string]int{wiretest.RefusingAddress(t): http.StatusServiceUnavailable}
	for _, status := range []int{400, 401, 403, 404, 422, 429, 500, 502, 503, 504} {
		fmt.Fprintf(&rules, "acl s%d port %d\nhttp_access deny s%d\ndeny_info %d:ERR_ACCESS_DENIED s%d\n", status, 1000+status, status, status, status)
		pages["127.0.0.1:"+strconv.Itoa(1000+status)] = status
	}
	doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: throughSquid(t, startSquid(t, rules.String()), signalwire.NewTransport())}
	for address, status := range pages {
		conference, _ := y.AddConference(1)
		var responded *signalwire.Error
		require.ErrorAs(t, y.removeAll(t, y.client(t, "http://"+address, doer), conference)[0], &responded)
		require.Equal(t, status, responded.StatusCode)
		var failed *signalwire.TransportError
		require.ErrorAs(t, y.removeAll(t, y.client(t, "https://"+address, doer), conference)[0], &failed)
		require.ErrorContains(t, failed, strconv.Itoa(status))
		require.False(t, failed.MaybeApplied, "squid refuses to connect")
	}
}

// TestInteropToxiproxy has toxiproxy disturb 3 of 10 connections, with each of its
// toxics and then with all of them. Once they are gone, everybody can be removed.
func TestInteropToxiproxy(t *testing.T) {
	name := versionOf(t, "toxiproxy-server")
	t.Setenv("LOG_LEVEL", "error")
	y := newTally(t, name+", each toxic and all of them")
	toxiproxy := startProxy(t, "", nil, "toxiproxy-server", "-host", "127.0.0.1", "-port", "PORT")
	post := func(path, body string) (created struct{ Listen string }) {
		response, err := http.Post("http://"+toxiproxy.address+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer response.Body.Close()
		require.Less(t, response.StatusCode, 300, body)
		_ = json.NewDecoder(response.Body).Decode(&created) // Some have no body.
		return created
	}
	created := post("/proxies", fmt.Sprintf(`{"name": "api", "enabled": true, "listen": "127.0.0.1:0", "upstream": %q}`, y.serve(t, nil).Listener.Addr()))
	var disturbed atomic.Int64
	client := y.client(t, "http://"+created.Listen, &signalwire.Doer{MaxAttempts: 3, OnAttempt: func(_ context.Context, a signalwire.Attempt) {
		if a.Err != nil {
			disturbed.Add(1)
		}
	}})

	var toxics []string
	for _, toxic := range []string{
		`"type": "latency", "attributes": {"latency": 20, "jitter": 20}`,
		`"type": "slicer", "attributes": {"average_size": 20, "size_variation": 10, "delay": 100}`,
		`"type": "limit_data", "attributes": {"bytes": 700}`,
		`"type": "limit_data", "attributes": {"bytes": 50}`,
		`"type": "timeout", "attributes": {"timeout": 50}`,
		`"type": "reset_peer", "attributes": {"timeout": 5}`,
	} {
		for _, stream := range []string{"upstream", "downstream"} {
			toxics = append(toxics, fmt.Sprintf(`{"name": "%d", "toxicity": 0.3, "stream": %q, %s}`, len(toxics), stream, toxic))
		}
	}
	rounds := [][]string{toxics}
	for _, toxic := range toxics {
		rounds = append(rounds, []string{toxic})
	}
	for _, round := range rounds {
		conference, _ := y.AddConference(60)
		for _, toxic := range round {
			post("/proxies/api/toxics", toxic)
		}
		y.removeAll(t, client, conference)
		post("/reset", "")
		y.removeAll(t, client, conference)
		require.Empty(t, y.Participants(conference), "without %v", round)
	}
	require.NotZero(t, disturbed.Load(), "the toxics disturbed no attempt")
}
