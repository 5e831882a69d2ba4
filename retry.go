package signalwire

import (
	"crypto/x509"
	"errors"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// idempotent reports whether sending a request twice has the effect of sending
// it once (RFC 9110, section 9.2.2). OPTIONS and TRACE are, too; no API needs
// them.
func idempotent(method string) bool {
	return isSafe(method) || method == http.MethodPut || method == http.MethodDelete
}

// isSafe reports whether a method asks for nothing to be carried out (RFC 9110,
// section 9.2.1). An empty method is GET, as in net/http.
func isSafe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == ""
}

func retryableStatus(statusCode int) bool {
	switch statusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return statusCode >= 500 && statusCode <= 599
}

// retryableFailure reports whether a retry may help after an attempt that got no
// complete response. Most failures pass, so it lists those that stay, and those
// after which a retry would do harm.
func retryableFailure(err error) bool {
	var (
		done        *contextError
		refused     *proxyRefusal
		unknownHost *net.DNSError
		invalid     x509.CertificateInvalidError
		wrongHost   x509.HostnameError
		authority   x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &done), errors.Is(err, errNotSent), errors.Is(err, errUnparsableLocation):
		return false
	case errors.As(err, &invalid), errors.As(err, &wrongHost), errors.As(err, &authority):
		return false
	case errors.Is(err, http.ErrSchemeMismatch):
		return false
	case errors.As(err, &refused):
		return refused.statusCode >= 500
	case errors.As(err, &unknownHost) && unknownHost.IsNotFound:
		return false
	}
	text := ": " + err.Error()
	return !textsOfTLS.match(text) && !textsOfOverlongHeaders.match(text)
}

// isRefusedByNetHTTP reports whether net/http found something wrong with a
// request before it asked for a connection.
func isRefusedByNetHTTP(err error) bool { return textsOfRefusal.match(err.Error()) }

// texts are parts of the texts of errors of the standard library that have no
// types. Nothing else in this package goes by the text of an error.
type texts []string

func (t texts) match(text string) bool {
	return slices.ContainsFunc(t, func(part string) bool { return strings.Contains(text, part) })
}

var (
	// The errors of crypto/tls, alerts included. Most have no type, and nothing but
	// this prefix in common.
	textsOfTLS = texts{": tls: "}

	// Response headers that are too long. On HTTP/2, a list that is much too long
	// ends the connection with PROTOCOL_ERROR, and a field that is too long ends it
	// with COMPRESSION_ERROR.
	textsOfOverlongHeaders = texts{
		"response headers exceeded",
		"response header list larger than",
		"header list too large",
		"too many 1xx informational responses",
		"connection error: PROTOCOL_ERROR",
		"connection error: COMPRESSION_ERROR",
	}

	// Requests that net/http refuses to send.
	textsOfRefusal = texts{
		"net/http: invalid header ",
		"net/http: invalid trailer ",
		"net/http: invalid method ",
		"unsupported protocol scheme",
		"http: no Host in request URL",
	}
)

const (
	backoffBase = 200 * time.Millisecond
	backoffMax  = 3200 * time.Millisecond
)

// backoff returns the delay before a retry, counted from 0: an exponential from
// 200 ms to 3.2 s, of which the upper half is random. The random number is in
// [0, 1). The five delays of six attempts take 3.1 s to 6.2 s in all.
func backoff(retry int, random float64) time.Duration {
	ceiling := min(backoffBase<<min(retry, 10), backoffMax)
	return time.Duration((1 + random) / 2 * float64(ceiling))
}

// maxRetryAfter is the longest Retry-After that a Doer waits for.
const maxRetryAfter = 20 * time.Second

// parseRetryAfter returns how long a response asks to wait: a number of seconds,
// or an HTTP date, which is measured against the response's own Date, because
// the two clocks may differ. A number may have any length (RFC 9110, section
// 10.2.3); a wait that is too long for a Duration, about 292 years, becomes the
// longest one. A value that is neither, or a date that has passed, is 0.
func parseRetryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if value == "" {
		return 0
	}
	if strings.Trim(value, digits) == "" {
		seconds, _ := strconv.ParseUint(value, 10, 64) // the largest uint64 if it is larger
		return time.Duration(min(seconds, uint64(math.MaxInt64/time.Second))) * time.Second
	}
	until, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return max(until.Sub(now), 0)
}
