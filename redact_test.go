package signalwire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	escapehtml "html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// awkwardTokens are what BasicAuth takes, and some are hard to find in a body.
var awkwardTokens = []string{
	testToken, `PT"quoted"`, `"PT"`, `PT\back\slash`, `\\PT\\ab\\`, `PT\"both\"`, `PT\u0041bc`, `PT/slash/`, `PT<&>'x`, `PT&quot;x`,
	`PT%41%25`, `100%25`, `PT+plus+`, `u0041bc`,
	// Words of the error's own:
	"code", "status", "message", "more_info", "20404", "redacted",
}

// asJSON encodes a text without its quotes.
func asJSON(text string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	_ = encoder.Encode(text)
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// encodings are ways in which a text gets into a page or a document.
var encodings = map[string]func(string) string{
	"plain":           func(s string) string { return s },
	"JSON":            func(s string) string { return asJSON(s, false) },
	"JSON for HTML":   func(s string) string { return asJSON(s, true) },
	"JSON of PHP":     func(s string) string { return strings.ReplaceAll(asJSON(s, false), "/", `\/`) },
	"JSON in JSON":    func(s string) string { return asJSON(asJSON(s, true), true) },
	"JSON, all of it": escaped,
	"HTML":            escapehtml.EscapeString,
	"HTML of PHP":     func(s string) string { return strings.ReplaceAll(escapehtml.EscapeString(s), "&#39;", "&#039;") },
	"HTML with names": strings.NewReplacer("&", "&amp;", `"`, "&quot;", "<", "&lt;", ">", "&gt;", "'", "&apos;").Replace,
	"HTML in JSON":    func(s string) string { return asJSON(escapehtml.EscapeString(s), true) },
	"HTML, hexadecimal": func(s string) string {
		var b strings.Builder
		for _, r := range s {
			fmt.Fprintf(&b, "&#x%X;", r)
		}
		return b.String()
	},
	"URL's path":  url.PathEscape,
	"URL's query": url.QueryEscape,
	"capitals":    strings.ToUpper,
}

// withAuthorization returns the error that a Doer makes of a response to a
// request with an Authorization header.
func withAuthorization(t *testing.T, value string, send sender) error {
	t.Helper()
	request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://example.org/x", nil))
	request.Header["Authorization"] = []string{value}
	_, err := (&signalwire.Doer{MaxAttempts: 1, HTTPClient: send}).Do(request)
	require.Error(t, err)
	return err
}

// TestSecretsAreRedacted: however a response repeats the token, no error shows
// it, and it does not change what the error is.
func TestSecretsAreRedacted(t *testing.T) {
	t.Parallel()
	for _, token := range awkwardTokens {
		basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(testProject+":"+token))
		for name, encode := range encodings {
			t.Run(token+" as "+name, func(t *testing.T) {
				t.Parallel()
				repeated := encode(token)
				bodies := map[string]string{
					"HTML":     "<p>before " + repeated + " after</p>",
					"document": `{"code":20404,"message":"before ` + asJSON(repeated, false) + ` after","more_info":"` + asJSON(repeated, false) + `","status":404}`,
				}
				if strings.Contains(name, "JSON") {
					bodies["document"] = `{"code":20404,"message":"before ` + repeated + ` after","more_info":"` + repeated + `","status":404}`
				}
				for kind, body := range bodies {
					err := withAuthorization(t, basic, func(r *http.Request) (*http.Response, error) { return answer(r, 404, body), nil })

					answered := requireAPIError(t, err)
					if kind == "HTML" {
						require.Equal(t, "<p>before [redacted] after</p>", string(answered.Body()))
						continue
					}
					require.ErrorIs(t, err, signalwire.ErrNotFound)
					require.Equal(t, 20404, answered.Code)
					require.Equal(t, "before [redacted] after", answered.Message)
					require.Equal(t, "[redacted]", answered.MoreInfo)
					require.Contains(t, string(answered.Body()), `before [redacted] after`)
				}
				err := withAuthorization(t, basic, func(*http.Request) (*http.Response, error) {
					return nil, errors.New("before " + repeated + " after")
				})
				require.Equal(t, "before [redacted] after", requireTransportError(t, err).Err.Error())
			})
		}
	}
}

// TestCredentialsOfAllSchemes: a caller may authenticate in another way.
func TestCredentialsOfAllSchemes(t *testing.T) {
	t.Parallel()
	basic := base64.StdEncoding.EncodeToString([]byte(testProject + ":" + testToken))
	for _, tt := range []struct{ name, value, body, want string }{
		{"Basic", "Basic " + basic, basic + " " + testToken + " " + testProject, "[redacted] [redacted] [redacted]"},
		{"Basic, without padding", "Basic " + basic, strings.TrimRight(basic, "=") + ".", "[redacted]."},
		{"Basic, in small letters", "basic " + basic, testToken, "[redacted]"},
		{"Basic, with blanks", "Basic   " + basic + " ", basic + " " + testToken, "[redacted] [redacted]"},
		{"Basic, not base64", "Basic !!not-base64!!", "x !!not-base64!! x", "x [redacted] x"},
		{"Bearer", "Bearer abc.def-123", "x abc.def-123 x", "x [redacted] x"},
		{"no scheme", "abc.def-123", "x abc.def-123 x", "x [redacted] x"},
		{"no scheme, with quotes", `abc"def`, `{"x":"abc\"def"}`, `{"x":"[redacted]"}`},
		{"Digest", `Digest username="u", response="r"`, `{"x":"Digest username=\"u\", response=\"r\""}`, `{"x":"Digest [redacted]"}`},
		{"overlapping", "Basic " + base64.StdEncoding.EncodeToString([]byte("abcdef:defghi")), "x abcdefghi x", "x [redacted] x"},
		{"short ones are everywhere", "Bearer abc", "x abc x", "x abc x"},
		{"escapes of something else", "Bearer abc.def-123", `\"a\\bc &; &amp; \u0026; %61%62 \u0061bc.def-12`, `\"a\\bc &; &amp; \u0026; %61%62 \u0061bc.def-12`},
		{"none", "", "x abc x", "x abc x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := withAuthorization(t, tt.value, func(r *http.Request) (*http.Response, error) { return answer(r, 502, tt.body), nil })
			require.Equal(t, tt.want, string(requireAPIError(t, err).Body()))
		})
	}
	for _, name := range []string{"authorization", "AUTHORIZATION", "Proxy-Authorization"} {
		t.Run("header "+name, func(t *testing.T) {
			t.Parallel()
			request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://example.org/x", nil))
			request.Header[name] = []string{"Bearer abc.def-123"}
			_, err := (&signalwire.Doer{MaxAttempts: 1, HTTPClient: sender(func(r *http.Request) (*http.Response, error) {
				return answer(r, 502, "x abc.def-123 x"), nil
			})}).Do(request)
			require.Equal(t, "x [redacted] x", string(requireAPIError(t, err).Body()))
		})
	}
}
