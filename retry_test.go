package signalwire_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// defaultAttempts is what the zero MaxAttempts stands for.
const defaultAttempts = 6

// script answers each request with the next step, and stays at the last.
type script struct {
	steps    []sender
	requests int
}

func (s *script) Do(r *http.Request) (*http.Response, error) {
	s.requests++
	return s.steps[min(s.requests, len(s.steps))-1](r)
}

func scripted(steps ...sender) *script { return &script{steps: steps} }

// says answers in the API's shape, or with 204.
func says(status int, header ...string) sender {
	return func(r *http.Request) (*http.Response, error) {
		if status == http.StatusNoContent {
			return answer(r, status, "", header...), nil
		}
		return answer(r, status, apiErrorBody(status), header...), nil
	}
}

func fails(err error) sender {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hangs ends when the request's context does.
func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// hangsInBody answers, and its body ends when the request's context does.
func hangsInBody(status int) sender {
	return func(r *http.Request) (*http.Response, error) {
		response := answer(r, status, "")
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"code":`), hangingReader{r.Context()}))
		return response, nil
	}
}

type hangingReader struct{ ctx context.Context }

func (r hangingReader) Read([]byte) (int, error) {
	<-r.ctx.Done()
	return 0, r.ctx.Err()
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Parallel()
	synctest.Test(t, f)
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	in := func(d time.Duration, layout string) func(time.Time) string {
		return func(now time.Time) string { return now.Add(d).UTC().Format(layout) }
	}
	is := func(value string) func(time.Time) string { return func(time.Time) string { return value } }
	const rfc850, ansi = "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC
	for _, tt := range []struct {
		name        string
		value, date func(time.Time) string
		want        time.Duration // of which up to 20 s are waited
	}{
		{"seconds", is("5"), is(""), 5 * time.Second},
		{"leading zero", is("007"), is(""), 7 * time.Second},
		{"seconds, whatever the server's clock", is("5"), in(time.Hour, http.TimeFormat), 5 * time.Second},
		{"at the cap", is("20"), is(""), 20 * time.Second},
		{"beyond the cap", is("21"), is(""), 21 * time.Second},
		{"an hour", is("3600"), is(""), time.Hour},
		{"136 years", is("4294967295"), is(""), 4294967295 * time.Second},
		{"overflow of 32 bits", is("4294967296"), is(""), 4294967296 * time.Second},
		{"longest duration", is("9223372036"), is(""), 9223372036 * time.Second},
		{"overflow of a duration", is("9223372037"), is(""), 9223372036 * time.Second},
		{"overflow of 64 bits", is("99999999999999999999"), is(""), 9223372036 * time.Second},
		{"a thousand digits", is(strings.Repeat("9", 1000)), is(""), 9223372036 * time.Second},
		{"a thousand zeros", is(strings.Repeat("0", 1000) + "5"), is(""), 5 * time.Second},
		{"overflow and a word", is("99999999999999999999x"), is(""), 0},
		{"digits that are not ASCII", is("٣"), is(""), 0},
		{"date beyond a duration", is("Fri, 31 Dec 9999 23:59:59 GMT"), is(""), math.MaxInt64},
		{"zero", is("0"), is(""), 0},
		{"negative", is("-1"), is(""), 0},
		{"signed", is("+5"), is(""), 0},
		{"fraction", is("1.5"), is(""), 0},
		{"exponent", is("1e1"), is(""), 0},
		{"hexadecimal", is("0x5"), is(""), 0},
		{"underscore", is("1_0"), is(""), 0},
		{"inf", is("inf"), is(""), 0},
		{"NaN", is("NaN"), is(""), 0},
		{"unit", is("5s"), is(""), 0},
		{"list", is("5, 10"), is(""), 0},
		{"word", is("soon"), is(""), 0},
		{"empty", is(""), is(""), 0},
		{"IMF date", in(7*time.Second, http.TimeFormat), is(""), 7 * time.Second},
		{"RFC 850 date", in(7*time.Second, rfc850), is(""), 7 * time.Second},
		{"ANSI C date", in(7*time.Second, ansi), is(""), 7 * time.Second},
		{"date beyond the cap", in(21*time.Second, http.TimeFormat), is(""), 21 * time.Second},
		{"date now", in(0, http.TimeFormat), is(""), 0},
		{"date in the past", in(-time.Hour, http.TimeFormat), is(""), 0},
		{"server's clock is ahead", in(3*time.Hour+7*time.Second, http.TimeFormat), in(3*time.Hour, http.TimeFormat), 7 * time.Second},
		{"server's clock is behind", in(-3*time.Hour+7*time.Second, http.TimeFormat), in(-3*time.Hour, http.TimeFormat), 7 * time.Second},
		{"server's clock in another form", in(3*time.Hour+7*time.Second, http.TimeFormat), in(3*time.Hour, rfc850), 7 * time.Second},
		{"server's clock is a word", in(7*time.Second, http.TimeFormat), is("now"), 7 * time.Second},
		{"date with a zone", in(7*time.Second, time.RFC1123Z), is(""), 0},
		{"date of RFC 3339", in(7*time.Second, time.RFC3339), is(""), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				began := time.Now()
				header := []string{"Retry-After", tt.value(began)}
				if date := tt.date(began); date != "" {
					header = append(header, "Date", date)
				}
				var attempts []signalwire.Attempt
				server := scripted(says(503, header...), says(204))
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
					HTTPClient: server,
					OnAttempt:  func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
				}))
				elapsed := time.Since(began)

				require.Equal(t, tt.want, requireAPIError(t, attempts[0].Err).RetryAfter)
				if tt.want > 20*time.Second {
					require.Equal(t, tt.want, requireAPIError(t, err).RetryAfter)
					require.Zero(t, elapsed, "at once")
					require.Equal(t, 1, server.requests)
					return
				}
				require.NoError(t, err)
				require.Equal(t, 2, server.requests)
				require.Greater(t, elapsed, tt.want)
				require.LessOrEqual(t, elapsed, tt.want+200*time.Millisecond)
			})
		})
	}
}

func TestWhichStatusesAreRetried(t *testing.T) {
	t.Parallel()
	retried := map[int]bool{408: true, 429: true, 500: true, 502: true, 503: true, 504: true, 507: true, 520: true, 599: true}
	for _, status := range []int{
		300, 302, 307, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 415, 421, 422, 423, 424, 425, 426, 428,
		429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 507, 520, 599, 600,
	} {
		for name, step := range map[string]sender{
			"API": says(status),
			"HTML": func(r *http.Request) (*http.Response, error) {
				return answer(r, status, html, "Content-Type", "text/html"), nil
			},
		} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					server := scripted(step)
					_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: server}))

					answered := requireAPIError(t, err)
					require.Equal(t, retried[status], answered.Retryable())
					want := 1
					if retried[status] {
						want = defaultAttempts
					}
					require.Equal(t, want, server.requests)
					require.Equal(t, want, answered.Attempts)
				})
			})
		}
	}
}

func TestWhichFailuresAreRetried(t *testing.T) {
	t.Parallel()
	dialError := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for _, tt := range []struct {
		name    string
		err     error
		retried bool
	}{
		{"end of file", io.EOF, true},
		{"cut", io.ErrUnexpectedEOF, true},
		{"refused", dialError(syscall.ECONNREFUSED), true},
		{"reset", &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}, true},
		{"broken pipe", &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}, true},
		{"dial timeout", dialError(timeout{}), true},
		{"malformed answer", errors.New(`malformed HTTP response "x"`), true},
		{"in a *url.Error", &url.Error{Op: "Delete", URL: "https://example.org/x", Err: io.EOF}, true},
		{"its own deadline", context.DeadlineExceeded, true},
		{"DNS, temporary", &net.DNSError{Err: "server misbehaving", IsTemporary: true}, true},
		{"DNS, timeout", &net.DNSError{Err: "timeout", IsTimeout: true}, true},
		{"DNS, no such host", dialError(&net.DNSError{Err: "no such host", IsNotFound: true}), false},
		{"certificate", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false},
		{"unknown authority", &url.Error{Op: "Delete", URL: "https://example.org/x", Err: x509.UnknownAuthorityError{}}, false},
		{"wrong host", x509.HostnameError{Certificate: &x509.Certificate{}, Host: "h"}, false},
		{"expired", x509.CertificateInvalidError{Reason: x509.Expired}, false},
		{"not TLS", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, false},
		{"alert", tls.AlertError(42), false},
		{"alert received", &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, false},
		{"scheme mismatch", http.ErrSchemeMismatch, false},
		{"long header", errors.New("net/http: server response headers exceeded 65536 bytes; aborted"), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				server := scripted(fails(tt.err))
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: server}))

				failed := requireTransportError(t, err)
				require.Equal(t, tt.retried, failed.Retryable())
				want := 1
				if tt.retried {
					want = defaultAttempts
				}
				require.Equal(t, want, server.requests)
				require.Equal(t, want, failed.Attempts)
				require.True(t, failed.MaybeApplied, "who knows what this HTTP client did")
			})
		})
	}
}

type timeout struct{}

func (timeout) Error() string { return "i/o timeout" }
func (timeout) Timeout() bool { return true }

func TestRetryDelays(t *testing.T) {
	t.Parallel()
	distinct := map[time.Duration]bool{}
	for range 64 {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var attempts []signalwire.Attempt
			server := scripted(says(503))
			_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
				HTTPClient: server, MaxAttempts: 20, MaxElapsed: time.Hour,
				OnAttempt: func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
			}))

			require.Equal(t, 503, requireAPIError(t, err).StatusCode)
			require.Equal(t, 20, server.requests)
			var sum time.Duration
			for n, attempt := range attempts[:19] {
				most := min(200*time.Millisecond<<n, 3200*time.Millisecond)
				require.GreaterOrEqual(t, attempt.RetryIn, most/2)
				require.LessOrEqual(t, attempt.RetryIn, most)
				sum += attempt.RetryIn
			}
			require.Equal(t, sum, time.Since(began))
			distinct[attempts[0].RetryIn] = true
		})
	}
	require.Greater(t, len(distinct), 32, "jitter")
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for _, tt := range []struct {
		name        string
		doer        *signalwire.Doer
		steps       []sender
		attempts    int
		least, most time.Duration
		status      int // of the error, or 0 for no complete answer
	}{
		{"attempts of 10 s in 30 s", &signalwire.Doer{}, []sender{hangs}, 3, 30 * second, 30 * second, 0},
		{"AttemptTimeout", &signalwire.Doer{AttemptTimeout: 2 * second}, []sender{hangs}, 6, 15 * second, 18200 * time.Millisecond, 0},
		{"AttemptTimeout in the body", &signalwire.Doer{AttemptTimeout: 2 * second}, []sender{hangsInBody(404)}, 6, 15 * second, 18200 * time.Millisecond, 0},
		{"AttemptTimeout, 1 attempt", &signalwire.Doer{AttemptTimeout: 2 * second, MaxAttempts: 1}, []sender{hangs}, 1, 2 * second, 2 * second, 0},
		{"AttemptTimeout, then an answer", &signalwire.Doer{AttemptTimeout: 2 * second}, []sender{hangs, says(401)}, 2, 2 * second, 2200 * time.Millisecond, 401},
		{"MaxElapsed in an attempt", &signalwire.Doer{MaxElapsed: 5 * second}, []sender{hangs}, 1, 5 * second, 5 * second, 0},
		{"MaxElapsed between attempts", &signalwire.Doer{MaxElapsed: 15 * second}, []sender{says(503, "Retry-After", "10")}, 2, 10 * second, 10200 * time.Millisecond, 503},
		{"MaxElapsed before the delay", &signalwire.Doer{MaxElapsed: 5 * second}, []sender{says(503, "Retry-After", "5")}, 1, 0, 0, 503},
		{"Retry-After thrice", &signalwire.Doer{MaxAttempts: 3}, []sender{says(429, "Retry-After", "4")}, 3, 8 * second, 8600 * time.Millisecond, 429},
		{"MaxAttempts 1", &signalwire.Doer{MaxAttempts: 1}, []sender{says(503)}, 1, 0, 0, 503},
		{"MaxAttempts 2", &signalwire.Doer{MaxAttempts: 2}, []sender{says(503)}, 2, 1, 200 * time.Millisecond, 503},
		{"no limits given", &signalwire.Doer{}, []sender{says(503)}, 6, 3100 * time.Millisecond, 6200 * time.Millisecond, 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				began := time.Now()
				server := scripted(tt.steps...)
				tt.doer.HTTPClient = server
				_, err := remove(t, newMemoryClient(t, tt.doer))
				elapsed := time.Since(began)

				require.GreaterOrEqual(t, elapsed, tt.least)
				require.LessOrEqual(t, elapsed, tt.most)
				require.Equal(t, tt.attempts, server.requests)
				if tt.status != 0 {
					require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
					return
				}
				failed := requireTransportError(t, err)
				require.Equal(t, tt.attempts, failed.Attempts)
				require.True(t, failed.Timeout())
				require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context is not done")
			})
		})
	}
}

// TestClientTimeout: the caller's own limit bounds an attempt, too.
func TestClientTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		began := time.Now()
		server := scripted(hangs)
		_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
			HTTPClient: &http.Client{Timeout: time.Second, Transport: sender(server.Do)},
		}))
		require.True(t, requireTransportError(t, err).Timeout())
		require.Equal(t, defaultAttempts, server.requests)
		require.LessOrEqual(t, time.Since(began), 12200*time.Millisecond)
	})
}

func TestContextDone(t *testing.T) {
	t.Parallel()
	errCause := errors.New("the moderator left")
	type ended struct {
		name  string
		after func(time.Duration) (context.Context, context.CancelFunc)
		want  []error
	}
	ends := []ended{
		{"cancelled", func(d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(d, cancel)
			return ctx, cancel
		}, []error{context.Canceled}},
		{"cancelled with a cause", func(d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(d, func() { cancel(errCause) })
			return ctx, func() { cancel(nil) }
		}, []error{context.Canceled, errCause}},
		{"deadline", func(d time.Duration) (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), d)
		}, []error{context.DeadlineExceeded}},
		{"deadline with a cause", func(d time.Duration) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(context.Background(), d, errCause)
		}, []error{context.DeadlineExceeded, errCause}},
	}
	for _, end := range ends {
		for _, tt := range []struct {
			name     string
			after    time.Duration
			steps    []sender
			requests int
			maybe    bool
		}{
			{"before", 0, []sender{says(204)}, 0, false},
			{"while waiting for the answer", 5 * time.Second, []sender{hangs}, 1, true},
			{"in the body of a 404", 5 * time.Second, []sender{hangsInBody(404)}, 1, true},
			{"in the second attempt", 5 * time.Second, []sender{says(429), hangs}, 2, true},
			{"in the delay", 5 * time.Second, []sender{says(429, "Retry-After", "10")}, 1, false},
			{"in the delay after a 503", 5 * time.Second, []sender{says(503, "Retry-After", "10")}, 1, true},
		} {
			t.Run(end.name+" "+tt.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					began := time.Now()
					ctx, cancel := end.after(tt.after)
					defer cancel()
					synctest.Wait()
					server := scripted(tt.steps...)
					client := newMemoryClient(t, &signalwire.Doer{HTTPClient: server})
					if tt.after == 0 {
						<-ctx.Done()
					}

					response, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

					require.Nil(t, response)
					require.Equal(t, tt.requests, server.requests)
					if _, bounded := ctx.Deadline(); bounded && strings.HasPrefix(tt.name, "in the delay") {
						answered := requireAPIError(t, err)
						require.Zero(t, time.Since(began), "the delay would pass the deadline")
						require.Equal(t, 10*time.Second, answered.RetryAfter)
						return
					}
					require.Equal(t, tt.after, time.Since(began))
					failed := requireTransportError(t, err)
					require.Equal(t, tt.requests, failed.Attempts)
					require.Equal(t, tt.maybe, failed.MaybeApplied)
					require.False(t, failed.Retryable())
					require.Equal(t, end.want[0] == context.DeadlineExceeded, failed.Timeout())
					for _, want := range end.want {
						require.ErrorIs(t, err, want)
						require.ErrorContains(t, err, want.Error())
					}
				})
			})
		}
	}
}

// pipes is a network in memory, so that http.Transport runs in virtual time. Its
// connections do what the steps say, one after the other: a step is what the
// server writes after it has read a request, or one of the words below. The
// last one is repeated.
type pipes struct {
	steps    []string
	mu       sync.Mutex
	dialled  int
	requests int
}

const (
	refused   = "refused"                              // nobody listens
	noDial    = "no dial"                              // dialling takes for ever
	silent    = "silent"                               // no answer comes
	cut       = "cut"                                  // the connection ends without an answer
	cutAnswer = "HTTP/1.1 204 No Content\r\nDate: Mon" // the connection ends in a header
)

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	step := p.steps[min(p.dialled, len(p.steps)-1)]
	p.dialled++
	p.mu.Unlock()
	switch step {
	case refused:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case noDial:
		<-ctx.Done()
		return nil, ctx.Err()
	}
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		reader := bufio.NewReader(server)
		for n := 0; ; n++ {
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			p.mu.Lock()
			p.requests++
			p.mu.Unlock()
			switch {
			case step == silent:
				_, _ = io.Copy(io.Discard, reader)
				return
			case step == cut, n > 0:
				return
			}
			_, _ = io.WriteString(server, step)
			if !strings.HasPrefix(step, "HTTP/1.1 204 No Content\r\n\r\n") {
				return
			}
		}
	}()
	return client, nil
}

// client returns a client whose transport dials here.
func (p *pipes) client(t *testing.T, doer *signalwire.Doer) *signalwire.ClientWithResponses {
	t.Helper()
	transport := signalwire.NewTransport()
	transport.Proxy, transport.DialContext = nil, p.dial
	t.Cleanup(transport.CloseIdleConnections)
	doer.HTTPClient = &http.Client{Transport: transport}
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithBaseURL("http://127.0.0.1:1"+signalwire.BasePath), signalwire.WithHTTPClient(doer))
	require.NoError(t, err)
	return client
}

// onWire is an answer as a server writes it, in the API's shape.
func onWire(status int) string {
	if status == http.StatusNoContent {
		return "HTTP/1.1 204 No Content\r\n\r\n"
	}
	body := apiErrorBody(status)
	return fmt.Sprintf("HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

const htmlOnWire = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>"

// TestMaybeApplied: after an attempt whose end is not known, "not found" may
// mean that it was this call that removed the participant.
func TestMaybeApplied(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		steps   []string
		status  int // 0 for no complete answer
		matches []string
		maybe   bool
	}{
		{"404", []string{onWire(404)}, 404, []string{"not found"}, false},
		{"502, then 404", []string{onWire(502), onWire(404)}, 404, []string{"not found"}, true},
		{"500, 503, then 404", []string{onWire(500), onWire(503), onWire(404)}, 404, []string{"not found"}, true},
		{"408, then 404", []string{onWire(408), onWire(404)}, 404, []string{"not found"}, true},
		{"429, then 404", []string{onWire(429), onWire(404)}, 404, []string{"not found"}, false},
		{"429, 503, then 404", []string{onWire(429), onWire(503), onWire(404)}, 404, []string{"not found"}, true},
		{"503, 429, then 404", []string{onWire(503), onWire(429), onWire(404)}, 404, []string{"not found"}, true},
		{"cut, then 404", []string{cut, onWire(404)}, 404, []string{"not found"}, true},
		{"cut in the answer, then 404", []string{cutAnswer, onWire(404)}, 404, []string{"not found"}, true},
		{"cut in the body, then 404", []string{onWire(404)[:80], onWire(404)}, 404, []string{"not found"}, true},
		{"silent, then 404", []string{silent, onWire(404)}, 404, []string{"not found"}, true},
		{"refused, then 404", []string{refused, onWire(404)}, 404, []string{"not found"}, false},
		{"dial timeout, then 404", []string{noDial, onWire(404)}, 404, []string{"not found"}, false},
		{"502, then 401", []string{onWire(502), onWire(401)}, 401, []string{"unauthorized"}, true},
		{"502, then 404 from elsewhere", []string{onWire(502), htmlOnWire}, 404, []string{"unexpected response"}, true},
		{"503", []string{onWire(503)}, 503, []string{"unavailable"}, true},
		{"429", []string{onWire(429)}, 429, []string{"too many requests"}, false},
		{"refused", []string{refused}, 0, nil, false},
		{"dial timeout", []string{noDial}, 0, nil, false},
		{"cut", []string{cut}, 0, nil, true},
		{"silent", []string{silent}, 0, nil, true},
		{"cut, then refused", []string{cut, refused}, 0, nil, true},
		{"503, then refused", []string{onWire(503), refused}, 0, nil, true},
		{"503, then 204", []string{onWire(503), onWire(204)}, 204, nil, false},
		{"cut, then 204", []string{cut, onWire(204)}, 204, nil, false},
		{"refused, then 204", []string{refused, onWire(204)}, 204, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				network := &pipes{steps: tt.steps}
				response, err := remove(t, network.client(t, &signalwire.Doer{AttemptTimeout: 2 * time.Second}))

				switch tt.status {
				case 204:
					require.NoError(t, err)
					require.Equal(t, 204, response.StatusCode())
				case 0:
					failed := requireTransportError(t, err)
					require.Equal(t, tt.maybe, failed.MaybeApplied)
					require.Equal(t, defaultAttempts, failed.Attempts)
				default:
					answered := requireAPIError(t, err)
					require.Equal(t, tt.status, answered.StatusCode)
					require.Equal(t, tt.maybe, answered.MaybeApplied)
					require.ElementsMatch(t, tt.matches, matched(err))
					require.Equal(t, network.dialled, answered.Attempts)
				}
				if err != nil {
					require.Equal(t, tt.maybe, strings.Contains(err.Error(), "may have been carried out"))
				}
			})
		})
	}
}

// TestRefusedIsNotApplied over loopback.
func TestRefusedIsNotApplied(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithBaseURL("http://"+listener.Addr().String()), signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 1}))
	require.NoError(t, err)

	_, err = remove(t, client)

	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	failed := requireTransportError(t, err)
	require.False(t, failed.MaybeApplied)
	require.True(t, failed.Retryable())
}

// TestStaleConnectionsInMemory: what died while it was idle is replaced, and costs no
// budget.
func TestStaleConnectionsInMemory(t *testing.T) {
	bubble(t, func(t *testing.T) {
		network := &pipes{steps: []string{onWire(204)}} // One answer for each connection.
		client := network.client(t, &signalwire.Doer{})
		const calls = 100
		for range calls {
			_, err := remove(t, client)
			require.NoError(t, err)
		}
		require.Equal(t, calls, network.dialled)
		require.Equal(t, 2*calls-1, network.requests)
	})
}

func TestProxyRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ status, attempts int }{{407, 1}, {403, 1}, {502, defaultAttempts}, {503, defaultAttempts}} {
		t.Run(strconv.Itoa(tt.status), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				network := &pipes{steps: []string{onWire(tt.status)}}
				transport := signalwire.NewTransport()
				transport.Proxy = http.ProxyURL(must(url.Parse("http://user:secret-password@proxy.test:3128")))
				transport.DialContext = network.dial

				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}}))

				failed := requireTransportError(t, err)
				require.Equal(t, tt.attempts, failed.Attempts)
				require.False(t, failed.MaybeApplied)
				require.ErrorContains(t, err, strconv.Itoa(tt.status))
				require.NotContains(t, err.Error(), "secret-password")
			})
		})
	}
}

func TestOnAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "caller's")
		var attempts []signalwire.Attempt
		slow := func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return nil, io.EOF
		}
		server := scripted(says(503, "Retry-After", "1"), slow, says(404))
		client := newMemoryClient(t, &signalwire.Doer{HTTPClient: server, OnAttempt: func(ctx context.Context, a signalwire.Attempt) {
			require.Equal(t, "caller's", ctx.Value(key{}))
			require.Equal(t, server.requests, a.Number, "right after it")
			attempts = append(attempts, a)
		}})

		_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

		require.ErrorIs(t, err, signalwire.ErrNotFound)
		require.Len(t, attempts, 3)
		for i, want := range []struct {
			status      int
			elapsed     time.Duration
			least, most time.Duration
		}{
			{503, 0, time.Second, 1200 * time.Millisecond},
			{0, 3 * time.Second, 1, 400 * time.Millisecond},
			{404, 0, 0, 0},
		} {
			got := attempts[i]
			require.Equal(t, i+1, got.Number)
			require.Equal(t, http.MethodDelete, got.Method)
			require.Equal(t, want.status, got.StatusCode)
			require.Equal(t, want.elapsed, got.Elapsed)
			require.GreaterOrEqual(t, got.RetryIn, want.least)
			require.LessOrEqual(t, got.RetryIn, want.most)
			requireLogLine(t, got.Err)
			for _, text := range []string{fmt.Sprintf("%+v", got), fmt.Sprintf("%#v", got)} {
				require.NotContains(t, text, "://")
				require.NotContains(t, text, testProject)
			}
		}
		require.Equal(t, 503, requireAPIError(t, attempts[0].Err).StatusCode)
		require.ErrorIs(t, attempts[1].Err, io.EOF)
		require.Same(t, err, attempts[2].Err)
		require.Equal(t, 1, requireAPIError(t, attempts[0].Err).Attempts, "as it was then")
	})
}

func TestOnAttemptOfSuccess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var attempts []signalwire.Attempt
		_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
			HTTPClient: scripted(says(204)),
			OnAttempt:  func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
		}))
		require.NoError(t, err)
		require.Equal(t, []signalwire.Attempt{{Number: 1, Method: http.MethodDelete, StatusCode: 204}}, attempts)
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		doer  *signalwire.Doer
		field string // that is wrong, or ""
	}{
		{"zero", &signalwire.Doer{}, ""},
		{"the least", &signalwire.Doer{MaxAttempts: 1, AttemptTimeout: time.Millisecond, MaxElapsed: time.Millisecond}, ""},
		{"the most", &signalwire.Doer{MaxAttempts: 20, AttemptTimeout: time.Hour, MaxElapsed: time.Hour}, ""},
		{"MaxAttempts -1", &signalwire.Doer{MaxAttempts: -1}, "MaxAttempts"},
		{"MaxAttempts 21", &signalwire.Doer{MaxAttempts: 21}, "MaxAttempts"},
		{"AttemptTimeout negative", &signalwire.Doer{AttemptTimeout: -time.Second}, "AttemptTimeout"},
		{"AttemptTimeout without a unit", &signalwire.Doer{AttemptTimeout: 30}, "AttemptTimeout"},
		{"AttemptTimeout just too short", &signalwire.Doer{AttemptTimeout: time.Millisecond - 1}, "AttemptTimeout"},
		{"AttemptTimeout too long", &signalwire.Doer{AttemptTimeout: time.Hour + 1}, "AttemptTimeout"},
		{"MaxElapsed negative", &signalwire.Doer{MaxElapsed: -time.Second}, "MaxElapsed"},
		{"MaxElapsed without a unit", &signalwire.Doer{MaxElapsed: 30}, "MaxElapsed"},
		{"MaxElapsed too long", &signalwire.Doer{MaxElapsed: time.Hour + 1}, "MaxElapsed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(tt.doer))
			request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.org/x", nil))
			if tt.field == "" {
				require.NoError(t, err)
				return
			}
			require.Nil(t, client)
			requireClearError(t, err, "", tt.field)
			for range 2 { // It stays wrong.
				response, err := tt.doer.Do(request)
				require.Nil(t, response)
				require.ErrorContains(t, err, tt.field)
				require.False(t, requireTransportError(t, err).Retryable())
			}
		})
	}
}

func TestNewNamesEverySetting(t *testing.T) {
	t.Parallel()
	_, err := signalwire.New("example", testProject, testToken,
		signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: -1, AttemptTimeout: -1, MaxElapsed: -1}))
	for _, field := range []string{"MaxAttempts", "AttemptTimeout", "MaxElapsed"} {
		require.ErrorContains(t, err, field)
	}
}

func TestDoerWithoutRequest(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]*http.Request{"nil": nil, "zero": {}, "without URL": {Method: http.MethodGet}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := scripted(says(204))
			response, err := (&signalwire.Doer{HTTPClient: server}).Do(request)
			require.Nil(t, response)
			failed := requireTransportError(t, err)
			require.False(t, failed.Retryable())
			require.False(t, failed.MaybeApplied)
			require.Zero(t, server.requests)
		})
	}
}

// TestZeroDoerIsConcurrent is for the race detector.
func TestZeroDoerIsConcurrent(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := httptestServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1)%20 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	var doer signalwire.Doer
	var succeeded atomic.Int64
	var group sync.WaitGroup
	const workers, calls = 64, 5
	for range workers {
		group.Go(func() {
			for range calls {
				request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, server, nil))
				if _, err := doer.Do(request); err == nil {
					succeeded.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Greater(t, succeeded.Load(), int64(workers*calls*9/10))
}
