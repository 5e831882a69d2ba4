package main

import (
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
	"example.com/signalwire/signalwiretest"
	"example.com/signalwire/webhook"
)

// state is what GET state shows.
type state struct {
	Projects []struct {
		ProjectID   string `json:"project_id"`
		Name        string
		Parent      string
		Conferences []struct {
			ConferenceSid string   `json:"conference_sid"`
			FriendlyName  string   `json:"friendly_name"`
			CallSids      []string `json:"call_sids"`
		}
	}
	Violations []string
	Unused     []string
	MadeUp     []string `json:"made_up"`
}

func (s *service) state(t *testing.T) state {
	t.Helper()
	var shown state
	s.get(t, "state", &shown)
	return shown
}

// fields writes JSON fields, from names and values in turn.
func fields(pairs ...string) string {
	object := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		object[pair[0]] = pair[1]
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // Strings always encode.
	}
	return string(text)
}

func TestConferences(t *testing.T) {
	t.Parallel()
	const conference, first, second = "0aa1e5f0-5b9d-4a3c-9e2f-8d7c6b5a4930", "4017af47-43d8-4f07-96eb-a1a3290c39b1", "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"
	s := serve(t)
	require.Equal(t, map[string]any{"conference_sid": conference, "friendly_name": "retro", "call_sids": []any{first}},
		s.post(t, "conferences", `{"conference_sid":"`+conference+`","friendly_name":"retro","created":"2026-01-31T12:00:00Z",
			"participants":[{"call_sid":"`+first+`","muted":true,"hold":true,"coaching":true,"call_sid_to_coach":"`+second+`",
			"start_conference_on_enter":true,"from":"+1","to":"+2"}]}`))
	ofFirst := fields("conference_sid", conference, "call_sid", first)

	url := strings.Replace(s.participant(first), s.env["CONFERENCE_SID"], conference, 1)
	response, err := s.send(t, http.MethodGet, url)
	require.NoError(t, err)
	var participant map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&participant))
	for field, want := range map[string]any{
		"muted": true, "hold": true, "coaching": true, "call_sid_to_coach": second,
		"start_conference_on_enter": true, "end_conference_on_exit": false,
	} {
		require.Equal(t, want, participant[field], field)
	}
	response, err = s.send(t, http.MethodGet, strings.TrimSuffix(url, "/Participants/"+first))
	require.NoError(t, err)
	var shown map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&shown))
	require.Equal(t, "Sat, 31 Jan 2026 12:00:00 +0000", shown["date_created"])

	require.Equal(t, map[string]any{"left": true}, s.post(t, "leave", ofFirst))
	require.Equal(t, map[string]any{"left": false}, s.post(t, "leave", ofFirst))
	require.Empty(t, s.state(t).Projects[0].Conferences[1].CallSids)
	require.Equal(t, map[string]any{"rejoined": true}, s.post(t, "rejoin", ofFirst))
	require.Equal(t, map[string]any{"rejoined": false}, s.post(t, "rejoin", ofFirst))
	require.Equal(t, map[string]any{"call_sid": second},
		s.post(t, "join", `{"conference_sid":"`+conference+`","call_sid":"`+second+`","end_conference_on_exit":true}`))
	require.Equal(t, []string{first, second}, s.state(t).Projects[0].Conferences[1].CallSids)
	require.Equal(t, map[string]any{"left": true}, s.post(t, "leave", fields("conference_sid", conference, "call_sid", second)))
	require.Empty(t, s.state(t).Projects[0].Conferences[1].CallSids, "who ends the conference has left")
	require.Equal(t, map[string]any{"rejoined": false}, s.post(t, "rejoin", ofFirst), "it is completed")

	require.Empty(t, s.post(t, "end", fields("conference_sid", s.env["CONFERENCE_SID"])))
	require.Equal(t, http.StatusBadRequest, s.remove(t, s.calls()[0]), "it is completed")

	created := s.post(t, "conferences", `{"status":"init"}`)
	require.Equal(t, "conference 3", created["friendly_name"])
	require.Empty(t, created["call_sids"])
}

func TestProjects(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenant := s.post(t, "projects", `{"name":"tenant"}`)
	below := s.post(t, "projects", fields("name", "below", "parent", tenant["project_id"].(string)))
	for _, taken := range []string{`{"name":"tenant"}`, fields("name", "below", "parent", tenant["project_id"].(string))} {
		status, text := s.try(t, "projects", taken)
		require.Equal(t, http.StatusBadRequest, status)
		require.Contains(t, text, "there is one of this name already")
	}
	created := s.post(t, "conferences", `{"project_id":"`+below["project_id"].(string)+`","participants":[{}]}`)
	shown := s.state(t).Projects
	require.Len(t, shown, 3)
	require.Equal(t, []string{"signalwiretest", "tenant", "below"}, []string{shown[0].Name, shown[1].Name, shown[2].Name})
	require.Equal(t, tenant["project_id"], shown[2].Parent)
	require.Equal(t, created["conference_sid"], shown[2].Conferences[0].ConferenceSid)

	// Who has the project's credentials may name the subproject, and nobody else.
	url := strings.NewReplacer(s.env["SIGNALWIRE_PROJECT_ID"], below["project_id"].(string),
		s.env["CONFERENCE_SID"], created["conference_sid"].(string)).Replace(s.participant(created["call_sids"].([]any)[0].(string)))
	response, err := s.send(t, http.MethodDelete, url)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, response.StatusCode)
	s.env["SIGNALWIRE_PROJECT_ID"], s.env["SIGNALWIRE_API_TOKEN"] = tenant["project_id"].(string), tenant["api_token"].(string)
	response, err = s.send(t, http.MethodDelete, url)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, response.StatusCode)
}

func TestCallbacks(t *testing.T) {
	t.Parallel()
	const key = "made-up-key"
	s := serve(t)
	var mu sync.Mutex
	var events []string
	release := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-release
		mu.Lock()
		defer mu.Unlock()
		if r.ParseForm() == nil && r.Header.Get("X-SignalWire-Signature") == webhook.SignForm(key, "http://"+r.Host+r.RequestURI, r.PostForm) {
			events = append(events, r.PostForm.Get("StatusCallbackEvent")+" "+r.PostForm.Get("CallSid"))
		}
	}))
	defer receiver.Close()
	s.post(t, "callbacks", `{"url":"`+receiver.URL+`/hook?a=b","signing_key":"`+key+`","delays":[["0s","0s"]]}`)
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]))
	s.post(t, "leave", fields("conference_sid", s.env["CONFERENCE_SID"], "call_sid", s.calls()[1]))

	waited := sendLater(s.request(t, http.MethodPost, s.env["CONTROL_URL"]+"/wait", `{}`))
	close(release)
	require.Equal(t, http.StatusOK, <-waited)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{
		"participant-leave " + s.calls()[0], "participant-leave " + s.calls()[0], "participant-leave " + s.calls()[1],
	}, events)
}

func TestWaitHoldsUpNothing(t *testing.T) {
	t.Parallel()
	c := newControl("test", 1)
	release := make(chan struct{})
	c.handler.PostCallbacks(signalwiretest.Callbacks{URL: "http://example.com", SigningKey: "made-up", Receiver: http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { <-release })})
	c.handler.EndConference(c.projects[0].conferences[0].ConferenceSid)
	waited := make(chan struct{})
	c.mu.Lock()
	go func() {
		defer close(waited)
		_, _ = c.wait(ofProject{})
		c.mu.Unlock()
	}()
	c.mu.Lock() // Others get it while that waits.
	select {
	case <-waited:
		require.Fail(t, "it has not waited")
	default:
	}
	c.mu.Unlock()
	close(release)
	<-waited
}

func TestProfileAndLatency(t *testing.T) {
	t.Parallel()
	s := serve(t, "-participants", "30")
	s.post(t, "profile", `{"profile":"dead-backend","seed":1}`)
	statuses := map[int]int{}
	for _, call := range s.calls()[:20] {
		statuses[s.remove(t, call)]++
	}
	require.NotZero(t, statuses[http.StatusServiceUnavailable])
	require.NotZero(t, statuses[http.StatusNoContent])
	s.post(t, "profile", `{"profile":""}`)
	s.post(t, "latency", `{"latency":"50ms"}`)
	begin := time.Now()
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[29]))
	require.GreaterOrEqual(t, time.Since(begin), 50*time.Millisecond)
	s.post(t, "latency", `{"latency":"0s"}`)
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[28]))
}

func TestStateAndReset(t *testing.T) {
	t.Parallel()
	s := serve(t)
	begin := s.state(t)
	require.Equal(t, s.env["SIGNALWIRE_PROJECT_ID"], begin.Projects[0].ProjectID)
	require.Equal(t, s.env["CONFERENCE_SID"], begin.Projects[0].Conferences[0].ConferenceSid)
	require.Equal(t, s.calls(), begin.Projects[0].Conferences[0].CallSids)

	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]))
	_, err := s.send(t, http.MethodGet, s.env["SIGNALWIRE_BASE_URL"]+"/nothing")
	require.NoError(t, err)
	s.post(t, "projects", `{"name":"tenant"}`)
	s.post(t, "conferences", `{}`)
	s.post(t, "latency", `{"latency":"24h"}`)
	s.post(t, "profile", `{"profile":"slow-start"}`)
	s.post(t, "script", `{"responses":[{"kind":"hang"}]}`)
	s.post(t, "script", `{"call_sid":"`+s.calls()[1]+`","responses":[{"kind":"hang"}]}`)
	shown := s.state(t)
	require.Len(t, shown.Unused, 2)
	require.Contains(t, shown.Unused[1], s.calls()[1])
	require.Len(t, shown.Violations, 1)
	require.Contains(t, shown.Violations[0], "/nothing")
	require.Empty(t, shown.MadeUp)

	var journal struct {
		Requests []struct {
			Time         time.Time
			Method, Path string
			Headers      http.Header
			Body         string
			Status       int
		}
	}
	s.get(t, "requests", &journal)
	require.Len(t, journal.Requests, 2)
	removal := journal.Requests[0]
	require.False(t, removal.Time.IsZero())
	require.Equal(t, http.MethodDelete, removal.Method)
	require.True(t, strings.HasSuffix(s.participant(s.calls()[0]), removal.Path), removal.Path)
	require.Equal(t, []string{"[redacted]"}, removal.Headers["Authorization"])
	require.Equal(t, http.StatusNoContent, removal.Status)

	require.Empty(t, s.post(t, "reset", `{}`))
	require.Equal(t, begin, s.state(t))
	s.get(t, "requests", &journal)
	require.Empty(t, journal.Requests)
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[1]))
}

// TestMadeUpOperations stands in for a contract that has more operations than are
// imitated.
func TestMadeUpOperations(t *testing.T) {
	t.Parallel()
	c := newControl("test", 0)
	c.api = &api{address: "127.0.0.1:0", handler: c.handler}
	t.Cleanup(c.api.stop)
	for _, operation := range []string{"GET /Calls", "GET /Accounts", "GET /Calls"} {
		c.handler.OnMadeUp(operation)
	}
	shown, err := c.state(nil)
	require.NoError(t, err)
	require.Equal(t, []string{"GET /Accounts", "GET /Calls"}, shown.(object)["made_up"])
	_, err = c.reset(struct{}{})
	require.NoError(t, err)
	shown, err = c.state(nil)
	require.NoError(t, err)
	require.Empty(t, shown.(object)["made_up"])
}

// TestStopAndStart, as a service that is down for a while.
func TestStopAndStart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.post(t, "script", `{"responses":[{"kind":"hang"}]}`)
	hanging := s.removeLater(t, s.calls()[0])
	wiretest.RequireSoon(t, func() bool {
		var journal struct{ Requests []any }
		s.get(t, "requests", &journal)
		return len(journal.Requests) == 1
	}, "the request did not arrive")
	s.post(t, "stop", `{}`)
	s.post(t, "stop", `{}`)
	require.Zero(t, <-hanging, "it is cut")
	_, err := s.send(t, http.MethodDelete, s.participant(s.calls()[0]))
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	s.post(t, "start", `{}`)
	s.post(t, "start", `{}`)
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]))
	s.post(t, "stop", `{}`)
	s.post(t, "reset", `{}`)
	require.Equal(t, http.StatusNoContent, s.remove(t, s.calls()[0]), "as at the start")

	s.post(t, "stop", `{}`)
	taken, err := net.Listen("tcp", strings.TrimSuffix(strings.TrimPrefix(s.env["SIGNALWIRE_BASE_URL"], "http://"), signalwire.BasePath))
	require.NoError(t, err)
	status, text := s.try(t, "start", `{}`)
	require.Equal(t, http.StatusBadRequest, status)
	require.Contains(t, text, "address already in use")
	require.NoError(t, taken.Close())
	s.post(t, "start", `{}`)
}

// TestTLS: a client that trusts the certificate in the file speaks HTTP/2.
func TestTLS(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "certificate.pem")
	s := serve(t, "-tls", file)
	certificate, err := os.ReadFile(file)
	require.NoError(t, err)
	transport := signalwire.NewTransport()
	defer transport.CloseIdleConnections()
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	require.True(t, transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(certificate), "%s", certificate)
	response, err := transport.RoundTrip(s.request(t, http.MethodDelete, s.participant(s.calls()[0]), ""))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusNoContent, response.StatusCode)
	require.Equal(t, 2, response.ProtoMajor)

	var stderr strings.Builder
	require.Equal(t, exitFailed, run([]string{"-tls", t.TempDir()}, io.Discard, &stderr, nil))
	require.Contains(t, stderr.String(), "is a directory")
}
