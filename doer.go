package signalwire

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// Doer sends a request and returns its answer only if that is the documented
// success: 204 for DELETE; for other methods a 2xx with one JSON value or no
// body. Everything else is an [*Error] or a [*TransportError], and so is an
// error of every method of a client that [New] made.
//
// It follows no redirect, bounds time and size, and tries again where that is
// safe; the package comment lists the rules. It knows no operation: it reads
// method, status and body.
//
// The zero value is ready. A Doer is safe for concurrent use, must not be
// copied, and its fields must not change once it was used.
type Doer struct {
	// HTTPClient sends a request once. Nil means one on [NewTransport]. Of a
	// *http.Client, the transport, the cookie jar and the timeout, which then
	// bounds an attempt, are used; it is not changed, and no redirect is
	// followed. Anything else has to heed the request's context, on which
	// AttemptTimeout and MaxElapsed depend, and must not follow redirects: the
	// answer to a request that is not the one it was given is an [*Error].
	HTTPClient HttpRequestDoer
	// MaxAttempts is how often a request is sent at most, from 1, which never
	// tries again, to 20. 0 means 3.
	MaxAttempts int
	// AttemptTimeout bounds an attempt, from dialling to the last byte of the
	// answer: 1 ms to 1 h. 0 means 10 s.
	AttemptTimeout time.Duration
	// MaxElapsed bounds Do, with all attempts and the delays between them:
	// 1 ms to 1 h. 0 means 30 s. The request's context may end it sooner.
	MaxElapsed time.Duration
	// OnAttempt, if it is not nil, is called after every attempt, the last one
	// included, with the request's context. It delays the call, and calls for
	// different requests may come at the same time.
	OnAttempt func(context.Context, Attempt)

	once   sync.Once
	err    error // what is wrong with the fields above
	client httpClient
	budget retryBudget
}

// Attempt is what [Doer.OnAttempt] is told: nothing that names the participant
// or the account.
type Attempt struct {
	// Number counts the attempts of a request from 1.
	Number int
	// Method is the request's.
	Method string
	// StatusCode is the answer's, and 0 if there was no complete one.
	StatusCode int
	// Err is nil for the documented success, else an [*Error] or a
	// [*TransportError].
	Err error
	// Elapsed is how long the attempt took.
	Elapsed time.Duration
	// RetryIn is the delay before the next attempt, and 0 if none follows.
	RetryIn time.Duration
}

const (
	defaultMaxAttempts    = 3
	defaultAttemptTimeout = 10 * time.Second
	defaultMaxElapsed     = 30 * time.Second

	maxMaxAttempts = 20
	minTimeLimit   = time.Millisecond
	maxTimeLimit   = time.Hour

	// maxErrorBody and maxSuccessBody bound what is read of an answer, and
	// drainLimit what is read and dropped beyond: a new connection costs more.
	maxErrorBody   = 1 << 20
	maxSuccessBody = 16 << 20
	drainLimit     = 256 << 10
)

var (
	errAttemptTimeout error = timeLimitError("the attempt's time is over")
	errMaxElapsed     error = timeLimitError("the call's time is over")
)

// errNotSent marks what went wrong before anything was sent, and would again.
var errNotSent = errors.New("nothing was sent")

// Do sends a request, again if need be, and returns the documented success
// with its body read, or an error: never both, and never neither. The answer's
// Request is a stand-in that holds method, scheme and host alone, so that
// printing the answer does not show credentials.
//
// The request's body, if any, is sent again only if its GetBody is set. The
// request itself is not changed.
func (d *Doer) Do(request *http.Request) (*http.Response, error) {
	if err := d.init(); err != nil {
		return nil, &TransportError{Err: fmt.Errorf("%w: %w", err, errNotSent)}
	}
	if request == nil || request.URL == nil {
		return nil, &TransportError{Err: fmt.Errorf("the request or its URL is nil: %w", errNotSent)}
	}
	ctx := request.Context()
	if ctx.Err() != nil {
		return nil, &TransportError{Err: contextErrorOf(ctx, nil)}
	}
	began := time.Now()
	deadline := began.Add(orDefault(d.MaxElapsed, defaultMaxElapsed))
	d.budget.save(callTenths)
	maybeApplied := false
	for number := 1; ; number++ {
		o := d.attempt(request, number, began, deadline)
		maybeApplied = maybeApplied || o.maybeApplied
		err := o.error(number, maybeApplied)
		delay, again := d.next(request, o, number, deadline)
		if d.OnAttempt != nil {
			d.OnAttempt(ctx, Attempt{
				Number: number, Method: request.Method, StatusCode: o.statusCode(), Err: err,
				Elapsed: time.Since(began), RetryIn: delay,
			})
		}
		if !again {
			return o.response, err
		}
		if !sleep(ctx, delay) {
			return nil, &TransportError{Attempts: number, MaybeApplied: maybeApplied, Err: contextErrorOf(ctx, err)}
		}
		began = time.Now()
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

// next decides whether another attempt follows, and after which delay.
func (d *Doer) next(request *http.Request, o outcome, number int, deadline time.Time) (time.Duration, bool) {
	if !o.retryable() {
		d.budget.save(goodAnswerTenths)
		return 0, false
	}
	rewindable := request.Body == nil || request.Body == http.NoBody || request.GetBody != nil
	if number >= orDefault(d.MaxAttempts, defaultMaxAttempts) || !idempotent(request.Method) || !rewindable {
		return 0, false
	}
	delay := max(backoff(number-1, rand.Float64()), 1)
	if o.answer != nil {
		if o.answer.RetryAfter > maxRetryAfter {
			return 0, false
		}
		delay += o.answer.RetryAfter
	}
	if callers, ok := request.Context().Deadline(); ok && callers.Before(deadline) {
		deadline = callers
	}
	if !time.Now().Add(delay).Before(deadline) {
		return 0, false
	}
	// A connection that died while it was idle says nothing about the service.
	if !o.stale && !d.budget.spend() {
		return 0, false
	}
	return delay, true
}

// attempt sends the request once and reads the answer. The time limits are the
// attempt's own and the deadline.
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
	var connection connectionTrace
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
			return outcome{failure: &TransportError{Err: fmt.Errorf("GetBody: %w: %w", clean(err, secretsOf(request.Header)), errNotSent)}}
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
		err = errors.New("the HTTP client returned neither an answer nor an error")
	case err == nil:
		var o outcome
		if o, err = readAnswer(request, response); err == nil {
			return o
		}
	case d.client.isNetHTTP && !connection.wanted.Load():
		err = fmt.Errorf("%w: %w", err, errNotSent)
	}

	o := outcome{
		// Once there was a connection, the request may have been written to it,
		// at any time until now. What does not tell is not trusted.
		maybeApplied: !isSafe(request.Method) && !errors.Is(err, errNotSent) &&
			(connection.got.Load() || !connection.wanted.Load()),
	}
	switch {
	case contextDone(request.Context()):
		o.failure = &TransportError{Err: contextErrorOf(request.Context(), nil)}
	case ctx.Err() != nil:
		o.failure = &TransportError{Err: context.Cause(ctx)}
	default:
		o.failure = &TransportError{Err: clean(err, secretsOf(request.Header))}
		o.stale = connection.reused.Load()
	}
	return o
}

// sleep reports whether the delay passed before the context was done.
func sleep(ctx context.Context, delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
