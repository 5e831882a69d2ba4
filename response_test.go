package signalwire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestRedirectsThatSayMaybe: a server may carry out a request and redirect to
// the result, which is what 303 is for.
func TestRedirectsThatSayMaybe(t *testing.T) {
	t.Parallel()
	maybe := map[int]bool{301: true, 302: true, 303: true}
	for _, method := range []string{"DELETE", "POST", "PUT", "PATCH", "GET", "HEAD"} {
		for _, status := range []int{300, 301, 302, 303, 304, 305, 306, 307, 308, 399} {
			t.Run(method+" "+strconv.Itoa(status), func(t *testing.T) {
				t.Parallel()
				doer := &signalwire.Doer{HTTPClient: wiretest.Returns(status, "", "Location", "/result")}
				_, err := doer.Do(newRequest(t, method))

				responded := requireAPIError(t, err)
				require.Equal(t, status, responded.StatusCode)
				require.Equal(t, maybe[status] && method != "GET" && method != "HEAD", responded.MaybeApplied, "MaybeApplied of %v", err)
			})
		}
	}
}

// TestFollowedRedirectsSayMaybe, whatever the last response is: it is about
// another request.
func TestFollowedRedirectsSayMaybe(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"DELETE", "POST", "GET"} {
		for _, redirect := range []int{301, 302, 303, 307, 308} {
			for _, last := range []int{200, 204, 304, 400, 404, 429} {
				t.Run(method+" "+strconv.Itoa(redirect)+", then "+strconv.Itoa(last), func(t *testing.T) {
					t.Parallel()
					follows := &http.Client{Transport: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
						if r.URL.Path == "/result" {
							return wiretest.Response(r, last, wiretest.ErrorBody(last)), nil
						}
						return wiretest.Response(r, redirect, "", "Location", "/result"), nil
					})}
					doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Sender(follows.Do)}
					_, err := doer.Do(newRequest(t, method))

					responded := requireAPIError(t, err)
					require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
					require.NotErrorIs(t, err, signalwire.ErrNotFound)
					require.Equal(t, method != "GET", responded.MaybeApplied, "MaybeApplied of %v", err)
				})
			}
		}
	}
}

// neverEnding is a body that goes on for a while, and then until the context
// is done.
func neverEnding(length int) func(context.Context) io.Reader {
	return func(ctx context.Context) io.Reader {
		return io.MultiReader(strings.NewReader(strings.Repeat(" ", length)), wiretest.UntilDone(ctx))
	}
}

// TestContextEndsInBody: a call that its context ends says so, wherever it is.
// A time limit of the Doer's own leaves what the status says.
func TestContextEndsInBody(t *testing.T) {
	t.Parallel()
	cause := errors.New("the conference is over")
	for _, tt := range []struct {
		name, method string
		status       int
		body         func(context.Context) io.Reader
		alone        bool // the status is enough
	}{
		{"redirect", "DELETE", 302, neverEnding(10), true},
		{"redirect that refuses", "DELETE", 307, neverEnding(10), true},
		{"undocumented success", "DELETE", 200, neverEnding(10), true},
		{"undocumented status", "DELETE", 600, neverEnding(10), true},
		{"long redirect", "DELETE", 302, neverEnding(1<<20 + 10), true},
		{"long error", "DELETE", 404, neverEnding(1<<20 + 10), true},
		{"error", "DELETE", 404, neverEnding(10), false},
		{"success", "GET", 200, neverEnding(10), false},
	} {
		send := wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			response := wiretest.Response(r, tt.status, "")
			response.Body = io.NopCloser(tt.body(r.Context()))
			return response, nil
		})
		do := func(ctx context.Context) error {
			_, err := (&signalwire.Doer{HTTPClient: send, MaxAttempts: 1, AttemptTimeout: 10 * time.Second}).Do(
				must(http.NewRequestWithContext(ctx, tt.method, "https://example.org/x", nil)))
			return err
		}
		t.Run(tt.name+", cancelled", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(time.Second, func() { cancel(cause) })
				err := do(ctx)
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, cause)
				require.False(t, requireTransportError(t, err).Retryable(), "Retryable of %v", err)
			})
		})
		t.Run(tt.name+", deadline", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := do(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, tt.method == "DELETE", requireTransportError(t, err).MaybeApplied, "MaybeApplied of %v", err)
			})
		})
		t.Run(tt.name+", attempt timed out", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				err := do(t.Context())
				if tt.alone {
					require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
					return
				}
				require.True(t, requireTransportError(t, err).Timeout(), "Timeout of %v", err)
			})
		})
	}
}

// TestOverlongResponsesNameTheLimit, and keep nothing of the body.
func TestOverlongResponsesNameTheLimit(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method string
		status, size int
		text         string
	}{
		{"error", "DELETE", 404, 1<<20 + 1, "404 Not Found: unexpected response: the body is too long, over 1 MiB"},
		{"success", "GET", 200, 16<<20 + 1, "200 OK: unexpected response: the body is too long, over 16 MiB"},
		{"success that is not JSON", "GET", 200, 1<<20 + 1, "200 OK: unexpected response: the body is not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			doer := &signalwire.Doer{HTTPClient: wiretest.Returns(tt.status, strings.Repeat("m", tt.size))}
			_, err := doer.Do(newRequest(t, tt.method))
			require.EqualError(t, err, "signalwire: "+tt.text)
			require.Nil(t, requireAPIError(t, err).Body())
		})
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	const id = "0f3c2a1b-77de-4c2e-9a51-5d0f6f0a9b3e"
	for _, tt := range []struct{ name, value, want string }{
		{"none", "", ""},
		{"UUID", id, id},
		{"with control characters", "a\nb\x1b[31m\u202e", "a b\ufffd[31m\ufffd"},
		{"not UTF-8", "a\xffb", "a\ufffdb"},
		{"with credentials", "id-" + testToken + "-" + testBasic, "id-[redacted]-[redacted]"},
		{"URL", "https://example.org/x", "[URL]"},
		{"long", strings.Repeat("a", 1000), strings.Repeat("a", 125) + "…"},
		{"long, with credentials at the limit", strings.Repeat("a", 120) + testToken, strings.Repeat("a", 120) + "[reda…"},
	} {
		for _, status := range []int{404, 503, 302, 200} {
			t.Run(tt.name+" "+strconv.Itoa(status), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					send := wiretest.Says(status, "X-Request-Id", tt.value)
					if tt.value == "" {
						send = wiretest.Says(status)
					}
					_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: send}))
					require.Equal(t, tt.want, requireAPIError(t, err).RequestID)
					require.LessOrEqual(t, len(tt.want), 128)
					if tt.want == "" {
						require.NotContains(t, err.Error(), "request ID")
					} else {
						require.Contains(t, err.Error(), ": request ID "+tt.want)
					}
				})
			})
		}
	}
	synctest.Test(t, func(t *testing.T) {
		_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Says(404, "X-Request-Id", id)}))
		require.EqualError(t, err, "signalwire: 404 Not Found: request ID "+id+": code 20404: Said plainly.")
	})
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

			responded := requireAPIError(t, err)
			require.Equal(t, tt.want, string(responded.Body()))
			if body := responded.Body(); len(body) > 0 {
				body[0] = '!'
				require.Equal(t, tt.want, string(responded.Body()), "a copy")
			}
		})
	}
}

// TestResponsesThatAreNoSuccess: a DELETE succeeds with 204 alone.
func TestResponsesThatAreNoSuccess(t *testing.T) {
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
			responded := requireAPIError(t, err)
			require.Equal(t, tt.status, responded.StatusCode)
			require.Equal(t, []string{"unexpected response"}, matched(err))
			require.Equal(t, tt.status < 300 || tt.status >= 500, responded.MaybeApplied, "MaybeApplied of %v", err)
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
			send := wiretest.Returns(204, tt.body, tt.header...)
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
							responded := requireAPIError(t, err)
							require.Equal(t, []string{"unexpected response"}, matched(err))
							if use.follows {
								require.LessOrEqual(t, requests, 2)
								require.Equal(t, requests == 2 || status == 301 || status == 302 || status == 303, responded.MaybeApplied, "MaybeApplied of %v", err)
								return
							}
							require.Equal(t, status, responded.StatusCode)
							require.Equal(t, 1, requests)
							require.Equal(t, status == 301 || status == 302 || status == 303, responded.MaybeApplied, "MaybeApplied of %v", err)
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

// TestCutResponses: a response is complete only with its last byte, unless its
// status says all.
func TestCutResponses(t *testing.T) {
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

			_, err := doer.Do(newRequest(t, tt.method))

			if tt.complete {
				require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
				return
			}
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			failed := requireTransportError(t, err)
			require.True(t, failed.Retryable(), "Retryable of %v", err)
			require.Equal(t, tt.method == "DELETE", failed.MaybeApplied, "MaybeApplied of %v", err)
		})
	}
}

func TestLongResponsesAreNotRead(t *testing.T) {
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
				request := newRequest(t, tt.method)

				_, err := doer.Do(request)

				require.LessOrEqual(t, body.Taken, tt.limit+drain)
				require.True(t, body.Closed, "the body is left open")
				require.Equal(t, 1, requests, "it would be as long again")
				if tt.status == 204 {
					require.NoError(t, err)
					return
				}
				responded := requireAPIError(t, err)
				require.Equal(t, tt.status, responded.StatusCode)
				require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
				require.NotErrorIs(t, err, signalwire.ErrNotFound)
				require.Empty(t, responded.Body())
			})
		}
	}
}

// TestHeadOfSomethingLong: a response to HEAD has the length of a body that does
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

// TestOverlongBodies measures memory, so it is alone: nothing runs beside a
// test that is not parallel.
func TestOverlongBodies(t *testing.T) {
	log.SetOutput(io.Discard) // net/http shows what comes behind a 204.
	defer log.SetOutput(os.Stderr)
	const size = 64 << 20
	piece := strings.Repeat(" ", 64<<10)
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
	tooLong := func(status int, text string) wireWant {
		return wireWant{status: status, is: signalwire.ErrUnexpectedResponse, attempts: 1, text: text,
			maybeApplied: status >= 500 || status < 300 || status == 302, retryable: status >= 500}
	}
	head := func(status int, header string) string {
		return fmt.Sprintf("HTTP/1.1 %d %s\r\n%s\r\n", status, http.StatusText(status), header)
	}
	declared, chunks := fmt.Sprintf("Content-Length: %d\r\n", size), "Transfer-Encoding: chunked\r\n"
	for _, tt := range []struct {
		name        string
		start, more string
		want        wireWant
	}{
		{"404 declared", head(404, declared), piece, tooLong(404, "too long")},
		{"404 in chunks", head(404, chunks), chunk, tooLong(404, "too long")},
		{"404 until closed", head(404, ""), piece, tooLong(404, "too long")},
		{"500 declared", head(500, declared), piece, tooLong(500, "too long")},
		{"500 in chunks", head(500, chunks), chunk, tooLong(500, "too long")},
		{"500 until closed", head(500, ""), piece, tooLong(500, "too long")},
		{"503 with Retry-After", head(503, "Retry-After: 1\r\n"+chunks), chunk, tooLong(503, "too long")},
		{"200 declared", head(200, declared), piece, tooLong(200, "")},
		{"200 in chunks", head(200, chunks), chunk, tooLong(200, "")},
		{"302 until closed", head(302, "Location: /\r\n"), piece, tooLong(302, "")},
		{"204 declared", head(204, declared), piece, wireWant{status: 204}},
		{"204 in chunks", head(204, chunks), chunk, wireWant{status: 204}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said atomic.Int64
			more := []byte(tt.more)
			server := wiretest.NewServer(t, func(c *wiretest.Conn) {
				c.Next()
				c.Say(tt.start)
				for n, err := 0, error(nil); err == nil && said.Load() < size; said.Add(int64(n)) {
					n, err = c.Write(more)
				}
			})
			doer := &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)

			response, err := removeFrom(t, "http://"+server.Address, doer)

			runtime.ReadMemStats(&after)
			tt.want.require(t, response, err)
			require.Equal(t, int64(1), server.Requests.Load())
			maxAlloc := uint64(8 << 20)
			if strings.HasPrefix(tt.start, head(tt.want.status, declared)) {
				maxAlloc = 1 << 20 // What is declared to be too long is not even begun.
			}
			require.Less(t, after.TotalAlloc-before.TotalAlloc, maxAlloc)
			var responded *signalwire.Error
			if errors.As(err, &responded) {
				require.Nil(t, responded.Body())
			}
			server.Close()
			require.Less(t, said.Load(), int64(size/2), "what buffers hold, and not the whole response, is read")
		})
	}
}

// TestBodyLimit wants a body of 1 MiB whole, and none of a longer one.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	padded := func(size int) string {
		return strings.Replace(wiretest.ErrorBody(404), "{", "{"+strings.Repeat(" ", size-len(wiretest.ErrorBody(404))), 1)
	}
	for _, tt := range []struct {
		name string
		size int
		want wireWant
	}{
		{"at the limit", limit, wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{"over the limit", limit + 1, wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1, text: "too long"}},
	} {
		for name, text := range map[string]string{
			"declared":  wiretest.RawResponse(404, padded(tt.size)),
			"in chunks": fmt.Sprintf("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", tt.size, padded(tt.size)),
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				t.Parallel()
				server := wiretest.NewServer(t, wiretest.Responds(text))
				tt.want.requireFrom(t, "http://"+server.Address, signalwire.NewTransport())
				require.Equal(t, int64(1), server.Requests.Load())
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
					require.True(t, body.Closed, "the body is left open")
				}
			})
		})
	}
}

// TestUnaskedCompression has a 404 of the API compressed, though nobody asked
// for that: what was not decoded cannot say "not found".
func TestUnaskedCompression(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err := io.WriteString(writer, wiretest.ErrorBody(404))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	var accepted atomic.Value
	server := wiretest.NewServer(t, func(c *wiretest.Conn) {
		for r := c.Next(); r != nil; r = c.Next() {
			accepted.Store(r.Header.Values("Accept-Encoding"))
			c.Say(strings.Replace(wiretest.RawResponse(404, zipped.String()), "\r\n", "\r\nContent-Encoding: gzip\r\n", 1))
		}
	})

	wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}.requireFrom(t, "http://"+server.Address, signalwire.NewTransport())
	require.Empty(t, accepted.Load())
	require.Equal(t, int64(1), server.Requests.Load())
}

// FuzzResponse: no response makes a Doer panic, hides its status, passes for a
// success that it is not, or gets into a log as more than a line.
func FuzzResponse(f *testing.F) {
	for _, tt := range errorBodies {
		if len(tt.body) < 1000 {
			f.Add("DELETE", 404, "application/json", []byte(strings.ReplaceAll(tt.body, "STATUS", "404")))
		}
	}
	f.Add("DELETE", 204, "application/json", []byte("x"))
	f.Add("GET", 200, "application/json", []byte("{}"))
	f.Add("DELETE", 200, "text/html", []byte(wiretest.HTML))
	f.Add("HEAD", 101, "", []byte{})
	f.Add("PUT", -1, "", []byte("\xff\x00"))
	f.Fuzz(func(t *testing.T, method string, status int, contentType string, body []byte) {
		request, err := http.NewRequest(method, "https://example.org"+deletePath, nil)
		if err != nil {
			return
		}
		request.SetBasicAuth(testProject, testToken)
		doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Returns(status, string(body), "Content-Type", contentType)}

		response, err := doer.Do(request)

		require.NotEqual(t, err == nil, response == nil, "a response or an error: %v", err)
		if err == nil {
			require.Equal(t, status, response.StatusCode)
			require.True(t, request.Method == http.MethodDelete && status == 204 || request.Method != http.MethodDelete && status/100 == 2, "%d to %s is no success", status, method)
			return
		}
		responded := requireAPIError(t, err)
		require.Equal(t, status, responded.StatusCode)
		require.GreaterOrEqual(t, responded.Code, 0)
		require.NotContains(t, responded.Message+responded.MoreInfo+string(responded.Body()), testToken)
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
