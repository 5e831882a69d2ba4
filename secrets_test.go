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
	"io"
	"log/slog"
	"net/http"
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
		"followed to a broken Location": (&http.Client{Transport: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			return wiretest.Response(r, 307, "", "Location", "//"+testProject+":"+testToken+"@[::1%zz/"+testBasic), nil
		})}).Do,
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
					require.Equal(t, name == "success", err == nil)
					if err == nil {
						values["response"], values["its HTTP response"] = response, response.HTTPResponse
						values["its request"] = response.HTTPResponse.Request
						delete(values, "error")
					}
					for cause := errors.Unwrap(err); cause != nil; cause = errors.Unwrap(cause) {
						values[fmt.Sprintf("cause %T", cause)] = cause
					}
					if answered := (*signalwire.Error)(nil); errors.As(err, &answered) {
						values["fields of the error"] = *answered
						values["body"] = answered.Body()
						values["body's text"] = string(answered.Body())
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
				client, err := signalwire.New("example", testProject, testToken,
					signalwire.WithBaseURL("http://127.0.0.1:1"), signalwire.WithHTTPClient(brings(&http.Client{Transport: transport})))
				require.NoError(t, err)
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
			require.True(t, shown, name)
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
	assert.Equal(&recorded, nil, value)
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
