//go:build live

package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// TestLive asks the live service two questions that touch nobody, and reports
// how its responses differ from the contract. It removes a participant that does
// not exist, named by SIDs made up on the spot, and expects 404; then it does so
// with a spoiled token, and expects 401. What it prints holds no secret and no
// ID. make test-live runs it.
func TestLive(t *testing.T) {
	report, asExpected := askLive(t)
	t.Log("\n" + report)
	require.True(t, asExpected, "a response is not as expected; the report says which")
}

func askLive(t *testing.T, options ...signalwire.ClientOption) (report string, asExpected bool) {
	t.Helper()
	project := os.Getenv("SIGNALWIRE_PROJECT_ID")
	asExpected = true
	for _, question := range []struct {
		title    string
		expected error
		editors  []signalwire.RequestEditorFn
	}{
		{"A participant that does not exist: expecting 404", signalwire.ErrNotFound, nil},
		{"A spoiled token: expecting 401", signalwire.ErrUnauthorized, []signalwire.RequestEditorFn{
			signalwire.BasicAuth(project, "spoiled-"+uuid.NewString()),
		}},
	} {
		seen := &liveResponse{}
		client, err := signalwire.NewFromEnv(append(options, signalwire.WithHTTPClient(&signalwire.Doer{
			HTTPClient:  &http.Client{Transport: signalwiretest.ValidateTraffic(seen, seen.found)},
			MaxAttempts: 1,
		}))...)
		require.NoError(t, err)
		account, err := signalwire.ParseAccountSid(project)
		require.NoError(t, err)
		conference, err := signalwire.ParseConferenceSid(uuid.NewString())
		require.NoError(t, err)
		call, err := signalwire.ParseCallSid(uuid.NewString())
		require.NoError(t, err)

		_, err = client.DeleteParticipantWithResponse(t.Context(), account, conference, call, question.editors...)
		good := errors.Is(err, question.expected) && len(seen.findings) == 0
		asExpected = asExpected && good
		report += fmt.Sprintf("%s\n  as expected:  %t\n  client:       %v\n%s", question.title, good, err, seen)
	}
	for _, secret := range []string{os.Getenv("SIGNALWIRE_API_TOKEN"), project} {
		report = strings.ReplaceAll(report, secret, "[redacted]")
	}
	return identifier.ReplaceAllString(report, "[ID]"), asExpected
}

var identifier = regexp.MustCompile(`[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}`)

// liveResponse sends a request and keeps what is worth reporting of the response.
type liveResponse struct {
	findings []string
	status   int
	header   http.Header
	body     []byte
}

var liveTransport = signalwire.NewTransport()

func (r *liveResponse) found(finding error) {
	r.findings = append(r.findings, strings.TrimPrefix(finding.Error(), "signalwiretest: "))
}

func (r *liveResponse) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := liveTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	r.status, r.header = response.StatusCode, response.Header.Clone()
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(response.Body, r), response.Body}
	return response, nil
}

// Write keeps the first 64 KiB of the body.
func (r *liveResponse) Write(p []byte) (int, error) {
	const most = 64 << 10
	r.body = append(r.body, p[:min(len(p), most-len(r.body))]...)
	return len(p), nil
}

// limitHeader matches the headers in which services say how much they allow.
var limitHeader = regexp.MustCompile(`(?i)limit|retry|throttl|quota`)

func (r *liveResponse) String() string {
	if r.status == 0 {
		return ""
	}
	names := slices.Sorted(maps.Keys(r.header))
	report := fmt.Sprintf("  status:       %d\n  content type: %q\n  body:         %s\n  headers:      %s\n",
		r.status, r.header.Get("Content-Type"), shape(r.body), strings.Join(names, ", "))
	for _, name := range names {
		if limitHeader.MatchString(name) {
			report += fmt.Sprintf("  limit header: %s = %s\n", name, r.header.Get(name))
		}
	}
	for _, finding := range r.findings {
		report += "  difference:   " + finding + "\n"
	}
	return report
}

// shape describes a body by the names and types of its fields.
func shape(body []byte) string {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("%d bytes, not JSON", len(body))
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return fmt.Sprintf("JSON, %T", value)
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, fmt.Sprintf("%s %T", name, fields[name]))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// TestLiveReport asks imitations of the service, good ones and bad ones.
func TestLiveReport(t *testing.T) {
	t.Setenv("SIGNALWIRE_SPACE", "example")
	documented := signalwiretest.NewServer(t)
	project, token := documented.ProjectID(), documented.APIToken()
	t.Setenv("SIGNALWIRE_PROJECT_ID", project)
	t.Setenv("SIGNALWIRE_API_TOKEN", token)
	for _, tt := range []struct {
		name       string
		handler    http.Handler
		asExpected int
		want       []string
	}{
		{"as documented", documented.Handler, 2, []string{
			"body:         {code float64, message string, more_info string, status float64}", `content type: "application/json`,
		}},
		{"other than documented", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			user, token, _ := r.BasicAuth()
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("X-RateLimit-Remaining", "17")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"20404","message":"` + user + " " + token + r.URL.Path + `","more_info":null,"status":404}`))
		}), 0, []string{
			"limit header: X-Ratelimit-Remaining = 17", "body:         {code string, message string, more_info <nil>, status float64}",
			"difference:   ", "DELETE /Accounts/{AccountSid}",
		}},
		{"not the service", http.NotFoundHandler(), 0, []string{"unexpected response", "not JSON"}},
		{"somebody was removed", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }), 0, []string{"status:       204"}},
	} {
		server := httptest.NewServer(tt.handler)
		report, asExpected := askLive(t, signalwire.WithBaseURL(server.URL+signalwiretest.BasePath))
		server.Close()
		require.Equal(t, asExpected, tt.asExpected == 2, "%s:\n%s", tt.name, report)
		require.Equal(t, tt.asExpected, strings.Count(report, "as expected:  true"), "%s:\n%s", tt.name, report)
		for _, want := range tt.want {
			require.Contains(t, report, want, tt.name)
		}
		for _, secret := range []string{project, token} {
			require.NotContains(t, report, secret, tt.name)
		}
		require.NotRegexp(t, identifier, report, tt.name)
	}
	requests := documented.Requests()
	require.Len(t, requests, 2)
	require.Equal(t, 404, requests[0].StatusCode)
	require.Equal(t, 401, requests[1].StatusCode)
	require.NotEqual(t, requests[0].Path, requests[1].Path, "SIDs are made up anew")
}
