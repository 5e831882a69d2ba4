package signalwiretest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/api"
	"example.com/signalwire/internal/wiretest"
	"example.com/signalwire/signalwiretest"
)

// withQuery makes a client send what the contract does not have.
func withQuery(_ context.Context, r *http.Request) error {
	r.URL.RawQuery = "force=1"
	return nil
}

// nextLine returns the file and the line after its caller's.
func nextLine() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", filepath.Base(file), line+1)
}

// TestViolationIsReportedOnce has a client break the contract, which retries
// whatever may succeed later.
func TestViolationIsReportedOnce(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	conference, calls := server.AddConference(1)
	server.Script(signalwiretest.Unavailable())
	client := server.Client(signalwire.WithRequestEditorFn(withQuery))

	line := nextLine()
	_, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
	path := pathOf(server.ProjectID(), conference.String(), calls[0].String())
	require.Equal(t, []string{
		line + ": signalwiretest: the request breaks the contract: DELETE " + path + `: query parameter "force" is not in the contract`,
	}, tb.failed())
	require.Len(t, server.Violations(), 1)
	require.EqualError(t, server.Violations()[0], tb.failed()[0])
	requests := server.Requests()
	require.Len(t, requests, 1, "it is not retried")
	require.Equal(t, http.StatusNotImplemented, requests[0].StatusCode)
	require.Equal(t, calls, server.Participants(conference))
}

// TestLinesAreForgotten notes lines of requests that never arrive. Another
// request to the same path must not get one of them, or not for ever.
func TestLinesAreForgotten(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	server.OnViolation = func(error) {}
	conference, calls := server.AddConference(1002)
	nowhere := server.Client(signalwire.WithHTTPClient(&signalwire.Doer{
		MaxAttempts: 1,
		HTTPClient:  &http.Client{Transport: wiretest.Fails(errors.New("no network"))},
	}))
	reported := func(call signalwire.CallSid) string {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete,
			pathOf(server.ProjectID(), conference.String(), call.String())+"?x=1", nil)
		server.ServeHTTP(httptest.NewRecorder(), r)
		violations := server.Violations()
		return violations[len(violations)-1].Error()
	}
	for _, call := range calls {
		_, err := nowhere.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
		require.Error(t, err)
	}
	last := calls[len(calls)-1]
	require.True(t, strings.HasPrefix(reported(last), "violation_test.go:"), "the line is known")
	require.True(t, strings.HasPrefix(reported(last), "signalwiretest: "), "the line was used")
	require.True(t, strings.HasPrefix(reported(calls[0]), "signalwiretest: "), "the line is too old")
}

// TestHandlerReportsViolations covers requests whose line is unknown, scripted
// ones included.
func TestHandlerReportsViolations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, path string
		edit               func(*http.Request)
		status             int
		want               string
	}{
		{"no credentials", "DELETE", "", func(r *http.Request) { r.Header.Del("Authorization") }, 401, "security"},
		{"malformed SID", "DELETE", "x", nil, 422, `"CallSid" in path`},
		{"query", "DELETE", "?x=1", nil, 501, `query parameter "x" is not in the contract`},
		{"unknown method", "PATCH", "", nil, 404, "no operation of this method and path"},
		{"long path", "DELETE", strings.Repeat("x", 5000), nil, 422, `"CallSid" in path`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			handler := signalwiretest.NewHandler(t.Name())
			var reported []error
			handler.OnViolation = func(err error) { reported = append(reported, err) }
			handler.Script(signalwiretest.Unavailable())
			path := pathOf(handler.ProjectID(), otherSid, otherSid)
			r := httptest.NewRequestWithContext(t.Context(), tt.method, path+tt.path, nil)
			r.SetBasicAuth(handler.ProjectID(), handler.APIToken())
			if tt.edit != nil {
				tt.edit(r)
			}
			w := httptest.NewRecorder()

			handler.ServeHTTP(w, r)

			require.Equal(t, tt.status, w.Code)
			require.Len(t, reported, 1)
			require.Equal(t, reported, handler.Violations())
			text := reported[0].Error()
			require.True(t, strings.HasPrefix(text, "signalwiretest: the request breaks the contract: "+tt.method+" "+path), text)
			require.Contains(t, text, tt.want)
			require.NotContains(t, text, "\n")
			require.NotContains(t, text, handler.APIToken())
			require.Less(t, len(text), 1200)
		})
	}
}

// TestScriptedResponseBreaksTheContract scripts a response to an operation that
// does not have it.
func TestScriptedResponseBreaksTheContract(t *testing.T) {
	t.Parallel()
	tb := newTB(t)
	server := signalwiretest.NewServer(tb)
	require.NoError(t, server.SetContract(regexp.MustCompile(`['"]422['"]:`).ReplaceAll(api.Contract, []byte("'423':"))))
	conference, calls := server.AddConference(1)
	line := nextLine()
	server.Script(signalwiretest.Unprocessable())

	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

	require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
	require.Equal(t, []string{
		line + ": signalwiretest: the response breaks the contract: DELETE " +
			pathOf(server.ProjectID(), conference.String(), calls[0].String()) + ": status 422 is not in the contract",
	}, tb.failed())
	require.Len(t, server.Requests(), 1, "it is not retried")

	// A request that breaks the contract is one violation, even if its response
	// would be another.
	r := httptest.NewRequestWithContext(t.Context(), http.MethodDelete, pathOf(server.ProjectID(), otherSid, "CA123"), nil)
	r.SetBasicAuth(server.ProjectID(), server.APIToken())
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	require.Equal(t, http.StatusNotImplemented, w.Code)
	require.Len(t, tb.failed(), 2)
}

// TestDefaultResponseIsDocumented scripts a response that the contract has only
// as its default.
func TestDefaultResponseIsDocumented(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	require.NoError(t, server.SetContract(regexp.MustCompile(`['"]422['"]:`).ReplaceAll(api.Contract, []byte("default:"))))
	conference, calls := server.AddConference(1)
	server.Script(signalwiretest.Unprocessable())
	_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
	require.ErrorIs(t, err, signalwire.ErrUnprocessable)
}

func TestViolationsAreBounded(t *testing.T) {
	t.Parallel()
	handler := signalwiretest.NewHandler(t.Name())
	reported := 0
	handler.OnViolation = func(error) { reported++ }
	for range 1100 {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	}
	require.Len(t, handler.Violations(), 1000)
	require.Equal(t, 1100, reported)
}
