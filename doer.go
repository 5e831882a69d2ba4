package signalwire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"sync"
	"sync/atomic"
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

// An outcome is what an attempt came to: exactly one of its first three fields
// is set.
type outcome struct {
	response *http.Response  // the documented success
	answer   *Error          // any other answer
	failure  *TransportError // no complete answer

	maybeApplied bool // the request may have been carried out
	tooLong      bool // the answer was, so it will be again
	stale        bool // a reused connection turned out to be dead
}

func (o outcome) retryable() bool {
	switch {
	case o.failure != nil:
		return o.failure.Retryable()
	case o.answer != nil:
		return o.answer.Retryable() && !o.tooLong
	}
	return false
}

func (o outcome) statusCode() int {
	switch {
	case o.response != nil:
		return o.response.StatusCode
	case o.answer != nil:
		return o.answer.StatusCode
	}
	return 0
}

// error returns the outcome as a caller sees it.
func (o outcome) error(attempts int, maybeApplied bool) error {
	switch {
	case o.failure != nil:
		o.failure.Attempts, o.failure.MaybeApplied = attempts, maybeApplied
		return o.failure
	case o.answer != nil:
		o.answer.Attempts, o.answer.MaybeApplied = attempts, maybeApplied
		return o.answer
	}
	return nil
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

// readAnswer decides what an answer is. It returns an error if the answer is
// not complete.
func readAnswer(request *http.Request, response *http.Response) (outcome, error) {
	status := response.StatusCode
	redirected := response.Request != nil &&
		(response.Request.Response != nil || response.Request.Method != request.Method)
	switch {
	case redirected:
		return unexpected(request, response, nil, "the HTTP client followed a redirect"), nil
	case request.Method == http.MethodDelete && status == http.StatusNoContent:
		return success(request, response, nil), nil
	case status == http.StatusSwitchingProtocols:
		// Its body is the connection, and would block for ever.
		return unexpected(request, response, nil, "not a documented status"), nil
	case status >= 400 && status <= 599:
		body, tooLong, err := readBody(request.Method, response, maxErrorBody)
		if err != nil {
			return outcome{}, err
		}
		if tooLong {
			o := unexpected(request, response, nil, "the body is too long")
			o.tooLong = true
			return o, nil
		}
		return failed(request, response, body), nil
	case status >= 200 && status <= 299 && request.Method != http.MethodDelete:
		body, tooLong, err := readBody(request.Method, response, maxSuccessBody)
		switch {
		case err != nil:
			return outcome{}, err
		case tooLong:
			return unexpected(request, response, nil, "the body is too long"), nil
		case len(body) > 0 && !json.Valid(body):
			return unexpected(request, response, body[:min(len(body), maxErrorBody)], "the body is not JSON"), nil
		}
		return success(request, response, body), nil
	}
	// The status alone decides, so it does not matter whether the body is complete.
	body, _, _ := readBody(request.Method, response, maxErrorBody)
	return unexpected(request, response, body, "not a documented status"), nil
}

// success hands back the answer with its body read.
func success(request *http.Request, response *http.Response, body []byte) outcome {
	if len(body) == 0 {
		// The generated decoder would decode what is not there.
		response.Header.Del("Content-Type")
	}
	response.Body = http.NoBody
	if len(body) > 0 {
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	response.ContentLength = int64(len(body))
	standIn := &struct {
		request http.Request
		url     url.URL
	}{
		http.Request{Method: request.Method, Header: http.Header{}},
		url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host},
	}
	standIn.request.URL = &standIn.url
	response.Request = &standIn.request
	return outcome{response: response}
}

// failed is a 4xx or 5xx, which the API or anything before it may have written.
func failed(request *http.Request, response *http.Response, body []byte) outcome {
	o := unexpected(request, response, body, "not in the API's error shape")
	fields, ok := parseAPIError(response.StatusCode, o.answer.body)
	o.answer.Code, o.answer.Message, o.answer.MoreInfo = fields.code, fields.message, fields.moreInfo
	if ok {
		o.answer.unexpected = ""
	}
	return o
}

func unexpected(request *http.Request, response *http.Response, body []byte, why string) outcome {
	status := response.StatusCode
	if body != nil {
		body = secretsOf(request.Header).redactBody(body)
	}
	return outcome{
		answer: &Error{
			StatusCode: status,
			RetryAfter: parseRetryAfter(response.Header, time.Now()),
			body:       body,
			unexpected: why,
		},
		// A 101 announces that the request is answered in another protocol.
		maybeApplied: !isSafe(request.Method) &&
			(status < 300 || status == http.StatusRequestTimeout || status >= 500),
	}
}

// readBody reads a body up to a limit. Of a longer one it returns nothing. The
// length that an answer to HEAD has is of a body that does not come.
func readBody(method string, response *http.Response, limit int64) (body []byte, tooLong bool, err error) {
	if response.ContentLength > limit && method != http.MethodHead {
		return nil, true, nil
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, false, err
	}
	if int64(len(body)) > limit {
		_, _ = io.CopyN(io.Discard, response.Body, drainLimit)
		return nil, true, nil
	}
	return body, false, nil
}

// connectionTrace records how far a request came. Its hooks may be called from
// other goroutines.
type connectionTrace struct {
	wanted, got, reused atomic.Bool
	trace               httptrace.ClientTrace
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	c.trace.GetConn = func(string) { c.wanted.Store(true) }
	c.trace.GotConn = func(info httptrace.GotConnInfo) {
		c.got.Store(true)
		c.reused.Store(info.Reused)
	}
	return &c.trace
}

// contextDone also looks at the clock: net sets the context's deadline on
// connections, and that may pass before the context notices.
func contextDone(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

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

// httpClient is an http.Client without redirects: that one reads Location even
// if it is told not to follow it, and puts what it cannot parse into its error.
// Connections keep what was written to them, credentials included, so what
// sends is in a closure, where a dump does not reach it.
type httpClient struct {
	send      func(*http.Request) (*http.Response, error)
	timeout   time.Duration
	isNetHTTP bool // a request that asks for no connection is not sent
	// mayChangeRequest is set unless this is a round tripper, which may not. An
	// http.Client, for one, adds cookies, and would again at each attempt.
	mayChangeRequest bool
}

func newHTTPClient(brought HttpRequestDoer) (httpClient, error) {
	var c httpClient
	var transport http.RoundTripper
	var jar http.CookieJar
	switch brought := brought.(type) {
	case nil:
	case *http.Client:
		if brought == nil {
			return c, errNilClient
		}
		transport, jar, c.timeout = brought.Transport, brought.Jar, brought.Timeout
	default:
		if isNil(brought) {
			return c, errNilClient
		}
		c.send, c.mayChangeRequest = brought.Do, true
		return c, nil
	}
	if transport == nil {
		transport = NewTransport()
	}
	if isNil(transport) {
		return c, errors.New("signalwire: the HTTP client's transport is nil")
	}
	_, c.isNetHTTP = transport.(*http.Transport)
	c.send = transport.RoundTrip
	if jar != nil {
		c.mayChangeRequest = true
		c.send = func(request *http.Request) (*http.Response, error) { return roundTripWithJar(transport, jar, request) }
	}
	return c, nil
}

var errNilClient = errors.New("signalwire: the HTTP client is nil")

// isNil finds a nil pointer in an interface.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

func roundTripWithJar(transport http.RoundTripper, jar http.CookieJar, request *http.Request) (*http.Response, error) {
	for _, cookie := range jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	response, err := transport.RoundTrip(request)
	if response != nil {
		if cookies := response.Cookies(); len(cookies) > 0 {
			jar.SetCookies(request.URL, cookies)
		}
	}
	return response, err
}
