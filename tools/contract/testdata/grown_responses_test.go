package api_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// A scripted server gives one response to everything.
type scripted struct {
	*httptest.Server
	status      int
	contentType string
	body        string
	count       int
}

func newScripted(t *testing.T) (*scripted, *signalwire.ClientWithResponses) {
	t.Helper()
	s := &scripted{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.count++
		w.Header()["Content-Type"] = nil
		if s.contentType != "" {
			w.Header().Set("Content-Type", s.contentType)
		}
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.body)
	}))
	t.Cleanup(s.Close)
	client, err := signalwire.New("example", uuid.NewString(), "PTtoken", signalwire.WithBaseURL(s.URL))
	require.NoError(t, err)
	return s, client
}

func sid[S any](t *testing.T, parse func(string) (S, error)) S {
	t.Helper()
	s, err := parse("3f0e6c1a-6a43-4f0e-9a53-0d4c8b1f7e21")
	require.NoError(t, err)
	return s
}

const conferenceJSON = `{"sid":"3f0e6c1a-6a43-4f0e-9a53-0d4c8b1f7e21","account_sid":"3f0e6c1a-6a43-4f0e-9a53-0d4c8b1f7e21","status":"active","call_sid_to_coach":null}`

// TestGrownSuccess holds that what a method returns as a success is a documented
// success, whether the method decodes it or not.
func TestGrownSuccess(t *testing.T) {
	t.Parallel()
	s, client := newScripted(t)
	account, conference := sid(t, signalwire.ParseAccountSid), sid(t, signalwire.ParseConferenceSid)
	update := signalwire.UpdateConferenceFormdataRequestBody{Status: signalwire.UpdateConferenceFormdataBodyStatusActive}
	calls := map[string]func() (*http.Response, *signalwire.OldConference, error){
		"GET": func() (*http.Response, *signalwire.OldConference, error) {
			response, err := client.RetrieveOldConference(t.Context(), account, conference)
			return response, nil, err
		},
		"GET decoded": func() (*http.Response, *signalwire.OldConference, error) {
			response, err := client.RetrieveOldConferenceWithResponse(t.Context(), account, conference)
			if err != nil {
				require.Nil(t, response)
				return nil, nil, err
			}
			return response.HTTPResponse, response.JSON200, nil
		},
		"POST": func() (*http.Response, *signalwire.OldConference, error) {
			response, err := client.UpdateConferenceWithFormdataBody(t.Context(), account, conference, update)
			return response, nil, err
		},
		"POST decoded": func() (*http.Response, *signalwire.OldConference, error) {
			response, err := client.UpdateConferenceWithFormdataBodyWithResponse(t.Context(), account, conference, update)
			if err != nil {
				require.Nil(t, response)
				return nil, nil, err
			}
			return response.HTTPResponse, response.JSON2XX, nil
		},
	}
	for _, tt := range []struct {
		name              string
		status            int
		contentType, body string
		want              map[string]string // "" for a success, else a part of the error; by method
	}{
		{"as documented", 200, "application/json", conferenceJSON, map[string]string{"GET": "", "POST": ""}},
		{"with a charset", 200, "Application/JSON; charset=utf-8", conferenceJSON, map[string]string{"GET": "", "POST": ""}},
		{"of a range", 207, "application/json", conferenceJSON, map[string]string{"GET": "not a documented status", "POST": ""}},
		{"within a range, without a body", 202, "", "", map[string]string{"GET": "not a documented status", "POST": ""}},
		{"a body where none is documented", 202, "application/json", "{}", map[string]string{"GET": "not a documented status", "POST": "none is documented"}},
		{"no content", 204, "", "", map[string]string{"GET": "not a documented status", "POST": "the body is empty"}},
		{"empty", 200, "application/json", "", map[string]string{"GET": "the body is empty", "POST": "the body is empty"}},
		{"null", 200, "application/json", " null\n", map[string]string{"GET": "the body is null", "POST": "the body is null"}},
		{"HTML", 200, "text/html", "<html>SECRET</html>", map[string]string{"GET": "not JSON", "POST": "not JSON"}},
		{"HTML called JSON", 200, "application/json", "<html>SECRET</html>", map[string]string{"GET": "not JSON", "POST": "not JSON"}},
		{"JSON called text", 200, "text/plain", conferenceJSON, map[string]string{"GET": "Content-Type", "POST": "Content-Type"}},
		{"JSON called CSV, which is documented", 200, "text/csv", conferenceJSON, map[string]string{"GET": "Content-Type", "POST": "Content-Type"}},
		{"another JSON type", 200, "application/problem+json", conferenceJSON, map[string]string{"GET": "Content-Type", "POST": "Content-Type"}},
		{"without a type", 200, "", conferenceJSON, map[string]string{"GET": "Content-Type", "POST": "Content-Type"}},
		{"wrong type of a field", 200, "application/json", `{"sid":"SECRET"}`, map[string]string{"GET": "does not decode", "POST": "does not decode"}},
		{"a list", 200, "application/json", `["SECRET"]`, map[string]string{"GET": "does not decode", "POST": "does not decode"}},
		{"two values", 200, "application/json", `{}{}`, map[string]string{"GET": "not JSON", "POST": "not JSON"}},
	} {
		for name, call := range calls {
			s.status, s.contentType, s.body, s.count = tt.status, tt.contentType, tt.body, 0
			method, _, isDecoded := strings.Cut(name, " ")
			response, result, err := call()
			row := tt.name + ", " + name
			require.Equal(t, 1, s.count, row)
			want := tt.want[method]
			if want == "" {
				require.NoError(t, err, row)
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err, row)
				require.Equal(t, tt.body, string(body), row)
				require.Equal(t, isDecoded && tt.body != "", result != nil, row)
				continue
			}
			require.Nil(t, response, row)
			var failure *signalwire.Error
			require.ErrorAs(t, err, &failure, row)
			require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse, row)
			require.ErrorContains(t, err, want, row)
			require.NotContains(t, err.Error(), "SECRET", row)
			require.Equal(t, tt.status, failure.StatusCode, row)
			require.Equal(t, tt.body, string(failure.Body()), row)
			require.Equal(t, 1, failure.Attempts, row)
			require.Equal(t, method == "POST", failure.MaybeApplied, row)
		}
	}

	s.status, s.contentType, s.body = 200, "application/vnd.signalwire+json; charset=utf-8", conferenceJSON
	response, err := client.RetrieveOldConferenceWithResponse(t.Context(), account, conference)
	require.NoError(t, err)
	require.Nil(t, response.JSON200)
	require.Equal(t, conference, response.ApplicationVndSignalwireJSON200.Sid)
}

// TestGrownErrors holds that the shapes that the contract documents for an
// operation's errors are the API's, for that operation and status alone.
func TestGrownErrors(t *testing.T) {
	t.Parallel()
	s, client := newScripted(t)
	account, conference := sid(t, signalwire.ParseAccountSid), sid(t, signalwire.ParseConferenceSid)
	const (
		texts     = `{"errors":["Name is wrong","and more"]}`
		attribute = `{"type":"validation","code":"missing","message":"Name is wrong","attribute":null,"url":"https://example.org"}`
		common    = `{"code":20404,"message":"Name is wrong","more_info":"x","status":404}`
	)
	retrieveAccount := func() error { _, err := client.RetrieveAccount(t.Context(), account); return err }
	retrieveConference := func() error { _, err := client.RetrieveOldConference(t.Context(), account, conference); return err }
	updateConference := func() error {
		_, err := client.UpdateConferenceWithFormdataBodyWithResponse(t.Context(), account, conference, signalwire.UpdateConferenceFormdataRequestBody{})
		return err
	}
	for _, tt := range []struct {
		name       string
		call       func() error
		status     int
		body       string
		sentinel   error
		documented bool
	}{
		{"a documented list of texts", retrieveAccount, 404, texts, signalwire.ErrNotFound, true},
		{"the same where the contract has none", retrieveConference, 404, texts, signalwire.ErrNotFound, false},
		{"the same at another status", updateConference, 409, texts, signalwire.ErrConflict, false},
		{"422", updateConference, 422, texts, signalwire.ErrUnprocessable, true},
		{"an attribute", updateConference, 409, attribute, signalwire.ErrConflict, true},
		{"the common shape where another is documented", retrieveAccount, 404, common, signalwire.ErrNotFound, true},
		{"the common shape", retrieveConference, 404, common, signalwire.ErrNotFound, true},
		{"a list of other values", retrieveAccount, 404, `{"errors":[404]}`, signalwire.ErrNotFound, false},
		{"an empty list", retrieveAccount, 404, `{"errors":[]}`, signalwire.ErrNotFound, false},
		{"an undocumented property", retrieveAccount, 404, `{"errors":["x"],"path":"/"}`, signalwire.ErrNotFound, false},
		{"a missing property", updateConference, 409, strings.Replace(attribute, `"code":"missing",`, "", 1), signalwire.ErrConflict, false},
		{"a status as code", updateConference, 409, strings.Replace(attribute, "missing", "409", 1), signalwire.ErrConflict, false},
		{"a repeated property", retrieveAccount, 404, `{"errors":["x"],"errors":["y"]}`, signalwire.ErrNotFound, false},
		{"no JSON", retrieveAccount, 404, `<html>`, signalwire.ErrNotFound, false},
		{"null", retrieveAccount, 404, `null`, signalwire.ErrNotFound, false},
		{"503", updateConference, 503, `<html>`, signalwire.ErrUnavailable, false},
	} {
		s.status, s.contentType, s.body = tt.status, "application/json", tt.body
		err := tt.call()
		var failure *signalwire.Error
		require.ErrorAs(t, err, &failure, tt.name)
		require.Equal(t, tt.status, failure.StatusCode, tt.name)
		require.NotEqual(t, tt.documented, errors.Is(err, signalwire.ErrUnexpectedResponse), tt.name)
		require.Equal(t, tt.documented || tt.status != 404, errors.Is(err, tt.sentinel), tt.name)
		if tt.documented {
			require.Equal(t, "Name is wrong", failure.Message, tt.name)
		}
	}
}
