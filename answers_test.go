package signalwire_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// newMemoryClient returns a client made by New, for the real host, that sends
// with a Doer.
func newMemoryClient(t *testing.T, doer *signalwire.Doer) *signalwire.ClientWithResponses {
	t.Helper()
	client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(doer))
	require.NoError(t, err)
	return client
}

// remove calls the operation, and wants either an answer or an error.
func remove(t *testing.T, client *signalwire.ClientWithResponses, editors ...signalwire.RequestEditorFn) (*signalwire.DeleteParticipantResponse, error) {
	t.Helper()
	response, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall, editors...)
	require.NotEqual(t, err == nil, response == nil, "an answer or an error")
	return response, err
}

var allSentinels = map[string]error{
	"bad request":         signalwire.ErrBadRequest,
	"unauthorized":        signalwire.ErrUnauthorized,
	"forbidden":           signalwire.ErrForbidden,
	"not found":           signalwire.ErrNotFound,
	"conflict":            signalwire.ErrConflict,
	"unprocessable":       signalwire.ErrUnprocessable,
	"too many requests":   signalwire.ErrTooManyRequests,
	"unavailable":         signalwire.ErrUnavailable,
	"unexpected response": signalwire.ErrUnexpectedResponse,
}

// matched names the sentinels that an error matches.
func matched(err error) []string {
	var names []string
	for name, sentinel := range allSentinels {
		if errors.Is(err, sentinel) {
			names = append(names, name)
		}
	}
	return names
}

// requireAPIError wants an *Error, and nothing that is a *TransportError too.
func requireAPIError(t *testing.T, err error) *signalwire.Error {
	t.Helper()
	var answered *signalwire.Error
	require.ErrorAs(t, err, &answered)
	require.NotErrorAs(t, err, new(*signalwire.TransportError))
	require.Equal(t, answered.MaybeApplied, signalwire.MaybeApplied(err))
	requireLogLine(t, err)
	return answered
}

// requireTransportError wants a *TransportError, and nothing that is an *Error
// too.
func requireTransportError(t *testing.T, err error) *signalwire.TransportError {
	t.Helper()
	var failed *signalwire.TransportError
	require.ErrorAs(t, err, &failed)
	require.NotErrorAs(t, err, new(*signalwire.Error))
	require.Equal(t, failed.MaybeApplied, signalwire.MaybeApplied(err))
	requireLogLine(t, err)
	require.Empty(t, matched(err))
	return failed
}

var testBasic = base64.StdEncoding.EncodeToString([]byte(testProject + ":" + testToken))

var anyURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://`)

// testCredentials are what no error and no proxy must see.
var testCredentials = []string{testToken, testProject, testBasic}

// requireLogLine wants an error text of one printable line of at most 500
// bytes, without URLs and credentials.
func requireLogLine(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	require.LessOrEqual(t, len(text), 500)
	require.True(t, utf8.ValidString(text), "%q", text)
	require.NotRegexp(t, anyURL, text)
	require.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
	for _, secret := range append([]string{"Authorization", "/Accounts/", testConference.String(), testCall.String()}, testCredentials...) {
		require.NotContains(t, text, secret)
	}
}

func wantHeader(name, value string) signalwire.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set(name, value)
		return nil
	}
}

func TestErrorBodyIsKept(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"API's", wiretest.ErrorBody(404), wiretest.ErrorBody(404)},
		{"HTML", wiretest.HTML, wiretest.HTML},
		{"empty", "", ""},
		{"at the limit", strings.Repeat("m", 1<<20), strings.Repeat("m", 1<<20)},
		{"over the limit", strings.Repeat("m", 1<<20+1), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(404)
				_, _ = io.WriteString(w, tt.body)
			}))

			_, err := remove(t, client)

			answered := requireAPIError(t, err)
			require.Equal(t, tt.want, string(answered.Body()))
			if body := answered.Body(); len(body) > 0 {
				body[0] = '!'
				require.Equal(t, tt.want, string(answered.Body()), "a copy")
			}
		})
	}
}

// TestAnswersThatAreNoSuccess: a DELETE succeeds with 204 alone.
func TestAnswersThatAreNoSuccess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, contentType, body string
		status                  int
	}{
		{"200 with an object", "application/json", `{}`, 200},
		{"200 with an error", "application/json", wiretest.ErrorBody(200), 200},
		{"200 without a body", "", "", 200},
		{"200 HTML", "text/html", wiretest.HTML, 200},
		{"201", "application/json", `{}`, 201},
		{"202", "", "", 202},
		{"203", "", "", 203},
		{"205", "", "", 205},
		{"206", "", "", 206},
		{"207", "", "", 207},
		{"299", "", "", 299},
		{"300", "", "", 300},
		{"304", "", "", 304},
		{"399", "", "", 399},
		{"600", "", "", 600},
		{"999", "", "", 999},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests int
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests++
				if tt.contentType != "" {
					w.Header().Set("Content-Type", tt.contentType)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			}))

			response, err := remove(t, client)

			require.Nil(t, response)
			answered := requireAPIError(t, err)
			require.Equal(t, tt.status, answered.StatusCode)
			require.Equal(t, []string{"unexpected response"}, matched(err))
			require.Equal(t, tt.status < 300 || tt.status >= 500, answered.MaybeApplied)
			require.Equal(t, 1, requests)
		})
	}
}

func TestSuccess(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		header     []string
	}{
		{"plain", "", nil},
		{"JSON content type", "", []string{"Content-Type", "application/json"}},
		{"body", "hello", []string{"Content-Type", "application/json", "Content-Length", "5"}},
		{"error in the body", wiretest.ErrorBody(404), []string{"Content-Type", "application/json"}},
		{"Location", "", []string{"Location", "https://example.org/x"}},
		{"Retry-After", "", []string{"Retry-After", "5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			send := wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				return wiretest.Response(r, 204, tt.body, tt.header...), nil
			})
			for _, client := range []signalwire.HttpRequestDoer{send, &http.Client{Transport: send}} {
				response, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: client}))

				require.NoError(t, err)
				require.Equal(t, 204, response.StatusCode())
				require.Empty(t, response.Body)
				require.Empty(t, response.ContentType())
				require.Nil(t, response.GetJSON404())
			}
		})
	}
}

func TestLongAnswersAreNotRead(t *testing.T) {
	t.Parallel()
	const long, drain = 64 << 20, 300 << 10
	for _, tt := range []struct {
		name, method string
		status       int
		limit        int64
	}{
		{"200 for DELETE", http.MethodDelete, 200, 1 << 20},
		{"204 for DELETE", http.MethodDelete, 204, 0},
		{"302 for DELETE", http.MethodDelete, 302, 1 << 20},
		{"404 for DELETE", http.MethodDelete, 404, 1 << 20},
		{"503 for DELETE", http.MethodDelete, 503, 1 << 20},
		{"200 for GET", http.MethodGet, 200, 16 << 20},
		{"404 for GET", http.MethodGet, 404, 1 << 20},
	} {
		for _, declared := range []bool{false, true} {
			t.Run(tt.name+", declared "+strconv.FormatBool(declared), func(t *testing.T) {
				t.Parallel()
				body := &wiretest.CountingBody{Left: long}
				var requests int
				doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					requests++
					response := wiretest.Response(r, tt.status, "")
					response.Body = body
					if declared {
						response.ContentLength = long
					}
					return response, nil
				})}
				request := must(http.NewRequestWithContext(t.Context(), tt.method, "https://example.org/x", nil))

				_, err := doer.Do(request)

				require.LessOrEqual(t, body.Taken, tt.limit+drain)
				require.True(t, body.Closed)
				require.Equal(t, 1, requests, "it would be as long again")
				if tt.status == 204 {
					require.NoError(t, err)
					return
				}
				answered := requireAPIError(t, err)
				require.Equal(t, tt.status, answered.StatusCode)
				require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
				require.NotErrorIs(t, err, signalwire.ErrNotFound)
				require.Empty(t, answered.Body())
			})
		}
	}
}

var (
	redirectStatuses = []int{300, 301, 302, 303, 304, 305, 307, 308}
	locations        = []struct {
		name   string
		values []string
	}{
		{"same host", []string{"https://example.signalwire.com/secret-location"}},
		{"other port", []string{"https://example.signalwire.com:8443/secret-location"}},
		{"subdomain", []string{"https://a.example.signalwire.com/secret-location"}},
		{"other host", []string{"https://evil.test/secret-location"}},
		{"http", []string{"http://example.signalwire.com/secret-location"}},
		{"scheme-relative", []string{"//evil.test/secret-location"}},
		{"path", []string{"/secret-location"}},
		{"empty", []string{""}},
		{"absent", nil},
		{"unparsable", []string{"http://[::1%zz/secret-location"}},
		{"unparsable, scheme-relative", []string{"//[::1%zz/secret-location"}},
		{"unparsable path", []string{"/%zz/secret-location"}},
		{"user information", []string{"https://user:secret-location@example.signalwire.com/"}},
		{"unknown scheme", []string{"javascript:secret-location"}},
	}
)

// TestRedirectsAreNotFollowed: net/http would make a GET of a DELETE, whose 200
// reads as a success.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	type use struct {
		name    string
		client  func(wiretest.Sender) signalwire.HttpRequestDoer
		follows bool // so that there is a second request
	}
	follow := func(*http.Request, []*http.Request) error { return nil }
	uses := []use{
		{"http.Client", func(s wiretest.Sender) signalwire.HttpRequestDoer { return &http.Client{Transport: s} }, false},
		{"http.Client with a jar that follows", func(s wiretest.Sender) signalwire.HttpRequestDoer {
			return &http.Client{Transport: s, Jar: must(cookiejar.New(nil)), CheckRedirect: follow}
		}, false},
		{"HttpRequestDoer", func(s wiretest.Sender) signalwire.HttpRequestDoer { return s }, false},
		{"HttpRequestDoer that follows", func(s wiretest.Sender) signalwire.HttpRequestDoer {
			return wiretest.Sender((&http.Client{Transport: s, CheckRedirect: follow}).Do)
		}, true},
	}
	for _, use := range uses {
		for _, location := range locations {
			t.Run(use.name+", "+location.name, func(t *testing.T) {
				t.Parallel()
				for _, status := range redirectStatuses {
					for _, target := range []int{200, 204} {
						synctest.Test(t, func(t *testing.T) {
							var requests int
							client := newMemoryClient(t, &signalwire.Doer{HTTPClient: use.client(func(r *http.Request) (*http.Response, error) {
								requests++
								if r.URL.Path != deletePath || r.URL.Host != "example.signalwire.com" || r.URL.Scheme != "https" {
									return wiretest.Response(r, target, ""), nil
								}
								response := wiretest.Response(r, status, wiretest.HTML, "Set-Cookie", "a=b")
								response.Header["Location"] = location.values
								return response, nil
							})})

							response, err := remove(t, client)

							require.Nil(t, response, "%d", status)
							require.NotContains(t, err.Error(), "secret-location", "%d", status)
							if failed := (*signalwire.TransportError)(nil); use.follows && errors.As(err, &failed) {
								requireTransportError(t, err)
								require.Equal(t, 1, requests, "not tried again")
								return // It found no place to go to.
							}
							answered := requireAPIError(t, err)
							require.Equal(t, []string{"unexpected response"}, matched(err))
							if use.follows {
								require.LessOrEqual(t, requests, 2)
								require.Equal(t, requests == 2 || status == 301 || status == 302 || status == 303, answered.MaybeApplied)
								return
							}
							require.Equal(t, status, answered.StatusCode)
							require.Equal(t, 1, requests)
							require.Equal(t, status == 301 || status == 302 || status == 303, answered.MaybeApplied)
						})
					}
				}
			})
		}
	}
}

// TestRedirectsOverLoopback is the same with a real server to be led to.
func TestRedirectsOverLoopback(t *testing.T) {
	t.Parallel()
	var led atomic.Int64
	elsewhere := wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		led.Add(1)
		w.WriteHeader(http.StatusNoContent)
	})
	for _, status := range redirectStatuses {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere+"/secret-location")
				w.WriteHeader(status)
			}), signalwire.WithHTTPClient(&http.Client{}))

			_, err := remove(t, client)

			require.Equal(t, status, requireAPIError(t, err).StatusCode)
			require.Equal(t, []string{"unexpected response"}, matched(err))
			require.Zero(t, led.Load())
		})
	}
}

func TestJarKeepsCookies(t *testing.T) {
	t.Parallel()
	jar := must(cookiejar.New(nil))
	var cookies []string
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.WriteHeader(http.StatusNoContent)
	}), signalwire.WithHTTPClient(&http.Client{Jar: jar}))
	for range 2 {
		_, err := remove(t, client)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"", "a=b"}, cookies)
}

// TestOtherMethods: a Doer knows no operation.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, body, contentType string
		status, requests                int
		want                            []string // nil for a success
	}{
		{"GET 200 JSON", "GET", `{"a":1}`, "application/json", 200, 1, nil},
		{"GET 200 JSON as text", "GET", `{"a":1}`, "text/plain", 200, 1, nil},
		{"GET 200 empty", "GET", "", "application/json", 200, 1, nil},
		{"GET 204", "GET", "", "application/json", 204, 1, nil},
		{"POST 200 JSON", "POST", `[]`, "application/json", 200, 1, nil},
		{"POST 201 JSON", "POST", `{"a":1}`, "application/json", 201, 1, nil},
		{"PUT 200 JSON", "PUT", `1`, "application/json", 200, 1, nil},
		{"PUT 202 empty", "PUT", "", "", 202, 1, nil},
		{"HEAD 200", "HEAD", "", "application/json", 200, 1, nil},
		{"GET 200 HTML", "GET", wiretest.HTML, "text/html", 200, 1, []string{"unexpected response"}},
		{"GET 200 HTML as JSON", "GET", wiretest.HTML, "application/json", 200, 1, []string{"unexpected response"}},
		{"GET 200 truncated", "GET", `{"a":`, "application/json", 200, 1, []string{"unexpected response"}},
		{"GET 200 two values", "GET", `{}{}`, "application/json", 200, 1, []string{"unexpected response"}},
		{"POST 201 HTML", "POST", wiretest.HTML, "text/html", 201, 1, []string{"unexpected response"}},
		{"GET 302", "GET", "", "", 302, 1, []string{"unexpected response"}},
		{"GET 404 of the API", "GET", wiretest.ErrorBody(404), "application/json", 404, 1, []string{"not found"}},
		{"GET 404 HTML", "GET", wiretest.HTML, "text/html", 404, 1, []string{"unexpected response"}},
		{"HEAD 404", "HEAD", "", "application/json", 404, 1, []string{"unexpected response"}},
		{"POST 422", "POST", wiretest.ErrorBody(422), "application/json", 422, 1, []string{"unprocessable"}},
		{"GET 503", "GET", wiretest.ErrorBody(503), "application/json", 503, defaultAttempts, []string{"unavailable"}},
		{"HEAD 503", "HEAD", "", "application/json", 503, defaultAttempts, []string{"unavailable", "unexpected response"}},
		{"PUT 503", "PUT", wiretest.ErrorBody(503), "application/json", 503, defaultAttempts, []string{"unavailable"}},
		{"DELETE 503", "DELETE", wiretest.ErrorBody(503), "application/json", 503, defaultAttempts, []string{"unavailable"}},
		{"POST 503", "POST", wiretest.ErrorBody(503), "application/json", 503, 1, []string{"unavailable"}},
		{"POST 429", "POST", wiretest.ErrorBody(429), "application/json", 429, 1, []string{"too many requests"}},
		{"PATCH 503", "PATCH", wiretest.ErrorBody(503), "application/json", 503, 1, []string{"unavailable"}},
		{"OPTIONS 503", "OPTIONS", wiretest.ErrorBody(503), "application/json", 503, 1, []string{"unavailable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var requests int
				doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					requests++
					return wiretest.Response(r, tt.status, tt.body, "Content-Type", tt.contentType), nil
				})}
				request := must(http.NewRequestWithContext(t.Context(), tt.method, "https://example.org/x", nil))

				response, err := doer.Do(request)

				require.Equal(t, tt.requests, requests)
				if tt.want == nil {
					require.NoError(t, err)
					require.Equal(t, tt.status, response.StatusCode)
					require.Equal(t, tt.body, string(must(io.ReadAll(response.Body))))
					require.EqualValues(t, len(tt.body), response.ContentLength)
					if tt.body == "" {
						require.Empty(t, response.Header.Values("Content-Type"))
					} else {
						require.Equal(t, tt.contentType, response.Header.Get("Content-Type"))
					}
					return
				}
				require.Nil(t, response)
				answered := requireAPIError(t, err)
				require.Equal(t, tt.status, answered.StatusCode)
				require.Equal(t, tt.requests, answered.Attempts)
				require.ElementsMatch(t, tt.want, matched(err))
				safe := tt.method == "GET" || tt.method == "HEAD"
				require.Equal(t, tt.status >= 500 && !safe || tt.name == "POST 201 HTML", answered.MaybeApplied)
			})
		})
	}
}

// TestHeadOfSomethingLong: an answer to HEAD has the length of a body that does
// not come.
func TestHeadOfSomethingLong(t *testing.T) {
	t.Parallel()
	server := wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(64<<20))
	})
	response, err := (&signalwire.Doer{}).Do(must(http.NewRequestWithContext(t.Context(), http.MethodHead, server, nil)))
	require.NoError(t, err)
	require.Equal(t, 200, response.StatusCode)
}

func TestBodyIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		change   func(*http.Request)
		requests int
	}{
		{"rewindable", func(*http.Request) {}, defaultAttempts},
		{"without GetBody", func(r *http.Request) { r.GetBody = nil }, 1},
		{"GetBody fails", func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
		}, 1},
		{"http.NoBody", func(r *http.Request) { r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0 }, defaultAttempts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var bodies []string
				doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					bodies = append(bodies, string(must(io.ReadAll(r.Body))))
					_ = r.Body.Close()
					return wiretest.Response(r, 503, wiretest.ErrorBody(503)), nil
				})}
				request := must(http.NewRequestWithContext(t.Context(), http.MethodPut, "https://example.org/x", strings.NewReader("hello")))
				tt.change(request)
				noBody := request.Body == http.NoBody

				_, err := doer.Do(request)

				require.Len(t, bodies, tt.requests)
				for _, body := range bodies {
					require.Equal(t, !noBody, body == "hello", "%q", body)
				}
				if tt.name == "GetBody fails" {
					require.ErrorContains(t, err, "gone")
					require.True(t, requireTransportError(t, err).MaybeApplied, "the first attempt")
					return
				}
				require.Equal(t, 503, requireAPIError(t, err).StatusCode)
			})
		})
	}
}

// TestCutAnswers: an answer is complete only with its last byte, unless its
// status says all.
func TestCutAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method string
		status       int
		complete     bool
	}{
		{"404 for DELETE", "DELETE", 404, false},
		{"503 for DELETE", "DELETE", 503, false},
		{"200 for GET", "GET", 200, false},
		{"200 for DELETE", "DELETE", 200, true},
		{"302 for DELETE", "DELETE", 302, true},
		{"302 for GET", "GET", 302, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				response := wiretest.Response(r, tt.status, "")
				response.Body = io.NopCloser(io.MultiReader(strings.NewReader(wiretest.ErrorBody(tt.status)), iotest.ErrReader(io.ErrUnexpectedEOF)))
				return response, nil
			})}

			_, err := doer.Do(must(http.NewRequestWithContext(t.Context(), tt.method, "https://example.org/x", nil)))

			if tt.complete {
				require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
				return
			}
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			failed := requireTransportError(t, err)
			require.True(t, failed.Retryable())
			require.Equal(t, tt.method == "DELETE", failed.MaybeApplied)
		})
	}
}

// TestRequestIsNotChanged, nor does the answer lead back to it.
func TestRequestIsNotChanged(t *testing.T) {
	t.Parallel()
	doer := &signalwire.Doer{HTTPClient: &http.Client{
		Jar: must(cookiejar.New(nil)), Timeout: time.Minute,
		Transport: wiretest.Sender(func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 200, `{}`), nil }),
	}}
	request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.org/secret/path?secret=query", nil))
	request.SetBasicAuth(testProject, testToken)
	before := request.Clone(t.Context())

	response, err := doer.Do(request)

	require.NoError(t, err)
	require.Equal(t, before.Header, request.Header)
	require.Equal(t, before.URL, request.URL)
	require.Empty(t, response.Request.Header)
	require.Equal(t, http.MethodGet, response.Request.Method)
	require.Equal(t, &url.URL{Scheme: "https", Host: "example.org"}, response.Request.URL)
}

// TestErrorsAsJSON keeps what programs log readable.
func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
		return wiretest.Response(r, 404, wiretest.ErrorBody(404)), nil
	})}
	_, err := remove(t, newMemoryClient(t, doer))
	require.JSONEq(t, `{"StatusCode":404,"Code":20404,"Message":"Said plainly.","MoreInfo":"https://example.org/more",
		"RequestID":"","RetryAfter":0,"Attempts":1,"MaybeApplied":false}`, string(must(json.Marshal(err))))
}
