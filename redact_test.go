package signalwire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	escapehtml "html"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"text/template"
	"time"

	"github.com/stretchr/testify/assert"
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
	request := newRequest(t, http.MethodDelete)
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
					err := withAuthorization(t, basic, wiretest.Returns(404, body))

					responded := requireAPIError(t, err)
					if kind == "HTML" {
						require.Equal(t, "<p>before [redacted] after</p>", string(responded.Body()))
						continue
					}
					require.ErrorIs(t, err, signalwire.ErrNotFound)
					require.Equal(t, 20404, responded.Code)
					require.Equal(t, "before [redacted] after", responded.Message)
					require.Equal(t, "[redacted]", responded.MoreInfo)
					require.Contains(t, string(responded.Body()), `before [redacted] after`)
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
			err := withAuthorization(t, tt.value, wiretest.Returns(502, tt.body))
			require.Equal(t, tt.want, string(requireAPIError(t, err).Body()))
		})
	}
	for _, name := range []string{"authorization", "AUTHORIZATION", "Proxy-Authorization"} {
		t.Run("header "+name, func(t *testing.T) {
			t.Parallel()
			request := newRequest(t, http.MethodDelete)
			request.Header[name] = []string{"Bearer abc.def-123"}
			_, err := (&signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Returns(502, "x abc.def-123 x")}).Do(request)
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
				err := withAuthorization(t, token, wiretest.Returns(502, body))
				require.NotEmpty(t, requireAPIError(t, err).Body())
			})
		}
	}
}

// An echo is a server, or something before it, that repeats what it was sent.
func echo(r *http.Request) string {
	_, token, _ := r.BasicAuth()
	return strings.Join([]string{
		r.Header.Get("Authorization"), token, testProject, strings.ToUpper(testProject), testBasic, r.URL.String(), r.Host,
	}, " ")
}

// escaped writes a text as some JSON encoders do.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

func echoes() map[string]wiretest.Sender {
	dialError := func(r *http.Request) error {
		return fmt.Errorf("dial %s: %w", echo(r), io.EOF)
	}
	return map[string]wiretest.Sender{
		"API's error": func(r *http.Request) (*http.Response, error) {
			return wiretest.Response(r, 404, `{"code":20404,"message":"`+echo(r)+`","more_info":"`+echo(r)+`","status":404}`), nil
		},
		"API's error, escaped": func(r *http.Request) (*http.Response, error) {
			return wiretest.Response(r, 404, `{"code":20404,"message":"`+escaped(echo(r))+`","more_info":"`+escaped(echo(r))+`","status":404}`), nil
		},
		"list of errors": func(r *http.Request) (*http.Response, error) {
			return wiretest.Response(r, 422, `{"errors":["`+escaped(echo(r))+`"]}`), nil
		},
		"HTML": func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 502, "<p>"+echo(r)), nil },
		"Location": func(r *http.Request) (*http.Response, error) {
			return wiretest.Response(r, 302, echo(r), "Location", "https://"+testProject+":"+testToken+"@evil.test/"+testBasic), nil
		},
		"status line": func(r *http.Request) (*http.Response, error) {
			response := wiretest.Response(r, 401, echo(r))
			response.Status = "401 " + echo(r)
			return response, nil
		},
		"transport's error": func(r *http.Request) (*http.Response, error) { return nil, dialError(r) },
		"cut body": func(r *http.Request) (*http.Response, error) {
			response := wiretest.Response(r, 404, "")
			response.Body = io.NopCloser(io.MultiReader(strings.NewReader(echo(r)), iotest.ErrReader(dialError(r))))
			return response, nil
		},
		"followed to a broken Location": (&http.Client{Transport: wiretest.Returns(307, "", "Location", "//"+testProject+":"+testToken+"@[::1%zz/"+testBasic)}).Do,
		"followed": (&http.Client{Transport: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			if strings.HasPrefix(r.URL.Path, "/x") {
				return wiretest.Response(r, 200, echo(r)), nil
			}
			return wiretest.Response(r, 307, "", "Location", "/x"+testBasic), nil
		})}).Do,
		"success": wiretest.Says(204),
	}
}

// TestNoSecretsInValues: whatever a program does with the values that it gets,
// the credentials do not end up in its log.
func TestNoSecretsInValues(t *testing.T) {
	t.Parallel()
	for name, send := range echoes() {
		for _, brought := range []string{"HttpRequestDoer", "RoundTripper"} {
			t.Run(name+" "+brought, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					values := map[string]any{}
					doer := &signalwire.Doer{HTTPClient: send, OnAttempt: func(_ context.Context, a signalwire.Attempt) {
						values["attempt "+strconv.Itoa(a.Number)] = a
						values["error of attempt "+strconv.Itoa(a.Number)] = a.Err
					}}
					if brought == "RoundTripper" {
						doer.HTTPClient = &http.Client{Transport: send}
					}
					client := newMemoryClient(t, doer)
					response, err := remove(t, client)
					values["client"], values["doer"], values["error"] = client, doer, err
					require.Equal(t, name == "success", err == nil, "%v", err)
					if err == nil {
						values["response"], values["its HTTP response"] = response, response.HTTPResponse
						values["its request"] = response.HTTPResponse.Request
						delete(values, "error")
					}
					for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
						values[fmt.Sprintf("cause %T", cause)] = cause
					}
					if responded := (*signalwire.Error)(nil); errors.As(err, &responded) {
						values["fields of the error"] = *responded
						values["body"] = responded.Body()
						values["body's text"] = string(responded.Body())
					}
					for of, value := range values {
						requireNoSecrets(t, of, value)
					}
				})
			})
		}
	}
}

// TestNoSecretsFromTheWire: net/http quotes what it cannot parse.
func TestNoSecretsFromTheWire(t *testing.T) {
	t.Parallel()
	all := testProject + " " + testToken + " " + testBasic
	for name, wire := range map[string]string{
		"no HTTP":           all + "\r\n\r\n",
		"status code":       "HTTP/1.1 " + testToken + " x\r\n\r\n",
		"protocol":          "HTTP/" + testToken + " 204 x\r\n\r\n",
		"header":            "HTTP/1.1 204 No Content\r\n" + testToken + "\r\n\r\n",
		"Content-Length":    "HTTP/1.1 404 Not Found\r\nContent-Length: " + testToken + "\r\n\r\n",
		"Transfer-Encoding": "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: " + testToken + "\r\n\r\n",
		"chunk":             "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n" + testToken + "\r\n",
		"reason":            "HTTP/1.1 404 " + all + "\r\nConnection: close\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, err := remove(t, newPipesClient(t, &wiretest.Pipes{Steps: []string{wire}}, &signalwire.Doer{AttemptTimeout: time.Second}))
				require.Error(t, err)
				requireLogLine(t, err)
				requireNoSecrets(t, "error", err)
			})
		})
	}
}

// TestNoSecretsInClientThatWasUsed: idle connections keep what was written.
func TestNoSecretsInClientThatWasUsed(t *testing.T) {
	t.Parallel()
	for name, brings := range map[string]func(*http.Client) signalwire.HttpRequestDoer{
		"http.Client": func(c *http.Client) signalwire.HttpRequestDoer { return c },
		"Doer":        func(c *http.Client) signalwire.HttpRequestDoer { return &signalwire.Doer{HTTPClient: c} },
		"Doer in a Doer": func(c *http.Client) signalwire.HttpRequestDoer {
			return &signalwire.Doer{HTTPClient: &signalwire.Doer{HTTPClient: c}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				transport := (&wiretest.Pipes{Steps: []string{wiretest.Raw(204)}}).Transport(t)
				client := newClientAt(t, "http://127.0.0.1:1", brings(&http.Client{Transport: transport}))
				response, err := remove(t, client)
				require.NoError(t, err)
				synctest.Wait()
				requireNoSecrets(t, "client", client)
				requireNoSecrets(t, "response", response)
				require.NotEmpty(t, findSecret(renderings(transport)["a dump"]), "they are there")
			})
		})
	}
}

// TestSecretsAreFound shows that the tests above can fail.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{testToken, testProject, testBasic} {
		for name, value := range map[string]any{
			"text": secret, "bytes": []byte(secret), "field": struct{ Secret string }{secret}, "error": errors.New(secret),
			"unexported": struct{ secret []byte }{[]byte(secret)}, "nested": &struct{ inner *struct{ s string } }{&struct{ s string }{secret}},
		} {
			var shown bool
			for _, text := range renderings(value) {
				shown = shown || findSecret(text) != ""
			}
			require.True(t, shown, "%s: %s is not found", name, secret)
		}
	}
}

func requireNoSecrets(t *testing.T, of string, value any) {
	t.Helper()
	for rendering, text := range renderings(value) {
		secret := findSecret(text)
		require.Empty(t, secret, "%s shows a secret when rendered with %s", of, rendering)
	}
}

// renderings are the ways in which programs print and encode values.
func renderings(value any) map[string]string {
	texts := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%q", "%x", "%X", "%s", "%d"} {
		texts[verb] = fmt.Sprintf(verb, value)
	}
	var b bytes.Buffer
	render := func(name string, write func() error) {
		b.Reset()
		if err := write(); err != nil {
			texts[name+"'s error"] = err.Error()
		}
		texts[name] = b.String()
	}
	render("slog text", func() error { slog.New(slog.NewTextHandler(&b, nil)).Info("m", "value", value); return nil })
	render("slog JSON", func() error { slog.New(slog.NewJSONHandler(&b, nil)).Info("m", "value", value); return nil })
	render("JSON", func() error { return json.NewEncoder(&b).Encode(value) })
	render("gob", func() error { return gob.NewEncoder(&b).Encode(value) })
	render("template", func() error {
		return template.Must(template.New("").Parse(`{{.}} {{printf "%+v %#v" . .}}`)).Execute(&b, value)
	})
	var recorded recorder
	assert.Nil(&recorded, value)
	// Both of one type, so that there is a diff, which goes into every field.
	assert.Equal(&recorded, struct{ Value, Other any }{value, 1}, struct{ Value, Other any }{value, 2})
	assert.Equal(&recorded, []any{value}, []any{})
	texts["testify"] = recorded.String()
	b.Reset()
	dump(&b, reflect.ValueOf(value), map[uintptr]bool{})
	texts["a dump"] = b.String()
	return texts
}

// dump writes all that a value leads to, without functions, as go-spew does.
func dump(b *bytes.Buffer, value reflect.Value, seen map[uintptr]bool) {
	switch value.Kind() {
	case reflect.String:
		fmt.Fprintln(b, value.String())
	case reflect.Pointer:
		if seen[value.Pointer()] {
			return
		}
		seen[value.Pointer()] = true
		dump(b, value.Elem(), seen)
	case reflect.Interface:
		dump(b, value.Elem(), seen)
	case reflect.Struct:
		for i := range value.NumField() {
			dump(b, value.Field(i), seen)
		}
	case reflect.Map:
		for entries := value.MapRange(); entries.Next(); {
			dump(b, entries.Key(), seen)
			dump(b, entries.Value(), seen)
		}
	case reflect.Slice, reflect.Array:
		isBytes := value.Type().Elem().Kind() == reflect.Uint8
		for i := range value.Len() {
			if isBytes {
				b.WriteByte(byte(value.Index(i).Uint()))
			} else {
				dump(b, value.Index(i), seen)
			}
		}
	}
}

// recorder is a testing.T that keeps what testify says.
type recorder struct{ strings.Builder }

func (r *recorder) Errorf(format string, args ...any) { fmt.Fprintf(r, format, args...) }

var secretForms = sync.OnceValue(func() []string {
	var forms []string
	for _, secret := range []string{
		testToken, testProject, strings.ToUpper(testProject), testBasic, base64.StdEncoding.EncodeToString([]byte(testToken)),
	} {
		dump := fmt.Sprintf("% x", secret)
		forms = append(forms, secret, dump, strings.ToUpper(dump), hex.EncodeToString([]byte(secret)),
			strings.ToUpper(hex.EncodeToString([]byte(secret))), strings.Trim(fmt.Sprint([]byte(secret)), "[]"),
			strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", []byte(secret)), "[]byte{"), "}"), escaped(secret),
			base64.StdEncoding.EncodeToString([]byte(secret)))
	}
	return forms
})

// findSecret returns the form of a secret that a text shows.
func findSecret(text string) string {
	for _, form := range secretForms() {
		if strings.Contains(text, form) {
			return form
		}
	}
	// A dump of bytes breaks the line after 16 of them.
	for _, secret := range []string{testToken, testProject, testBasic} {
		if strings.Contains(text, fmt.Sprintf("% x", secret[:8])) && strings.Contains(text, fmt.Sprintf("% x", secret[len(secret)-8:])) {
			return secret
		}
	}
	return ""
}
