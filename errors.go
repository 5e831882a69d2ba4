package signalwire

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What an [Error] may match with errors.Is. Each but the last stands for one
// status.
var (
	ErrBadRequest      = errors.New("signalwire: bad request")       // 400
	ErrUnauthorized    = errors.New("signalwire: unauthorized")      // 401
	ErrForbidden       = errors.New("signalwire: forbidden")         // 403
	ErrNotFound        = errors.New("signalwire: not found")         // 404, if the API wrote it
	ErrConflict        = errors.New("signalwire: conflict")          // 409
	ErrUnprocessable   = errors.New("signalwire: unprocessable")     // 422
	ErrTooManyRequests = errors.New("signalwire: too many requests") // 429
	ErrUnavailable     = errors.New("signalwire: unavailable")       // 503

	// ErrUnexpectedResponse says that the contract does not describe the
	// response: it has another status, another body, is a redirect, or is too
	// long. It may come from a proxy or a wrong address instead of the API.
	ErrUnexpectedResponse = errors.New("signalwire: unexpected response")
)

var sentinels = map[int]error{
	http.StatusBadRequest:          ErrBadRequest,
	http.StatusUnauthorized:        ErrUnauthorized,
	http.StatusForbidden:           ErrForbidden,
	http.StatusNotFound:            ErrNotFound,
	http.StatusConflict:            ErrConflict,
	http.StatusUnprocessableEntity: ErrUnprocessable,
	http.StatusTooManyRequests:     ErrTooManyRequests,
	http.StatusServiceUnavailable:  ErrUnavailable,
}

// Error says that a response came and was not the documented success.
//
// It matches, with errors.Is, the sentinel of its status, such as
// [ErrNotFound], and [ErrUnexpectedResponse] if its body is not the contract's.
// A 404 whose body is not matches only the latter. The response to a wrong space
// name is a 404, too, and so are many of a proxy's, and "not found" must mean
// that somebody looked.
//
// No field holds the request's URL, its headers or its credentials. Where the
// response repeats the credentials, "[redacted]" stands in their place. An Error
// does not change once it is returned, so it is safe for concurrent use.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the API's own code, such as 20404, and 0 if there is none. The
	// vendor warns that codes may change: decide by the status.
	Code int
	// Message and MoreInfo are the API's own words, and "" if there are none.
	// They come from outside and may hold anything; the text that Error returns
	// is fit for a log.
	Message  string
	MoreInfo string
	// RequestID is what the service, or a proxy, calls the request: the
	// response's X-Request-Id, and "" if it has none. It is printable, and at
	// most 128 bytes long.
	RequestID string
	// RetryAfter is how long the server asks to wait (RFC 9110, section 10.2.3),
	// measured from the response, and 0 if it does not ask. A time that is too
	// long for a Duration is the longest.
	RetryAfter time.Duration
	// Attempts is how often the request was sent, the last time included.
	Attempts int
	// MaybeApplied says that this or an earlier attempt may have been carried
	// out all the same. A 404 with it may mean that the call itself removed
	// what is not found any more.
	MaybeApplied bool

	body       []byte
	unexpected string // why the contract does not describe the response, or ""
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
	if e.RequestID != "" {
		b.WriteString(": request ID " + e.RequestID)
	}
	if e.Code != 0 {
		b.WriteString(": code " + strconv.Itoa(e.Code))
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	return line(b.String(), maxErrorText)
}

const (
	maxErrorText     = 500
	maybeAppliedText = " (the request may have been carried out)"
)

// LogValue returns a group of what Error returns as text, field by field, for
// log/slog. The texts in it are cleaned and cut as that one is.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Int("status", e.StatusCode)}
	if e.Code != 0 {
		attrs = append(attrs, slog.Int("code", e.Code))
	}
	for _, text := range []struct{ key, value string }{
		{"message", e.Message}, {"unexpected", e.unexpected}, {"request_id", e.RequestID},
	} {
		if text.value != "" {
			attrs = append(attrs, slog.String(text.key, line(text.value, maxErrorText)))
		}
	}
	if e.RetryAfter != 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	return slog.GroupValue(append(attrs, slog.Int("attempts", e.Attempts), slog.Bool("maybe_applied", e.MaybeApplied))...)
}

// Is reports whether target is a sentinel that stands for e.
func (e *Error) Is(target error) bool {
	if target == ErrUnexpectedResponse {
		return e.unexpected != ""
	}
	sentinel := sentinels[e.StatusCode]
	return sentinel != nil && target == sentinel && (target != ErrNotFound || e.unexpected == "")
}

// Body returns a copy of the response's body, with credentials redacted. It is
// nil if the body is longer than 1 MiB.
func (e *Error) Body() []byte { return slices.Clone(e.body) }

// Retryable reports whether the same request may get another response later: the
// status is 408, 429 or, except for 501 and 505, a 5xx. Whether it is safe to
// send it again is another question; see MaybeApplied.
func (e *Error) Retryable() bool { return retryableStatus(e.StatusCode) }

// TransportError says that no complete response came: nothing was sent, nobody
// was reached, the connection broke, or the call timed out or was cancelled. If
// MaybeApplied is not set, the request was not carried out; if it is set, nobody
// knows.
//
// It wraps neither an [*Error] nor another TransportError, so an error of this
// package is either one or the other. It does not change once it is returned, so
// it is safe for concurrent use.
type TransportError struct {
	// Attempts is how often the request was tried, and 0 if the call ended
	// before the first time.
	Attempts int
	// MaybeApplied says that a request may have reached a connection, so that
	// it may have been carried out.
	MaybeApplied bool
	// Err is what happened at the last attempt. If the caller's context was
	// done, it matches both the context's error and its cause. Its text shows
	// neither URLs nor credentials: a cause that does is replaced. errors.Is
	// and errors.As still find what such a cause wraps, but no *url.Error.
	Err error
}

// Error returns one printable line of at most 500 bytes, without URLs.
func (e *TransportError) Error() string {
	var b strings.Builder
	switch {
	case e.Attempts == 0, e.Attempts == 1 && errors.Is(e.Err, errNotSent):
		b.WriteString("signalwire: nothing was sent")
	default:
		b.WriteString("signalwire: no complete response")
	}
	if e.Attempts > 1 {
		b.WriteString(" after " + strconv.Itoa(e.Attempts) + " attempts")
	}
	if e.MaybeApplied {
		b.WriteString(maybeAppliedText)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return line(b.String(), maxErrorText)
}

// LogValue returns a group of what Error returns as text, field by field, for
// log/slog. The text in it is cleaned and cut as that one is.
func (e *TransportError) LogValue() slog.Value {
	text := ""
	if e.Err != nil {
		text = line(e.Err.Error(), maxErrorText)
	}
	return slog.GroupValue(
		slog.String("error", text),
		slog.Bool("timeout", e.Timeout()),
		slog.Int("attempts", e.Attempts),
		slog.Bool("maybe_applied", e.MaybeApplied),
	)
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

// Retryable reports whether the same request may get a response later. It does
// not if the context was done, or if what went wrong stays as it is, such as a
// certificate that is not trusted. Whether it is safe to send the request again
// is another question; see MaybeApplied.
func (e *TransportError) Retryable() bool { return e.Err != nil && retryableFailure(e.Err) }

// MaybeApplied reports whether the request of a failed call may have been carried
// out all the same: err is, or wraps, an [*Error] or a [*TransportError] whose
// field MaybeApplied is set. Ask it before you report a removal as not done. Of
// several errors that are joined, one is enough.
//
// If it is false for an error of a client that [New] made, the request was not
// carried out. It is also false for nil, and for errors of any other origin, of
// which it knows nothing.
func MaybeApplied(err error) bool {
	return anyError(err, func(err error) bool {
		switch err := err.(type) {
		case *Error:
			return err.MaybeApplied
		case *TransportError:
			return err.MaybeApplied
		}
		return false
	})
}

// contextError matches a context's error and its cause, of which net/http
// reports only one. Its text also says what had happened until then. That is not
// wrapped, because it may be an *Error.
type contextError struct {
	err, cause error
	before     string
}

func contextErrorOf(ctx context.Context, last error) error {
	e := &contextError{err: ctx.Err()}
	if e.err == nil {
		e.err = context.DeadlineExceeded
	}
	e.cause = e.err
	if cause := context.Cause(ctx); cause != nil {
		e.cause = presentable(cause, nil) // It may be the error of another call.
	}
	if last != nil {
		e.before = "; before that: " + strings.TrimPrefix(last.Error(), "signalwire: ")
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
	return text + e.before
}

func (e *contextError) Unwrap() []error { return []error{e.err, e.cause} }

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
