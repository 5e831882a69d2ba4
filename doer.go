package signalwire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// Doer sends a request and returns its response only if that is the documented
// success. A generated method says what its operation documents. For a request
// that was made by hand it is 204 for DELETE, and for other methods a 2xx with one
// JSON value or no body. Any other outcome is an [*Error] or a [*TransportError].
//
// It follows no redirect, bounds time and size, and retries where that is safe;
// the package comment lists the rules. All calls of a Doer share one pace of
// retries.
//
// The zero value is ready to use. A Doer is safe for concurrent use. Do not copy
// it, and do not change its fields after the first use.
type Doer struct {
	// HTTPClient sends a request once. Nil means a client on [NewTransport], or on
	// http.DefaultTransport if the program put another type there.
	//
	// If it is a *http.Client, the Doer uses its transport, its cookie jar and its
	// timeout, which then bounds each attempt. It does not change the client, and
	// it follows no redirect.
	//
	// Any other implementation must heed the request's context, because
	// AttemptTimeout and MaxElapsed depend on it. It must not follow redirects: if
	// it does, the call returns an [*Error] with MaybeApplied set.
	HTTPClient HttpRequestDoer
	// MaxAttempts is the largest number of attempts: from 1, which means no retry,
	// to 20. 0 means 6. An attempt on an idle HTTP/1 connection that turns out to
	// be dead does not count, unless MaxAttempts is 1.
	MaxAttempts int
	// AttemptTimeout bounds an attempt, from dialling to the last byte of the
	// response: 1 ms to 1 h. 0 means 10 s.
	AttemptTimeout time.Duration
	// MaxElapsed bounds Do, with all attempts and the waits between them: 1 ms to
	// 1 h. 0 means 30 s. The request's context may end it sooner.
	MaxElapsed time.Duration
	// OnAttempt, if it is not nil, is called after every attempt, the last one
	// included, with the request's context. The call waits until it returns. It
	// may be called concurrently for different requests.
	OnAttempt func(context.Context, Attempt)

	once   sync.Once
	err    error // what is wrong with the fields above
	client httpClient
	pacer  pacer
	calls  atomic.Uint64
}

// Attempt describes an attempt to [Doer.OnAttempt]. It holds neither the URL nor
// headers, so nothing in it names the participant or the account, unless the
// service repeats them in an error.
//
// If a call ends while it waits for a retry that was announced, OnAttempt is
// called once more with the same Number and a RetryIn of 0. So exactly one Attempt
// of a request has a RetryIn of 0, unless the call ended before the first one.
type Attempt struct {
	// Number counts the attempts of a request from 1.
	Number int
	// Method is the request's.
	Method string
	// StatusCode is the response's, and 0 if there was no complete one.
	StatusCode int
	// Err is nil for the documented success, else an [*Error] or a
	// [*TransportError].
	Err error
	// Elapsed is how long the attempt took.
	Elapsed time.Duration
	// RetryIn is the planned delay before the next attempt, and 0 if none
	// follows. The retry may begin later, because it waits for its token.
	RetryIn time.Duration
}

// LogValue returns the fields as a group, for log/slog. StatusCode, Err and
// RetryIn are left out if they are zero.
func (a Attempt) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("number", a.Number), slog.String("method", a.Method), slog.Duration("elapsed", a.Elapsed),
	}
	if a.StatusCode != 0 {
		attrs = append(attrs, slog.Int("status", a.StatusCode))
	}
	if a.Err != nil {
		attrs = append(attrs, slog.Any("error", a.Err))
	}
	if a.RetryIn != 0 {
		attrs = append(attrs, slog.Duration("retry_in", a.RetryIn))
	}
	return slog.GroupValue(attrs...)
}

const (
	defaultMaxAttempts    = 6
	defaultAttemptTimeout = 10 * time.Second
	defaultMaxElapsed     = 30 * time.Second

	maxMaxAttempts = 20
	minTimeLimit   = time.Millisecond
	maxTimeLimit   = time.Hour

	// maxStale is how many attempts on dead idle connections do not count.
	maxStale = 64
)

// Causes of the end of an attempt's context. Callers see a timeLimitError.
var (
	errAttemptTimeout = errors.New("the attempt's time limit")
	errMaxElapsed     = errors.New("the call's time limit")
)

// Do sends a request, with retries. It returns the documented success, whose body
// has been read into memory, or an error, which is an [*Error] or a
// [*TransportError]. The response's Request holds method, scheme and host alone,
// so that printing the response does not show credentials.
//
// A request with a body is retried only if its GetBody is set. Do does not change
// the request.
func (d *Doer) Do(request *http.Request) (*http.Response, error) {
	if err := d.init(); err != nil {
		closeBody(request)
		return nil, &TransportError{Err: notSentBecause(err)}
	}
	if request == nil || request.URL == nil {
		closeBody(request)
		return nil, &TransportError{Err: notSentBecause(errors.New("the request or its URL is nil"))}
	}
	ctx := request.Context()
	if ctx.Err() != nil {
		closeBody(request)
		return nil, &TransportError{Err: contextErrorOf(ctx, nil)}
	}
	now := time.Now()
	c := call{doer: d, request: request, id: d.calls.Add(1), began: now, deadline: now.Add(orDefault(d.MaxElapsed, defaultMaxElapsed))}
	c.ends = c.deadline
	if callers, ok := ctx.Deadline(); ok && callers.Before(c.ends) {
		c.ends = callers
	}
	return c.do(ctx)
}

// CloseIdleConnections closes the connections that the HTTP client keeps open and
// no call is using. It does nothing if the HTTP client has no method of this name.
func (d *Doer) CloseIdleConnections() {
	if d.init() == nil && d.client.closeIdle != nil {
		d.client.closeIdle()
	}
}

// init checks the fields and chooses what sends, once.
func (d *Doer) init() error {
	d.once.Do(func() {
		d.err = errors.Join(
			checkSetting("MaxAttempts", d.MaxAttempts, 1, maxMaxAttempts),
			checkSetting("AttemptTimeout", d.AttemptTimeout, minTimeLimit, maxTimeLimit),
			checkSetting("MaxElapsed", d.MaxElapsed, minTimeLimit, maxTimeLimit),
		)
		if d.err == nil {
			d.client, d.err = newHTTPClient(d.HTTPClient)
		}
	})
	return d.err
}

func checkSetting[T int | time.Duration](name string, value, least, most T) error {
	if value != 0 && (value < least || value > most) {
		return fmt.Errorf("signalwire: %s is %v; set it from %v to %v, or to 0 for the default", name, value, least, most)
	}
	return nil
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// attempt sends the request once and reads the response, within the attempt's
// time limit and before the call's deadline.
func (d *Doer) attempt(request *http.Request, number int, began, deadline time.Time) outcome {
	timeout := orDefault(d.AttemptTimeout, defaultAttemptTimeout)
	if d.client.timeout > 0 {
		timeout = min(timeout, d.client.timeout)
	}
	limit, cause := began.Add(timeout), errAttemptTimeout
	if deadline.Before(limit) {
		limit, cause = deadline, errMaxElapsed
	}
	ctx, cancel := context.WithDeadlineCause(request.Context(), limit, cause)
	defer cancel()
	connection := connectionTrace{cancel: cancel, h2c: d.client.h2c}
	sent := request.WithContext(httptrace.WithClientTrace(ctx, connection.hooks()))
	switch {
	case sent.Header == nil:
		sent.Header = http.Header{} // As http.Client does; transports reject nil.
	case d.client.mayChangeRequest:
		sent.Header = sent.Header.Clone()
	}
	if number > 1 && request.GetBody != nil {
		body, err := request.GetBody()
		if err != nil {
			return outcome{failure: &TransportError{Err: notSentBecause(fmt.Errorf("GetBody: %w", clean(err, secretsOf(request.Header))))}}
		}
		sent.Body = body
	}

	response, err := d.client.send(sent)
	if response != nil && response.Body == nil {
		response.Body = http.NoBody
	}
	if response != nil {
		defer response.Body.Close()
	}
	switch {
	case err == nil && response == nil:
		err = errors.New("the HTTP client returned neither a response nor an error")
	case err == nil:
		var o outcome
		if o, err = readResponse(request, response); err == nil {
			return o
		}
	default:
		if o, ok := outcomeOf(err); ok {
			return o
		}
		if d.client.isNetHTTP && connection.neverAsked() && isRefusedByNetHTTP(err) {
			err = notSentBecause(err)
		}
	}

	o := outcome{maybeApplied: !isSafe(request.Method) && !errors.Is(err, errNotSent) && connection.maybeUsed()}
	switch {
	case contextDone(request.Context()):
		o.failure = &TransportError{Err: contextErrorOf(request.Context(), nil)}
	case connection.resent():
		o.failure = &TransportError{Err: errResent}
	case ctx.Err() == nil:
		o.failure = &TransportError{Err: clean(err, secretsOf(request.Header))}
		o.stale = connection.wasDead() && !o.timedOut()
	case errors.Is(context.Cause(ctx), errMaxElapsed):
		o.failure = &TransportError{Err: timeLimitError{"the call", orDefault(d.MaxElapsed, defaultMaxElapsed)}}
	default:
		o.failure = &TransportError{Err: timeLimitError{"the attempt", timeout}}
	}
	if o.stale && d.client.own {
		d.client.closeIdle() // The others have probably died with it.
	}
	return o
}

// outcomeOf finds the outcome of a Doer inside of the HTTP client. That Doer has
// retried already, so this one does not.
func outcomeOf(err error) (outcome, bool) {
	var (
		response *Error
		failure  *TransportError
	)
	switch {
	case errors.As(err, &response):
		decided := *response
		return outcome{responseError: &decided, maybeApplied: decided.MaybeApplied, decided: true}, true
	case errors.As(err, &failure):
		decided := *failure
		return outcome{failure: &decided, maybeApplied: decided.MaybeApplied, decided: true}, true
	}
	return outcome{}, false
}
