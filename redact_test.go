package signalwire_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	escapehtml "html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
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
func withAuthorization(t *testing.T, value string, send wiretest.Sender) error {
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
					err := withAuthorization(t, basic, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 404, body), nil })

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
			err := withAuthorization(t, tt.value, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 502, tt.body), nil })
			require.Equal(t, tt.want, string(requireAPIError(t, err).Body()))
		})
	}
	for _, name := range []string{"authorization", "AUTHORIZATION", "Proxy-Authorization"} {
		t.Run("header "+name, func(t *testing.T) {
			t.Parallel()
			request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://example.org/x", nil))
			request.Header[name] = []string{"Bearer abc.def-123"}
			_, err := (&signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				return wiretest.Response(r, 502, "x abc.def-123 x"), nil
			})}).Do(request)
			require.Equal(t, "x [redacted] x", string(requireAPIError(t, err).Body()))
		})
	}
}

type breakerError struct{ state string }

func (e *breakerError) Error() string { return "the breaker is " + e.state }

var errBreaker = errors.New("breaker open")

// chameleonError is what its methods say.
type chameleonError struct{ text string }

func (e chameleonError) Error() string        { return e.text }
func (e chameleonError) Is(target error) bool { return target == errBreaker }
func (e chameleonError) As(target any) bool {
	found, ok := target.(**breakerError)
	if ok {
		*found = &breakerError{"open"}
	}
	return ok
}

// uncomparableError must not be compared.
type uncomparableError []string

func (e uncomparableError) Error() string { return strings.Join(e, " ") }

// TestCallersErrorsAreFound, although the text in which they come shows what no
// error must show.
func TestCallersErrorsAreFound(t *testing.T) {
	t.Parallel()
	const address = "https://example.org/secret-location"
	typed := &breakerError{"open"}
	quoting := func(err error) error { return &url.Error{Op: "Delete", URL: address, Err: err} }
	for _, tt := range []struct {
		name  string
		err   error
		typed bool
		text  string
	}{
		{"*url.Error", quoting(errBreaker), false, "breaker open"},
		{"*url.Error twice", quoting(quoting(typed)), true, "the breaker is open"},
		{"wrapped with a URL", fmt.Errorf("DELETE %s: %w", address, errBreaker), false, "DELETE [URL] breaker open"},
		{"wrapped with the token", fmt.Errorf("%s: %w", testToken, typed), true, "[redacted]: the breaker is open"},
		{"before a *url.Error", fmt.Errorf("%w: %w", errBreaker, quoting(io.EOF)), false, `breaker open: Delete "[URL]": EOF`},
		{"joined to a *url.Error", errors.Join(quoting(io.EOF), typed), true, "Delete \"[URL]\": EOF\nthe breaker is open"},
		{"below a *url.Error", fmt.Errorf("send: %w", quoting(errors.Join(io.EOF, errBreaker))), false, "send: Delete \"[URL]\": EOF\nbreaker open"},
		{"*url.Error that the text hides", hidingError{quoting(errBreaker)}, false, "hidden"},
		{"found by its methods", chameleonError{"at " + address}, true, "at [URL]"},
		{"broken Location", fmt.Errorf("failed to parse Location header %q: %w", "secret-location", errBreaker), false,
			"the HTTP client tried to follow a redirect to what is not a URL"},
		{"uncomparable", errors.Join(uncomparableError{address}, errBreaker), false, "[URL]\nbreaker open"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Fails(tt.err)}))

				failed := requireTransportError(t, err)
				require.Equal(t, tt.text, failed.Err.Error())
				if tt.typed {
					var found *breakerError
					require.ErrorAs(t, err, &found)
					require.Equal(t, "open", found.state)
				}
				if _, both := tt.err.(chameleonError); both || !tt.typed {
					require.ErrorIs(t, err, errBreaker)
				}
				require.NotErrorIs(t, err, io.ErrNoProgress)
				require.NotErrorIs(t, err, uncomparableError{address})
				require.NotErrorAs(t, err, new(*url.Error))
				for rendering, text := range renderings(err) {
					require.NotContains(t, text, "secret-location", rendering)
				}
				requireNoSecrets(t, "error", err)
				var timeouts interface{ Timeout() bool }
				if errors.As(failed.Err, &timeouts) {
					require.NotContains(t, timeouts.(error).Error(), "secret-location")
				}
			})
		})
	}
}

// hidingError shows nothing of what it wraps.
type hidingError struct{ err error }

func (e hidingError) Error() string { return "hidden" }
func (e hidingError) Unwrap() error { return e.err }

// TestErrorsOfOtherCallsAreNotHandedOut: an error is never both types, whatever
// a caller's HTTP client returns.
func TestErrorsOfOtherCallsAreNotHandedOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		_, notFound := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Says(404)}))
		request := must(http.NewRequestWithContext(t.Context(), http.MethodPut, "https://example.org/x", strings.NewReader("x")))
		request.GetBody = func() (io.ReadCloser, error) { return nil, fmt.Errorf("%w: %w", errBreaker, notFound) }
		_, err := (&signalwire.Doer{HTTPClient: wiretest.Says(503)}).Do(request)
		requireTransportError(t, err)
		require.ErrorIs(t, err, errBreaker)
	})
}

// TestRedactingTakesLinearTime, or this test does not end: nothing in a body
// makes the search start over and over.
func TestRedactingTakesLinearTime(t *testing.T) {
	t.Parallel()
	for _, token := range []string{`\back\slash`, `PT\back`, `%41%41`, `&#38;&`, `aaaaaaab`} {
		for _, piece := range []string{`\`, `\\u005c`, "%5C", "%41", "&#38;", "&amp;", "a", `a\`, "u0026"} {
			t.Run(token+" in "+piece, func(t *testing.T) {
				t.Parallel()
				body := strings.Repeat(piece, (1<<18)/len(piece))
				err := withAuthorization(t, token, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 502, body), nil })
				require.NotEmpty(t, requireAPIError(t, err).Body())
			})
		}
	}
}
