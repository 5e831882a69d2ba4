package signalwire

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What an [Error] may match with errors.Is. Each of the first six stands for
// one status.
var (
	ErrBadRequest      = errors.New("signalwire: bad request")
	ErrUnauthorized    = errors.New("signalwire: unauthorized")
	ErrForbidden       = errors.New("signalwire: forbidden")
	ErrNotFound        = errors.New("signalwire: not found")
	ErrUnprocessable   = errors.New("signalwire: unprocessable")
	ErrTooManyRequests = errors.New("signalwire: too many requests")

	// ErrUnexpectedResponse says that the answer is none that the contract
	// describes: another status, another body, a redirect, or too long. It may
	// not come from the API at all, but from a proxy or a wrong address.
	ErrUnexpectedResponse = errors.New("signalwire: unexpected response")
)

var sentinels = map[int]error{
	http.StatusBadRequest:          ErrBadRequest,
	http.StatusUnauthorized:        ErrUnauthorized,
	http.StatusForbidden:           ErrForbidden,
	http.StatusNotFound:            ErrNotFound,
	http.StatusUnprocessableEntity: ErrUnprocessable,
	http.StatusTooManyRequests:     ErrTooManyRequests,
}

// Error says that an answer came and was not the documented success.
//
// It matches, with errors.Is, the sentinel of its status, such as
// [ErrNotFound], and [ErrUnexpectedResponse] if the API did not write it. A 404
// that the API did not write matches only the latter: a wrong space name and
// proxies are answered 404, too, and "not found" must mean that somebody looked.
//
// No field holds the request's URL, its headers or its credentials; where the
// answer repeats the credentials, "[redacted]" stands in their place. An Error
// is not changed once it is returned, so it may be read concurrently.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the API's own code, such as 20404, and 0 when it gave none. The
	// vendor warns that codes may change: decide by the status.
	Code int
	// Message and MoreInfo are the API's own words, and "" when it gave none.
	// They come from outside and may hold anything; Error's text is fit for a
	// log.
	Message  string
	MoreInfo string
	// RetryAfter is how long the server asked to wait (RFC 9110, section
	// 10.2.3), measured from the answer, and 0 when it did not ask.
	RetryAfter time.Duration
	// Attempts is how often the request was sent, this answer's included.
	Attempts int
	// MaybeApplied says that this or an earlier attempt may have been carried
	// out all the same. A 404 with it may mean that the call itself removed
	// what is not found any more.
	MaybeApplied bool

	body       []byte
	unexpected string // why the contract does not describe the answer, or ""
}

// Error returns one printable line of at most 500 bytes, without URLs.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("signalwire: ")
	b.WriteString(strings.TrimSpace(strconv.Itoa(e.StatusCode) + " " + http.StatusText(e.StatusCode)))
	if e.Attempts > 1 {
		b.WriteString(" after " + strconv.Itoa(e.Attempts) + " attempts")
	}
	if e.MaybeApplied {
		b.WriteString(maybeAppliedText)
	}
	if e.unexpected != "" {
		b.WriteString(": unexpected response: " + e.unexpected)
	}
	if e.StatusCode == http.StatusUnauthorized || e.StatusCode == http.StatusForbidden {
		b.WriteString(" (check the credentials, and the token's scope Voice)")
	}
	if e.Code != 0 {
		b.WriteString(": code " + strconv.Itoa(e.Code))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return line(b.String())
}

const maybeAppliedText = " (the request may have been carried out)"

// Is reports whether target is a sentinel that stands for e.
func (e *Error) Is(target error) bool {
	if target == ErrUnexpectedResponse {
		return e.unexpected != ""
	}
	sentinel := sentinels[e.StatusCode]
	return sentinel != nil && target == sentinel && (target != ErrNotFound || e.unexpected == "")
}

// Body returns a copy of the answer's body, with credentials redacted. It is
// nil if the body was longer than 1 MiB.
func (e *Error) Body() []byte { return slices.Clone(e.body) }

// Retryable reports whether the same request may be answered otherwise later:
// the status is 408, 429 or, except for 501 and 505, a 5xx. Whether it is safe
// to send it again is another question; see MaybeApplied.
func (e *Error) Retryable() bool { return retryableStatus(e.StatusCode) }

// TransportError says that no complete answer came: nobody was reached, the
// connection broke, or the time was over. Whether the request was carried out
// is not known if MaybeApplied is set, and it was not if it is not set.
//
// Its text names no URL. It is not changed once it is returned, so it may be
// read concurrently.
type TransportError struct {
	// Attempts is how often the request was tried, and 0 if the context was
	// done before the first time.
	Attempts int
	// MaybeApplied says that a request was written to a connection, so that it
	// may have been carried out.
	MaybeApplied bool
	// Err is what happened at the last attempt. If the caller's context was
	// done, it matches both the context's error and its cause. A cause whose
	// text shows a URL or credentials is replaced by one with these removed.
	Err error
}

// Error returns one printable line of at most 500 bytes, without URLs.
func (e *TransportError) Error() string {
	var b strings.Builder
	b.WriteString("signalwire: no complete answer")
	if e.Attempts > 1 {
		b.WriteString(" after " + strconv.Itoa(e.Attempts) + " attempts")
	}
	if e.MaybeApplied {
		b.WriteString(maybeAppliedText)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return line(b.String())
}

// Unwrap returns Err.
func (e *TransportError) Unwrap() error { return e.Err }

// Timeout reports whether a time limit ended the last attempt: the caller's
// deadline, AttemptTimeout or MaxElapsed of [Doer], or one of the HTTP
// client's own. To tell the caller's from the others, ask its context.
func (e *TransportError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Retryable reports whether the same request may be answered later. It is not
// if the context was done, or if what went wrong stays as it is, such as a
// certificate that is not trusted. Whether it is safe to send the request again
// is another question; see MaybeApplied.
func (e *TransportError) Retryable() bool { return e.Err != nil && retryableFailure(e.Err) }

// contextError matches a context's error and its cause, which net/http
// reports only one of, and what had happened until then.
type contextError struct{ err, cause, last error }

func contextErrorOf(ctx context.Context, last error) error {
	e := &contextError{err: ctx.Err(), cause: context.Cause(ctx), last: last}
	if e.err == nil {
		e.err = context.DeadlineExceeded
	}
	if e.cause == nil {
		e.cause = e.err
	}
	return e
}

// contextDone also looks at the clock: net sets the context's deadline on
// connections, and that may pass before the context notices.
func contextDone(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

func (e *contextError) Error() string {
	text := e.err.Error()
	if cause := e.cause.Error(); cause != text {
		text += ": " + cause
	}
	if e.last != nil {
		text += "; before that: " + strings.TrimPrefix(e.last.Error(), "signalwire: ")
	}
	return text
}

func (e *contextError) Unwrap() []error {
	errs := []error{e.err, e.cause}
	if e.last != nil {
		errs = append(errs, e.last)
	}
	return errs
}

func (e *contextError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.err, &t) && t.Timeout()
}

// timeLimitError is the end of one of a Doer's own time limits.
type timeLimitError struct {
	what  string
	after time.Duration
}

func (e timeLimitError) Error() string { return e.what + " timed out after " + e.after.String() }
func (timeLimitError) Timeout() bool   { return true }
