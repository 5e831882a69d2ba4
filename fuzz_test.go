package signalwire_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// FuzzAnswer: no answer makes a Doer panic, hides its status, passes for a
// success that it is not, or gets into a log as more than a line.
func FuzzAnswer(f *testing.F) {
	for _, tt := range errorBodies {
		if len(tt.body) < 1000 {
			f.Add("DELETE", 404, "application/json", []byte(strings.ReplaceAll(tt.body, "STATUS", "404")))
		}
	}
	f.Add("DELETE", 204, "application/json", []byte("x"))
	f.Add("GET", 200, "application/json", []byte("{}"))
	f.Add("DELETE", 200, "text/html", []byte(html))
	f.Add("HEAD", 101, "", []byte{})
	f.Add("PUT", -1, "", []byte("\xff\x00"))
	f.Fuzz(func(t *testing.T, method string, status int, contentType string, body []byte) {
		request, err := http.NewRequest(method, "https://example.org"+deletePath, nil)
		if err != nil {
			return
		}
		request.SetBasicAuth(testProject, testToken)
		doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: sender(func(r *http.Request) (*http.Response, error) {
			return answer(r, status, string(body), "Content-Type", contentType), nil
		})}

		response, err := doer.Do(request)

		require.NotEqual(t, err == nil, response == nil)
		if err == nil {
			require.Equal(t, status, response.StatusCode)
			require.True(t, request.Method == http.MethodDelete && status == 204 || request.Method != http.MethodDelete && status/100 == 2)
			return
		}
		answered := requireAPIError(t, err)
		require.Equal(t, status, answered.StatusCode)
		require.GreaterOrEqual(t, answered.Code, 0)
		require.NotContains(t, answered.Message+answered.MoreInfo+string(answered.Body()), testToken)
		if errors.Is(err, signalwire.ErrNotFound) {
			requireContractError(t, status, body)
		}
	})
}

// requireContractError wants at least what every error of the API has in
// common. It decodes in another way than the product does.
func requireContractError(t *testing.T, status int, body []byte) {
	t.Helper()
	require.Equal(t, 404, status)
	fields := map[string]any{}
	require.NoError(t, json.Unmarshal(body, &fields))
	present := 0
	for name, zero := range map[string]any{"code": 0.0, "message": "", "more_info": "", "status": 0.0} {
		switch value := fields[name]; {
		case value == nil:
			require.NotEqual(t, "code", name)
		case name == "code" && reflect.TypeOf(value) == reflect.TypeOf(""):
			code, err := strconv.Atoi(value.(string))
			require.NoError(t, err)
			require.False(t, code == 0 || code >= 100 && code <= 599, "%d", code)
			present++
		default:
			require.IsType(t, zero, value, name)
			present++
		}
	}
	require.GreaterOrEqual(t, present, 3)
	if code, _ := fields["code"].(float64); present == 3 {
		require.False(t, code >= 100 && code <= 599, "%v", code)
	}
	require.Contains(t, []any{404.0, 0.0, nil}, fields["status"])
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"5", "0", "-1", "1.5", "inf", "99999999999999999999", "4294967295", "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Fri, 31 Dec 9999 23:59:59 GMT", "",
	} {
		f.Add(value, "")
		f.Add(value, "Sun, 06 Nov 1994 08:49:00 GMT")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: sender(func(r *http.Request) (*http.Response, error) {
			return answer(r, 503, apiErrorBody(503), "Retry-After", value, "Date", date), nil
		})}
		_, err := doer.Do(httptest.NewRequest(http.MethodGet, "https://example.org/", nil))
		got := requireAPIError(t, err).RetryAfter
		require.GreaterOrEqual(t, got, time.Duration(0))
		if value != "" && strings.Trim(value, "0123456789") == "" {
			seconds, ok := new(big.Int).SetString(value, 10)
			require.True(t, ok)
			if longest := big.NewInt(math.MaxInt64 / int64(time.Second)); seconds.Cmp(longest) > 0 {
				seconds = longest
			}
			require.Equal(t, time.Duration(seconds.Int64())*time.Second, got)
		}
		if _, err := http.ParseTime(value); err != nil && strings.ContainsAny(value, ".+-eEnN") {
			require.Zero(t, got)
		}
	})
}

func FuzzSpaceURL(f *testing.F) {
	for _, space := range rejectedSpaces {
		f.Add(space)
	}
	for _, space := range []string{"acme", "ACME.signalwire.com", "https://acme.signalwire.com/"} {
		f.Add(space)
	}
	accepted := regexp.MustCompile(`^https://[a-z0-9-]{1,63}\.signalwire\.com` + signalwire.BasePath + `$`)
	f.Fuzz(func(t *testing.T, space string) {
		got, err := signalwire.SpaceURL(space)
		if err != nil {
			require.Empty(t, got)
			requireClearError(t, err, space, "space")
			return
		}
		require.Regexp(t, accepted, got)
		label := strings.TrimSuffix(must(url.Parse(got)).Hostname(), ".signalwire.com")
		require.Contains(t, strings.ToLower(space), label)
	})
}

func FuzzBaseURL(f *testing.F) {
	for _, baseURL := range rejectedBaseURLs {
		f.Add(baseURL)
	}
	for _, baseURL := range []string{"https://example.org:8443/a/b", "http://[::1]:8080", "http://localhost/x/", "https://EXAMPLE.org"} {
		f.Add(baseURL)
	}
	f.Fuzz(func(t *testing.T, baseURL string) {
		var sent *http.Request
		client, err := signalwire.New("example", testProject, testToken, signalwire.WithBaseURL(baseURL),
			signalwire.WithHTTPClient(sender(func(r *http.Request) (*http.Response, error) {
				sent = r
				return answer(r, 204, ""), nil
			})))
		if err != nil {
			require.Nil(t, client)
			requireClearError(t, err, "", "base URL")
			return
		}
		given := must(url.Parse(baseURL))
		_, err = client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
		if err != nil {
			return // What is not sent leaks nothing.
		}
		require.Equal(t, given.Host, sent.URL.Host)
		require.Equal(t, given.Scheme, sent.URL.Scheme)
		if sent.URL.Scheme != "https" {
			require.Equal(t, "http", sent.URL.Scheme)
			host := strings.ToLower(sent.URL.Hostname())
			require.True(t, host == "localhost" || strings.HasPrefix(host, "127.") || strings.Contains(host, ":"), host)
		}
		require.Nil(t, sent.URL.User)
		require.Empty(t, sent.URL.RawQuery+sent.URL.Fragment+sent.URL.Opaque)
		require.False(t, sent.URL.ForceQuery)
		require.True(t, strings.HasSuffix(sent.URL.EscapedPath(), strings.TrimPrefix(deletePath, signalwire.BasePath)))
		require.True(t, strings.HasPrefix(sent.URL.Path, strings.TrimSuffix(given.Path, "/")))
		require.NotContains(t, sent.URL.Path, "/../")
	})
}

func FuzzBasicAuth(f *testing.F) {
	for _, c := range [][2]string{
		{testProject, testToken}, {"", ""}, {"a:b", "c"}, {"a", "b:c"}, {"a b", "c"}, {"a\n", "b"}, {"ä", "b"}, {"a", "\xff"}, {"a", "\x7f"},
	} {
		f.Add(c[0], c[1])
	}
	f.Fuzz(func(t *testing.T, projectID, apiToken string) {
		request := httptest.NewRequest(http.MethodDelete, "https://example.org/", nil)
		err := signalwire.BasicAuth(projectID, apiToken)(t.Context(), request)
		if err != nil {
			require.Empty(t, request.Header)
			requireClearError(t, err, "", "")
			for _, value := range []string{projectID, apiToken} {
				require.False(t, len(value) > 16 && strings.Contains(err.Error(), value))
			}
			return
		}
		user, password, ok := request.BasicAuth()
		require.True(t, ok)
		require.Equal(t, projectID, user)
		require.Equal(t, apiToken, password)
		require.NotEmpty(t, user)
		require.NotEmpty(t, password)
		require.Equal(t, -1, strings.IndexFunc(user+password, func(r rune) bool { return r <= ' ' || r >= 0x7f }))
	})
}
