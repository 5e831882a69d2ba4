package signalwire

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An [*Error] matches these with errors.Is. All but the last stand for one status.
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

// Error is a response other than the documented success.
//
// With errors.Is, it matches the sentinel of its status, such as [ErrConflict],
// and [ErrUnexpectedResponse] if the contract does not describe the response. A
// 404 that it does not describe does not match [ErrNotFound], because proxies and
// wrong spaces respond 404, too. The API's error shape proves that it looked: what
// the contract documents, or an object with code, message, more_info and status.
// One of the last three may be missing if the code is no HTTP status.
//
// No field holds the request's URL, its headers or its credentials. If the
// response repeats the credentials, they are replaced by "[redacted]". An Error
// does not change once it is returned, so it is safe for concurrent use.
type Error struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the API's own code, such as 20404, and 0 if there is none. The
	// vendor warns that codes may change: decide by the status.
	Code int
	// Message and MoreInfo are what the response says, and "" if it says nothing.
	// They come from outside and may hold anything; the text that Error returns
	// is fit for a log. Of a list named errors, they are the first element's.
	Message  string
	MoreInfo string
	// RequestID is the response's header X-Request-Id, and "" if there is none. It
	// is printable, and at most 128 bytes long.
	RequestID string
	// RetryAfter is how long the server asks to wait (RFC 9110, section 10.2.3),
	// measured from the response, and 0 if it does not ask. It is the longest
	// Duration if the wait is longer.
	RetryAfter time.Duration
	// Attempts counts the attempts, the last one included.
	Attempts int
	// MaybeApplied says that this or an earlier attempt may have been carried
	// out although its success was not seen. After a 404 it means that an earlier
	// attempt of this call may have removed what is not found any more. A 301, 302
	// or 303 sets it, and so does a redirect that the HTTP client followed. GET and
	// HEAD never set it.
	MaybeApplied bool

	body       []byte
	unexpected string // why the contract does not describe the response, or ""
	sentinel   error  // replaces that of the status, unless it is nil
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
	if e.sentinel != nil {
		b.WriteString(": " + strings.TrimPrefix(e.sentinel.Error(), "signalwire: "))
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

// LogValue returns the parts of the text that Error returns as a group, for
// log/slog. Its texts are printable, and as long as that one at most.
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
	if e.sentinel != nil {
		attrs = append(attrs, slog.String("reason", e.sentinel.Error()))
	}
	if e.RetryAfter != 0 {
		attrs = append(attrs, slog.Duration("retry_after", e.RetryAfter))
	}
	return slog.GroupValue(append(attrs, slog.Int("attempts", e.Attempts), slog.Bool("maybe_applied", e.MaybeApplied))...)
}

// Is reports whether e matches a sentinel; see [Error]. It serves errors.Is.
func (e *Error) Is(target error) bool {
	if target == ErrUnexpectedResponse {
		return e.unexpected != ""
	}
	sentinel := cmp.Or(e.sentinel, sentinels[e.StatusCode])
	return sentinel != nil && target == sentinel && (target != ErrNotFound || e.unexpected == "")
}

// Body returns a copy of the response's body, with credentials redacted. It is
// nil if the body is longer than 1 MiB.
func (e *Error) Body() []byte { return slices.Clone(e.body) }

// Retryable reports whether the same request may get another response later: the
// status is 408, 429 or a 5xx other than 501 and 505. It does not say whether a
// retry is safe; see MaybeApplied.
func (e *Error) Retryable() bool { return retryableStatus(e.StatusCode) }

// TransportError says that no complete response came: nothing was sent, the host
// could not be reached, the connection broke, or the call timed out or was
// cancelled. If MaybeApplied is false, the request was not carried out. If it is
// true, that is unknown.
//
// It wraps neither an [*Error] nor another TransportError, so an error is never
// both. It does not change once it is returned, so it is safe for concurrent use.
type TransportError struct {
	// Attempts counts the attempts, and is 0 if the call ended before the first.
	Attempts int
	// MaybeApplied says that a request may have reached a connection, so that
	// it may have been carried out.
	MaybeApplied bool
	// Err is the error of the last attempt. If the caller's context was done, it
	// matches both the context's error and its cause. Its text shows neither URLs
	// nor credentials: an error that shows them is replaced. errors.Is and
	// errors.As still find that error and what it wraps, except a *url.Error, an
	// *Error or a TransportError.
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

// LogValue returns the parts of the text that Error returns as a group, for
// log/slog. Its text is printable, and as long as that one at most.
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

// Timeout reports whether the last attempt timed out, by the caller's deadline,
// by AttemptTimeout or MaxElapsed of [Doer], or by a time limit of the HTTP
// client. The context's Err tells whether it was the caller's deadline.
func (e *TransportError) Timeout() bool {
	var t interface{ Timeout() bool }
	return errors.As(e.Err, &t) && t.Timeout()
}

// Retryable reports whether the same request may get a response later. It is false
// if the context was done, and for failures that stay, such as a certificate that
// is not trusted. It does not say whether a retry is safe; see MaybeApplied.
func (e *TransportError) Retryable() bool { return e.Err != nil && retryableFailure(e.Err) }

// MaybeApplied reports whether the request of a failed call may have been carried
// out: err is, or wraps, an [*Error] or a [*TransportError] whose field
// MaybeApplied is set. Of several errors that are joined, one is enough. Call it
// before you report that a removal did not happen.
//
// If it is false for an error of a client that [New] made, the request was not
// carried out. It is false for nil, and for errors that are neither type.
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

// contextError matches a context's error and its cause; net/http reports only one
// of them. Its text ends with the error before that, which it does not wrap.
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

// contextDone reports whether a context is done. It also looks at the clock: net
// sets the context's deadline on connections, and may notice before the context.
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
