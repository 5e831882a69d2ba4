package signalwire

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// A call is one request on its way through a Doer, with all its attempts.
type call struct {
	doer     *Doer
	request  *http.Request
	id       uint64
	began    time.Time
	deadline time.Time // by MaxElapsed
	ends     time.Time // by MaxElapsed or the context
	sent     int       // attempts
	stale    int       // attempts on dead idle connections
	waited   time.Duration
	last     bool // no retry fits into the time
	maybe    bool // an attempt may have been carried out
}

func (c *call) do(ctx context.Context) (*http.Response, error) {
	switch c.doer.pacer.wait(ctx, turn{since: c.began, deadline: c.ends}) {
	case gaveUp:
		closeBody(c.request)
		return nil, &TransportError{Err: contextErrorOf(ctx, nil)}
	case tooLate:
		c.last = true
	}
	for {
		began := time.Now()
		o := c.doer.attempt(c.request, c.sent+1, began, c.deadline)
		o.elapsed = time.Since(began)
		c.sent++
		c.maybe = c.maybe || o.maybeApplied
		err := o.finish(c.sent, c.maybe)
		delay, again := c.plan(o)
		c.report(ctx, o.statusCode(), err, o.elapsed, delay)
		if !again {
			return o.response, err
		}
		switch c.await(ctx, o, delay) {
		case gaveUp:
			err = &TransportError{Attempts: c.sent, MaybeApplied: c.maybe, Err: contextErrorOf(ctx, err)}
			c.report(ctx, 0, err, o.elapsed, 0)
			return nil, err
		case tooLate:
			c.report(ctx, o.statusCode(), err, o.elapsed, 0)
			return nil, err
		}
	}
}

func (c *call) report(ctx context.Context, statusCode int, err error, elapsed, retryIn time.Duration) {
	if c.doer.OnAttempt != nil {
		c.doer.OnAttempt(ctx, Attempt{
			Number: c.sent, Method: c.request.Method, StatusCode: statusCode,
			Err: err, Elapsed: elapsed, RetryIn: retryIn,
		})
	}
}

// plan tells the pacer how an attempt ended. It decides whether another follows,
// and after which delay.
func (c *call) plan(o outcome) (time.Duration, bool) {
	if o.failure == nil && !retryableStatus(o.statusCode()) {
		c.doer.pacer.succeeded()
	}
	if !o.retryable() {
		return 0, false
	}
	delay := backoff(c.sent-c.stale-1, rand.Float64())
	switch {
	case o.stale && c.stale < maxStale && c.doer.MaxAttempts != 1:
		c.stale++
		delay = 1 // Nothing is wrong with the service.
	case o.responseError == nil || o.responseError.RetryAfter == 0:
	case o.responseError.RetryAfter > maxRetryAfter:
		return 0, false
	case o.comesBack():
		delay = o.responseError.RetryAfter + backoff(0, rand.Float64())
		c.doer.pacer.comeBack(c.id, time.Now().Add(delay))
	default:
		delay += o.responseError.RetryAfter
	}
	rewindable := c.request.Body == nil || c.request.Body == http.NoBody || c.request.GetBody != nil
	if c.last || c.sent-c.stale >= orDefault(c.doer.MaxAttempts, defaultMaxAttempts) ||
		!idempotent(c.request.Method) || !rewindable || !c.fits(o, delay) {
		return 0, false
	}
	return delay, true
}

// fits reports whether another attempt after a delay can finish in time. If it
// cannot, the outcome so far tells the caller more than a retry that timed out.
func (c *call) fits(o outcome, delay time.Duration) bool {
	return time.Now().Add(delay + o.timeNeeded()).Before(c.ends)
}

// await waits until the planned retry may begin.
func (c *call) await(ctx context.Context, o outcome, delay time.Duration) verdict {
	if !c.fits(o, delay) { // OnAttempt may have taken long.
		return tooLate
	}
	began := time.Now()
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return gaveUp
	case <-timer.C:
	}
	t := turn{since: began, deadline: c.ends, limit: c.ends.Add(-o.timeNeeded()), paced: !o.stale && !o.comesBack()}
	if most := began.Add(maxPaceWait - c.waited); t.paced && most.Before(t.limit) {
		t.limit = most
	}
	v := c.doer.pacer.wait(ctx, t)
	c.waited += time.Since(began)
	if v == proceed && !c.fits(o, 0) {
		return tooLate
	}
	return v
}

// timeLimitError says that one of a Doer's own time limits ended an attempt.
type timeLimitError struct {
	what  string
	after time.Duration
}

func (e timeLimitError) Error() string { return e.what + " timed out after " + e.after.String() }
func (timeLimitError) Timeout() bool   { return true }
