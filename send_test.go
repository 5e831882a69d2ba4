package signalwire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// A call is a call of a generated method, with what may be wrong with it.
type call struct {
	ctx        context.Context
	account    signalwire.AccountSid
	conference signalwire.ConferenceSid
	call       signalwire.CallSid
	editors    []signalwire.RequestEditorFn
}

// TestNotSent: what is refused before anything is sent is a *TransportError
// that says so, whichever method is called.
func TestNotSent(t *testing.T) {
	t.Parallel()
	errEditor := errors.New("no signature")
	errCause := errors.New("the conference is over")
	editor := func(err error) func(*call) {
		return func(c *call) {
			c.editors = []signalwire.RequestEditorFn{func(context.Context, *http.Request) error { return err }}
		}
	}
	for _, tt := range []struct {
		name  string
		spoil func(*call)
		text  string
		is    []error
	}{
		{"zero account", func(c *call) { c.account = signalwire.AccountSid{} }, "the account SID is zero; parse one first", nil},
		{"zero conference", func(c *call) { c.conference = signalwire.ConferenceSid{} }, "the conference SID is zero; parse one first", nil},
		{"zero call", func(c *call) { c.call = signalwire.CallSid{} }, "the call SID is zero; parse one first", nil},
		{"nil context", func(c *call) { c.ctx = nil }, "the context is nil", nil},
		{"nil context and zero call", func(c *call) { c.ctx, c.call = nil, signalwire.CallSid{} }, "the call SID is zero; parse one first", nil},
		{"nil editor", func(c *call) { c.editors = []signalwire.RequestEditorFn{nil} }, "a request editor is nil", nil},
		{"editor that fails", editor(errEditor), "no signature", []error{errEditor}},
		{"editor that fails in two ways", editor(errors.Join(errEditor, io.EOF)), "no signature EOF", []error{errEditor, io.EOF}},
		{"credentials", func(c *call) {
			c.editors = []signalwire.RequestEditorFn{signalwire.BasicAuth(testProject, "to ken")}
		}, "the API token has a space", nil},
		{"context that is done", func(c *call) { c.ctx = canceledContext(c.ctx, errCause) }, "", []error{context.Canceled, errCause}},
		{"context that is done and zero call", func(c *call) {
			c.ctx, c.call = canceledContext(c.ctx, errCause), signalwire.CallSid{}
		}, "the call SID is zero; parse one first", []error{context.Canceled, errCause}},
		{"context that ends an editor", func(c *call) {
			c.ctx = canceledContext(c.ctx, errCause)
			editor(errEditor)(c)
		}, "no signature", []error{errEditor, context.Canceled, errCause}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			client := newClient(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
			c := call{t.Context(), testAccount, testConference, testCall, nil}
			tt.spoil(&c)

			response, withResponse := client.DeleteParticipantWithResponse(c.ctx, c.account, c.conference, c.call, c.editors...)
			require.Nil(t, response)
			_, plain := client.DeleteParticipant(c.ctx, c.account, c.conference, c.call, c.editors...)

			for _, err := range []error{withResponse, plain} {
				failure := requireTransportError(t, err)
				require.Zero(t, failure.Attempts)
				require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
				require.False(t, failure.Retryable(), "Retryable of %v", err)
				require.ErrorContains(t, err, tt.text)
				require.NotContains(t, err.Error(), "marshaling")
				require.Equal(t, 1, strings.Count(err.Error(), "signalwire:"), "%v", err)
				require.LessOrEqual(t, strings.Count(err.Error(), "nothing was sent"), 1, "%v", err)
				requireLogLine(t, err)
				for _, target := range tt.is {
					require.ErrorIs(t, err, target)
				}
			}
			require.Zero(t, requests.Load())
		})
	}
}

func canceledContext(ctx context.Context, cause error) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(cause)
	return ctx
}

// TestEditorsErrorsOfOurTypes: an editor may itself make calls. What they
// return says nothing about the call that is edited.
func TestEditorsErrorsOfOurTypes(t *testing.T) {
	t.Parallel()
	gone := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":20404,"message":"not found","more_info":"x","status":404}`)
	}))
	_, notFound := remove(t, gone)
	require.ErrorIs(t, notFound, signalwire.ErrNotFound)
	for name, cause := range map[string]error{
		"API's error":          notFound,
		"wrapped":              errors.Join(io.EOF, notFound),
		"no complete response": &signalwire.TransportError{MaybeApplied: true, Attempts: 3, Err: io.EOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.NotFoundHandler())
			_, err := remove(t, client, func(context.Context, *http.Request) error { return cause })
			failure := requireTransportError(t, err)
			require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
			require.NotErrorIs(t, err, signalwire.ErrNotFound)
			require.NotErrorAs(t, err, new(*signalwire.Error))
		})
	}
}

// TestEditorsErrorsAreCleaned: they may quote what was to be sent.
func TestEditorsErrorsAreCleaned(t *testing.T) {
	t.Parallel()
	client := newClient(t, http.NotFoundHandler())
	_, err := remove(t, client, func(_ context.Context, r *http.Request) error {
		return errors.New("cannot sign " + r.Header.Get("Authorization") + " for " + r.URL.String())
	})
	requireTransportError(t, err)
	require.ErrorContains(t, err, "cannot sign")
	requireLogLine(t, err)
	requireNoSecrets(t, "error", err)
}

// TestNotSentClosesTheBody, as http.Client does.
func TestNotSentClosesTheBody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit signalwire.RequestEditorFn
	}{
		{"editor that fails", func(context.Context, *http.Request) error { return io.EOF }},
		{"nil editor", nil},
		{"another host", func(_ context.Context, r *http.Request) error { r.URL.Host = "example.org"; return nil }},
		{"another method", func(_ context.Context, r *http.Request) error { r.Method = http.MethodPost; return nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := &wiretest.CountingBody{Left: 1}
			_, err := remove(t, newClient(t, http.NotFoundHandler()),
				func(_ context.Context, r *http.Request) error { r.Body = body; return nil }, tt.edit)
			requireTransportError(t, err)
			require.True(t, body.Closed, "the body is left open")
		})
	}
}

// TestEditorsCannotLeadElsewhere: the credentials would go along, or something
// else than the call says would be done.
func TestEditorsCannotLeadElsewhere(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(*http.Request)
	}{
		{"host", func(r *http.Request) { r.URL.Host = "evil.test" }},
		{"host that ends the same", func(r *http.Request) { r.URL.Host = "evil" + r.URL.Host }},
		{"port", func(r *http.Request) { r.URL.Host = "127.0.0.1:1" }},
		{"other name of the host", func(r *http.Request) { r.URL.Host = strings.Replace(r.URL.Host, "127.0.0.1", "localhost", 1) }},
		{"scheme", func(r *http.Request) { r.URL.Scheme = "https" }},
		{"no scheme", func(r *http.Request) { r.URL.Scheme = "" }},
		{"no host", func(r *http.Request) { r.URL.Host = "" }},
		{"no URL", func(r *http.Request) { r.URL = nil }},
		{"another URL", func(r *http.Request) { r.URL = must(url.Parse("http://127.0.0.1:1/x")) }},
		{"another request", func(r *http.Request) {
			*r = *must(http.NewRequestWithContext(r.Context(), r.Method, "http://127.0.0.1:1/x", nil))
		}},
		{"Host", func(r *http.Request) { r.Host = "other-space.signalwire.com" }},
		{"Host without the port", func(r *http.Request) { r.Host = "127.0.0.1" }},
		{"opaque", func(r *http.Request) { r.URL.Opaque = "//evil.test/x" }},
		{"opaque path", func(r *http.Request) { r.URL.Opaque = "/x" }},
		{"user", func(r *http.Request) { r.URL.User = url.UserPassword("someone", "hunter2") }},
		{"method", func(r *http.Request) { r.Method = http.MethodPost }},
		{"method in lower case", func(r *http.Request) { r.Method = "delete" }},
		{"no method", func(r *http.Request) { r.Method = "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			editor := func(_ context.Context, r *http.Request) error { tt.edit(r); return nil }
			server := wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				requests.Add(1)
				return wiretest.Response(r, http.StatusOK, "{}"), nil
			})
			options := []signalwire.ClientOption{
				signalwire.WithBaseURL("http://127.0.0.1:8080"), signalwire.WithHTTPClient(&http.Client{Transport: server}),
			}
			ofClient, err := signalwire.New("example", testProject, testToken, append(options, signalwire.WithRequestEditorFn(editor))...)
			require.NoError(t, err)
			ofCall, err := signalwire.New("example", testProject, testToken, options...)
			require.NoError(t, err)

			_, errOfClient := remove(t, ofClient)
			_, errOfCall := remove(t, ofCall, editor)

			for _, err := range []error{errOfClient, errOfCall} {
				failure := requireTransportError(t, err)
				require.ErrorContains(t, err, "request editor")
				require.NotContains(t, err.Error(), "hunter2")
				require.False(t, failure.Retryable(), "Retryable of %v", err)
				require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
				require.Zero(t, failure.Attempts)
			}
			require.Zero(t, requests.Load())
		})
	}
}

// TestEditorsMayChangeTheRest of a request.
func TestEditorsMayChangeTheRest(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*http.Request){
		"path":            func(r *http.Request) { r.URL.Path += ".json" },
		"query":           func(r *http.Request) { r.URL.RawQuery = "a=b" },
		"no Host":         func(r *http.Request) { r.Host = "" },
		"header":          func(r *http.Request) { r.Header.Set("X-Request-Id", "1") },
		"its own body":    func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(strings.NewReader("x")), 1 },
		"its own context": func(r *http.Request) { *r = *r.WithContext(context.WithoutCancel(r.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := remove(t, newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNoContent)
			})), func(_ context.Context, r *http.Request) error { edit(r); return nil })
			require.NoError(t, err)
		})
	}
}

// TestResponsesThatDoNotDecode keep their status, also with clients that New
// did not make. Those of New are tested in tools/generate, where there are
// operations whose successes have a body.
func TestResponsesThatDoNotDecode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, text string }{
		{"broken JSON", "{", "404 Not Found: unexpected response: the body does not decode"},
		{"wrong type", `{"code":"hunter2"}`, "404 Not Found: unexpected response: the body does not decode at code"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, tt.body)
			})
			client, err := signalwire.NewClientWithResponses(server)
			require.NoError(t, err)
			_, err = remove(t, client)
			require.Equal(t, http.StatusNotFound, requireAPIError(t, err).StatusCode)
			require.NotErrorIs(t, err, signalwire.ErrNotFound)
			require.EqualError(t, err, "signalwire: "+tt.text)
		})
	}
}

// TestResponsesThatBreakOff are no complete responses, also with clients that
// New did not make.
func TestResponsesThatBreakOff(t *testing.T) {
	t.Parallel()
	client, err := signalwire.NewClientWithResponses(wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "{")
	}))
	require.NoError(t, err)
	_, err = remove(t, client)
	require.True(t, requireTransportError(t, err).MaybeApplied, "MaybeApplied of %v", err)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestRequestHeaders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, userAgent string
		editors         []signalwire.RequestEditorFn
	}{
		{"ours", `^signalwire-go/\S+ \(go1\.\S+.*\)$`, nil},
		{"the caller's", `^mine/1$`, []signalwire.RequestEditorFn{wantHeader("User-Agent", "mine/1")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got http.Header
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got = r.Header
				w.WriteHeader(http.StatusNoContent)
			}))
			_, err := remove(t, client, tt.editors...)
			require.NoError(t, err)
			require.Regexp(t, tt.userAgent, got.Get("User-Agent"))
			require.Equal(t, []string{"application/json"}, got["Accept"])
			require.Empty(t, got["Accept-Encoding"])
			require.Len(t, got, 3, "with Authorization: %v", got)
		})
	}
}

// TestEditorsRunOnce for a call, not for an attempt.
func TestEditorsRunOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var edited int
		server := wiretest.InTurn(wiretest.Says(503), wiretest.Says(503), wiretest.Says(204))
		_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: server, MaxElapsed: time.Minute}),
			func(context.Context, *http.Request) error { edited++; return nil })
		require.NoError(t, err)
		require.Equal(t, 3, server.Requests)
		require.Equal(t, 1, edited)
	})
}
