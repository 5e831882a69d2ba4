package signalwire_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

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
				server := wiretest.InTurn(wiretest.Says(503, header...), wiretest.Says(204))
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
					HTTPClient: server,
					OnAttempt:  func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
				}))
				elapsed := time.Since(began)

				require.Equal(t, tt.want, requireAPIError(t, attempts[0].Err).RetryAfter)
				if tt.want > 20*time.Second {
					require.Equal(t, tt.want, requireAPIError(t, err).RetryAfter)
					require.Zero(t, elapsed, "at once")
					require.Equal(t, 1, server.Requests)
					return
				}
				require.NoError(t, err)
				require.Equal(t, 2, server.Requests)
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
		for name, step := range map[string]wiretest.Sender{
			"API":  wiretest.Says(status),
			"HTML": wiretest.Returns(status, wiretest.HTML, "Content-Type", "text/html"),
		} {
			t.Run(fmt.Sprint(status, " ", name), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					server := wiretest.InTurn(step)
					_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: server}))

					responded := requireAPIError(t, err)
					require.Equal(t, retried[status], responded.Retryable(), "Retryable of %v", err)
					want := 1
					if retried[status] {
						want = defaultAttempts
					}
					require.Equal(t, want, server.Requests)
					require.Equal(t, want, responded.Attempts)
				})
			})
		}
	}
}

// TestWhichFailuresAreRetried, also when what wraps them had to be redacted.
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
		{"dial timeout", dialError(os.ErrDeadlineExceeded), true},
		{"malformed response", errors.New(`malformed HTTP response "x"`), true},
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
		for name, err := range map[string]error{
			tt.name:               tt.err,
			tt.name + ", wrapped": fmt.Errorf("sending: %w, to https://example.org/secret-location", tt.err),
		} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					server := wiretest.InTurn(wiretest.Fails(err))
					_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: server}))

					failed := requireTransportError(t, err)
					require.Equal(t, tt.retried, failed.Retryable(), "Retryable of %v", err)
					var timeout interface{ Timeout() bool }
					require.Equal(t, errors.As(tt.err, &timeout) && timeout.Timeout(), failed.Timeout(), "Timeout of %v", err)
					want := 1
					if tt.retried {
						want = defaultAttempts
					}
					require.Equal(t, want, server.Requests)
					require.Equal(t, want, failed.Attempts)
					require.True(t, failed.MaybeApplied, "who knows what this HTTP client did")
				})
			})
		}
	}
}

func TestRetryDelays(t *testing.T) {
	t.Parallel()
	distinct := map[time.Duration]bool{}
	for range 64 {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			var attempts []signalwire.Attempt
			server := wiretest.InTurn(wiretest.Says(503))
			_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
				HTTPClient: server, MaxAttempts: 20, MaxElapsed: time.Hour,
				OnAttempt: func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
			}))

			require.Equal(t, 503, requireAPIError(t, err).StatusCode)
			require.Equal(t, 20, server.Requests)
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

// TestRefusedByNetHTTP goes by texts of net/http's errors, so it fails when a
// new Go version changes one.
func TestRefusedByNetHTTP(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"header name":  func(r *http.Request) { r.Header["X Y"] = []string{"z"} },
		"header value": func(r *http.Request) { r.Header["X"] = []string{"a\nb"} },
		"trailer":      func(r *http.Request) { r.Trailer = http.Header{"X": {"a\nb"}} },
		"method":       func(r *http.Request) { r.Method = "DELETE ME" },
		"scheme":       func(r *http.Request) { r.URL.Scheme = "gopher" },
		"host":         func(r *http.Request) { r.URL.Host = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, wiretest.Responds(wiretest.NoContent))
			request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+server.Address+"/x", strings.NewReader("")))
			request.Body = io.NopCloser(request.Body)
			change(request)

			_, err := (&signalwire.Doer{}).Do(request)

			failed := requireTransportError(t, err)
			require.False(t, failed.MaybeApplied, "nothing was sent")
			require.False(t, failed.Retryable(), "it would be refused again")
			require.Equal(t, 1, failed.Attempts)
			require.ErrorContains(t, err, "nothing was sent")
			require.Zero(t, server.Connections.Load())
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, value := range []string{
		"5", "0", "-1", "1.5", "inf", "99999999999999999999", "4294967295", "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Fri, 31 Dec 9999 23:59:59 GMT", "",
	} {
		f.Add(value, "")
		f.Add(value, "Sun, 06 Nov 1994 08:49:00 GMT")
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		doer := &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Returns(503, wiretest.ErrorBody(503), "Retry-After", value, "Date", date)}
		_, err := doer.Do(httptest.NewRequest(http.MethodGet, "https://example.org/", nil))
		got := requireAPIError(t, err).RetryAfter
		require.GreaterOrEqual(t, got, time.Duration(0))
		if value != "" && strings.Trim(value, "0123456789") == "" {
			seconds, ok := new(big.Int).SetString(value, 10)
			require.True(t, ok, "%q is no number", value)
			if longest := big.NewInt(math.MaxInt64 / int64(time.Second)); seconds.Cmp(longest) > 0 {
				seconds = longest
			}
			require.Equal(t, time.Duration(seconds.Int64())*time.Second, got)
		}
		if _, err := http.ParseTime(value); err != nil && strings.ContainsAny(value, ".+-eEnN") {
			require.Zero(t, got)
		}
	})
}
