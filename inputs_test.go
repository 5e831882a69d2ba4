package signalwire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestHTTPClientsThatBreakTheRules of HttpRequestDoer or of http.RoundTripper.
func TestHTTPClientsThatBreakTheRules(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	for _, tt := range []struct {
		name     string
		send     wiretest.Sender
		status   int // of the answer, or 0 for no complete answer
		requests int
	}{
		{"neither", func(*http.Request) (*http.Response, error) { return nil, nil }, 0, defaultAttempts},
		{"both", func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 204, ""), errBroken }, 0, defaultAttempts},
		{"204 without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, nil }, 204, 1},
		{"404 without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 404}, nil }, 404, 1},
		{"503 without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 503}, nil }, 503, defaultAttempts},
		{"error without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, errBroken }, 0, defaultAttempts},
		{"zero answer", func(*http.Request) (*http.Response, error) { return &http.Response{}, nil }, 0, 1},
		{"negative status", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: -204}, nil }, -204, 1},
	} {
		for name, client := range map[string]func(wiretest.Sender) signalwire.HttpRequestDoer{
			"HttpRequestDoer": func(s wiretest.Sender) signalwire.HttpRequestDoer { return s },
			"RoundTripper":    func(s wiretest.Sender) signalwire.HttpRequestDoer { return &http.Client{Transport: s} },
			"RoundTripper and jar": func(s wiretest.Sender) signalwire.HttpRequestDoer {
				return &http.Client{Transport: s, Jar: must(cookiejar.New(nil))}
			},
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					var requests int
					_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: client(func(r *http.Request) (*http.Response, error) {
						requests++
						return tt.send(r)
					})}))

					require.Equal(t, tt.requests, requests)
					switch {
					case tt.status == 204:
						require.NoError(t, err)
					case tt.status != 0 || tt.name == "zero answer":
						require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
						require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
						require.Equal(t, tt.status == 503, errors.Is(err, signalwire.ErrUnavailable))
						require.NotErrorIs(t, err, signalwire.ErrNotFound)
					default:
						require.True(t, requireTransportError(t, err).MaybeApplied)
					}
				})
			})
		}
	}
}

// TestBodiesAreClosed, or connections and goroutines would be left.
func TestBodiesAreClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		status int
		err    error
	}{
		{"204", 204, nil}, {"200", 200, nil}, {"302", 302, nil}, {"101", 101, nil}, {"404", 404, nil}, {"503", 503, nil},
		{"with an error", 204, io.EOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var bodies []*wiretest.CountingBody
				_, _ = remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					response := wiretest.Response(r, tt.status, "")
					body := &wiretest.CountingBody{Left: 100}
					bodies = append(bodies, body)
					response.Body = body
					return response, tt.err
				})}))
				require.NotEmpty(t, bodies)
				for _, body := range bodies {
					require.True(t, body.Closed)
				}
			})
		})
	}
}

type mapClient map[string]*http.Response

func (m mapClient) Do(r *http.Request) (*http.Response, error) { return m[r.URL.Path], nil }

type pointerClient struct{}

func (*pointerClient) Do(*http.Request) (*http.Response, error) { panic("called") }

func TestTypedNils(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		client signalwire.HttpRequestDoer
		want   string
	}{
		{"Doer", (*signalwire.Doer)(nil), "HTTP client is nil"},
		{"http.Client", (*http.Client)(nil), "HTTP client is nil"},
		{"own client", (*pointerClient)(nil), "HTTP client is nil"},
		{"transport", &http.Client{Transport: (*http.Transport)(nil)}, "transport is nil"},
		{"function", wiretest.Sender(nil), "HTTP client is nil"},
		{"function as transport", &http.Client{Transport: wiretest.Sender(nil)}, "transport is nil"},
		{"map", mapClient(nil), "HTTP client is nil"},
		{"http.Client in a Doer", &signalwire.Doer{HTTPClient: (*http.Client)(nil)}, "HTTP client is nil"},
		{"own client in a Doer", &signalwire.Doer{HTTPClient: (*pointerClient)(nil)}, "HTTP client is nil"},
		{"transport in a Doer", &signalwire.Doer{HTTPClient: &http.Client{Transport: (*http.Transport)(nil)}}, "transport is nil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(tt.client))
			require.Nil(t, client)
			requireClearError(t, err, "", tt.want)
			if doer, ok := tt.client.(*signalwire.Doer); ok && doer != nil {
				_, err := doer.Do(must(http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.org/x", nil)))
				require.ErrorContains(t, err, tt.want)
				requireTransportError(t, err)
			}
		})
	}
}

// TestAttemptsHaveHeadersOfTheirOwn has a client change the request that it
// sends, as an http.Client with a cookie jar does.
func TestAttemptsHaveHeadersOfTheirOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var cookies [][]string
		server := wiretest.InTurn(wiretest.Says(503), wiretest.Says(503), wiretest.Says(204))
		doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			r.AddCookie(&http.Cookie{Name: "a", Value: "b"})
			cookies = append(cookies, r.Header["Cookie"])
			return server.Do(r)
		})}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "https://example.org/x", nil)
		require.NoError(t, err)
		_, err = doer.Do(request)
		require.NoError(t, err)
		require.Equal(t, [][]string{{"a=b"}, {"a=b"}, {"a=b"}}, cookies)
		require.Empty(t, request.Header)
	})
}

// TestRequestsMadeByHand may lack what http.NewRequest sets.
func TestRequestsMadeByHand(t *testing.T) {
	t.Parallel()
	server := must(url.Parse(wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	})))
	for name, doer := range map[string]*signalwire.Doer{
		"zero Doer": {}, "with a jar": {HTTPClient: &http.Client{Jar: must(cookiejar.New(nil))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // The second time, there is a cookie.
				request := &http.Request{Method: http.MethodGet, URL: server}
				_, err := doer.Do(request)
				require.NoError(t, err)
				require.Nil(t, request.Header)
			}
		})
	}
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
