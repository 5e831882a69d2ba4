package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"example.com/signalwire"
	"github.com/stretchr/testify/require"
)

// TestTextSaysWhatThereIs holds the text and the verbs together, and does what the
// text shows.
func TestTextSaysWhatThereIs(t *testing.T) {
	t.Parallel()
	s := serve(t)
	response, err := s.send(t, http.MethodGet, s.env["CONTROL_URL"])
	require.NoError(t, err)
	require.Equal(t, "text/plain; charset=utf-8", response.Header.Get("Content-Type"))
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, controlText, string(text))

	shown := map[string]string{"": http.MethodGet}
	for _, match := range regexp.MustCompile(`(?m)^  (GET|POST) ([a-z]+)(?:  | (\{.*\})$|$)`).FindAllStringSubmatch(controlText, -1) {
		method, name, body := match[1], match[2], match[3]
		shown[name] = method
		if method == http.MethodGet {
			s.get(t, name, new(any))
			continue
		}
		s.post(t, "reset", `{}`)
		s.post(t, name, strings.NewReplacer(`"CONFERENCE"`, `"`+s.env["CONFERENCE_SID"]+`"`, `"CALL"`, `"`+s.calls()[0]+`"`).Replace(body))
	}
	for name, v := range verbs {
		require.Equal(t, v.method, shown[name], name)
	}
	require.Len(t, shown, len(verbs))
	for kind := range kinds {
		require.Contains(t, controlText, "        "+kind+" ")
	}
	for line := range strings.Lines(controlText) {
		require.LessOrEqual(t, len(line), 96, line)
	}
}

// TestRefusedRequests has the rule that a request breaks, and what the response
// says to do.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	const none = "00000000-0000-4000-8000-000000000000"
	s := serve(t)
	conference, call := `"conference_sid":"`+s.env["CONFERENCE_SID"]+`"`, `"call_sid":"`+s.calls()[0]+`"`
	for _, tt := range []struct {
		name, verb, body, want string
	}{
		{"empty", "reset", ``, "the body is empty; send a JSON object, such as {}"},
		{"no JSON", "reset", `reset`, "invalid character"},
		{"cut off", "latency", `{"latency":`, "unexpected EOF"},
		{"no object", "reset", `[]`, "the body: a JSON array does not fit here"},
		{"trailing data", "reset", `{}{}`, "there is something after the JSON object"},
		{"too long", "latency", `{"latency":"` + strings.Repeat("1", maxBody) + `"}`, "the body is too long; send at most 1 MiB"},
		{"too long after the object", "reset", `{}` + strings.Repeat(" ", maxBody), "at most 1 MiB"},
		{"unknown field", "reset", `{"all":true}`, `unknown field \"all\"`},
		{"unknown field of a participant", "conferences", `{"participants":[{"name":"x"}]}`, `unknown field \"name\"`},
		{"wrong type", "leave", `{"call_sid":1}`, "call_sid: a JSON number does not fit"},
		{"wrong type within", "conferences", `{"participants":[{"muted":"yes"}]}`, "participants.muted: a JSON string does not fit"},
		{"malformed call", "leave", `{` + conference + `,"call_sid":"x"}`, "the call SID is not a UUID"},
		{"malformed conference", "end", `{"conference_sid":"stand-up"}`, "the conference SID is not a UUID"},
		{"no call", "leave", `{` + conference + `}`, "call_sid: give the SID of a call"},
		{"no call to rejoin", "rejoin", `{` + conference + `}`, "call_sid: give the SID of a call"},
		{"no conference", "join", `{}`, "conference_sid: the project has no such conference"},
		{"unknown conference", "leave", `{"conference_sid":"` + none + `",` + call + `}`, "conference_sid: the project has no such conference"},
		{"no conference to end", "end", `{}`, "conference_sid: the project has no such conference"},
		{"unknown project", "wait", `{"project_id":"` + none + `"}`, "project_id: there is no such project"},
		{"unknown project of callbacks", "callbacks", `{"project_id":"x"}`, "project_id: there is no such project"},
		{"unknown project of a conference", "conferences", `{"project_id":"x"}`, "project_id: there is no such project"},
		{"unknown parent", "projects", `{"name":"x","parent":"` + none + `"}`, "parent: there is no such project"},
		{"no name", "projects", `{}`, "name: give the project a name"},
		{"taken call", "join", `{` + conference + `,` + call + `}`, "Join: a CallSid is taken"},
		{"taken conference", "conferences", `{` + conference + `}`, "Add: there is a conference of this SID already"},
		{"status", "conferences", `{"status":"over"}`, "status: give init, in-progress or completed"},
		{"completed with somebody in it", "conferences", `{"status":"completed","participants":[{}]}`, "Add: a completed conference has no participants"},
		{"created", "conferences", `{"created":"today"}`, `created: give a date and a time`},
		{"profile", "profile", `{"profile":"bad-day"}`, "UseProfile: there is no profile of this name; use one of dead-backend"},
		{"negative seed", "profile", `{"profile":"","seed":-1}`, "seed: a JSON number -1 does not fit"},
		{"latency", "latency", `{"latency":"-1s"}`, `latency: give a time with its unit`},
		{"latency without a unit", "latency", `{"latency":"5"}`, `latency: give a time with its unit`},
		{"URL", "callbacks", `{"url":"here","signing_key":"k"}`, "PostCallbacks: the URL is not an http or https URL"},
		{"signing key", "callbacks", `{"url":"http://127.0.0.1:1/"}`, "PostCallbacks: the signing key is empty"},
		{"delays", "callbacks", `{"url":"http://127.0.0.1:1/","signing_key":"k","delays":[["0s"],["25h"]]}`, "delays[1]: give a time with its unit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			status, text := s.try(t, tt.verb, tt.body)
			require.Equal(t, http.StatusBadRequest, status, text)
			require.Regexp(t, `^\{\n  "error": ".+"\n\}\n$`, text)
			require.Contains(t, text, tt.want)
		})
	}
	t.Run("nothing has changed", func(t *testing.T) {
		var state state
		s.get(t, "state", &state)
		require.Len(t, state.Projects, 1)
		require.Len(t, state.Projects[0].Conferences, 1)
		require.Len(t, state.Projects[0].Conferences[0].CallSids, 3)
	})
}

// TestNoPageDrivesIt has what a page in a browser, or a client that is wrong about
// the interface, sends.
func TestNoPageDrivesIt(t *testing.T) {
	t.Parallel()
	const body = "application/json"
	for _, tt := range []struct {
		name, method, path, host string
		header                   http.Header
		loopback                 bool
		want                     int
	}{
		{"curl", "POST", "/control/profile", "127.0.0.1:80", http.Header{"Content-Type": {body}}, true, 200},
		{"a charset", "POST", "/control/profile", "127.0.0.1:80", http.Header{"Content-Type": {body + "; charset=utf-8"}}, true, 200},
		{"localhost", "GET", "/control/state", "LocalHost:80", nil, true, 200},
		{"without a port", "GET", "/control", "localhost", nil, true, 200},
		{"IPv6", "GET", "/control", "[::1]:80", nil, true, 200},
		{"IPv6 without a port", "GET", "/control", "[::1]", nil, true, 200},
		{"origin", "POST", "/control/profile", "127.0.0.1:80", http.Header{"Content-Type": {body}, "Origin": {"http://example.com"}}, true, 403},
		{"own origin", "POST", "/control/profile", "127.0.0.1:80", http.Header{"Content-Type": {body}, "Origin": {"http://127.0.0.1:80"}}, true, 403},
		{"empty origin", "GET", "/control/state", "127.0.0.1:80", http.Header{"Origin": {""}}, true, 403},
		{"origin of the text", "GET", "/control", "127.0.0.1:80", http.Header{"Origin": {"null"}}, true, 403},
		{"origin elsewhere", "GET", "/control/state", "example.com", http.Header{"Origin": {"null"}}, false, 403},
		{"rebound name", "GET", "/control/state", "example.com:80", nil, true, 403},
		{"name that begins like one", "GET", "/control/state", "localhost.example.com:80", nil, true, 403},
		{"address that begins like one", "GET", "/control/state", "127.0.0.1.example.com", nil, true, 403},
		{"other address", "GET", "/control/state", "192.0.2.1:80", nil, true, 403},
		{"no host", "GET", "/control/state", "", nil, true, 403},
		{"name on another address", "GET", "/control/state", "example.com:80", nil, false, 200},
		{"form", "POST", "/control/profile", "127.0.0.1:80", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, true, 415},
		{"text", "POST", "/control/profile", "127.0.0.1:80", http.Header{"Content-Type": {"text/plain"}}, true, 415},
		{"no type", "POST", "/control/profile", "127.0.0.1:80", nil, true, 415},
		{"wrong method", "PUT", "/control/profile", "127.0.0.1:80", nil, true, 405},
		{"GET of a change", "GET", "/control/profile", "127.0.0.1:80", nil, true, 405},
		{"POST of the text", "POST", "/control", "127.0.0.1:80", nil, true, 405},
		{"preflight", "OPTIONS", "/control/profile", "127.0.0.1:80", nil, true, 405},
		{"unknown", "GET", "/control/status", "127.0.0.1:80", nil, true, 404},
		{"slash at the end", "GET", "/control/state/", "127.0.0.1:80", nil, true, 404},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(`{}`))
			r.Host = tt.host
			for name, values := range tt.header {
				r.Header[name] = values
			}
			w := httptest.NewRecorder()
			control := newControl("test", 3)
			control.loopback = tt.loopback
			control.ServeHTTP(w, r)
			require.Equal(t, tt.want, w.Code, w.Body)
			if tt.want != http.StatusOK {
				require.Equal(t, "application/json", w.Header().Get("Content-Type"))
				require.Regexp(t, `^\{\n  "error": ".+"\n\}\n$`, w.Body)
			}
			require.Equal(t, tt.want == http.StatusMethodNotAllowed, w.Header().Get("Allow") != "")
		})
	}
}

// TestAPIIsApart from the control, which has an address of its own.
func TestAPIIsApart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	response, err := s.send(t, http.MethodGet, strings.TrimSuffix(s.env["SIGNALWIRE_BASE_URL"], signalwire.BasePath)+controlPath)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	require.Contains(t, response.Header.Get("Content-Type"), "text/html")
	response, err = s.send(t, http.MethodGet, strings.Replace(s.env["CONTROL_URL"], controlPath, signalwire.BasePath, 1))
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, response.StatusCode)
	require.Contains(t, response.Header.Get("Content-Type"), "application/json")
}

func TestDefectPanics(t *testing.T) {
	t.Parallel()
	defect := post(func(*control, struct{}) (any, error) { panic(http.ErrAbortHandler) })
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { _, _ = defect.do(newControl("test", 0), strings.NewReader(`{}`)) })
}
