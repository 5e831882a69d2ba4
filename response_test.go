package signalwire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
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
				doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					return wiretest.Response(r, status, "", "Location", "/result"), nil
				})}
				_, err := doer.Do(must(http.NewRequestWithContext(t.Context(), method, "https://example.org/x", nil)))

				answered := requireAPIError(t, err)
				require.Equal(t, status, answered.StatusCode)
				require.Equal(t, maybe[status] && method != "GET" && method != "HEAD", answered.MaybeApplied)
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
					_, err := doer.Do(must(http.NewRequestWithContext(t.Context(), method, "https://example.org/x", nil)))

					answered := requireAPIError(t, err)
					require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
					require.NotErrorIs(t, err, signalwire.ErrNotFound)
					require.Equal(t, method != "GET", answered.MaybeApplied)
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
				require.False(t, requireTransportError(t, err).Retryable())
			})
		})
		t.Run(tt.name+", deadline", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				err := do(ctx)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, tt.method == "DELETE", requireTransportError(t, err).MaybeApplied)
			})
		})
		t.Run(tt.name+", attempt timed out", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				err := do(t.Context())
				if tt.alone {
					require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
					return
				}
				require.True(t, requireTransportError(t, err).Timeout())
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
			doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				return wiretest.Response(r, tt.status, strings.Repeat("m", tt.size)), nil
			})}
			_, err := doer.Do(must(http.NewRequestWithContext(t.Context(), tt.method, "https://example.org/x", nil)))
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
