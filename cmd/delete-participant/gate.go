package main

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"

	"example.com/signalwire"
)

// Every attempt of a run passes its gate. Once the gate is closed, no attempt
// begins, and a call that waits for its next one ends. Attempts under way go on.
// A gate is safe for concurrent use.
type gate struct {
	next http.RoundTripper

	mu     sync.Mutex
	closed error // why, or nil
	calls  map[*gatedCall]struct{}
}

// A gatedCall is one call of the client that passes a gate.
type gatedCall struct {
	sid      signalwire.CallSid
	cancel   context.CancelCauseFunc
	waiting  bool // no attempt is under way, and one may follow
	attempts int  // how many passed
}

type gatedCallKey struct{}

// gatedCallOf returns the call that was entered with a context.
func gatedCallOf(ctx context.Context) *gatedCall {
	call, _ := ctx.Value(gatedCallKey{}).(*gatedCall)
	return call
}

func newGate(next http.RoundTripper) *gate {
	return &gate{next: next, calls: make(map[*gatedCall]struct{})}
}

// enter announces a call. Make it with the context that enter returns, and call
// the function when it has ended.
func (g *gate) enter(ctx context.Context, sid signalwire.CallSid) (context.Context, *gatedCall, func()) {
	call := &gatedCall{sid: sid, waiting: true}
	ctx, call.cancel = context.WithCancelCause(context.WithValue(ctx, gatedCallKey{}, call))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls[call] = struct{}{}
	if g.closed != nil {
		call.cancel(g.closed)
	}
	return ctx, call, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.calls, call)
		call.cancel(nil)
	}
}

// close closes the gate. The first reason stays.
func (g *gate) close(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		return
	}
	g.closed = why
	for call := range g.calls {
		if call.waiting {
			call.cancel(why)
		}
	}
}

// RoundTrip begins an attempt, unless the gate is closed.
func (g *gate) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := g.begin(gatedCallOf(request.Context())); err != nil {
		// A request that asked for a connection, and got none, counts as not sent.
		if trace := httptrace.ContextClientTrace(request.Context()); trace != nil && trace.GetConn != nil {
			trace.GetConn(request.URL.Host)
		}
		if request.Body != nil {
			_ = request.Body.Close()
		}
		return nil, err
	}
	return g.next.RoundTrip(request)
}

func (g *gate) begin(call *gatedCall) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		call.cancel(g.closed) // Otherwise the client would retry.
		return g.closed
	}
	call.waiting = false
	call.attempts++
	return nil
}

// ended notes that an attempt has ended. The client calls it.
func (g *gate) ended(ctx context.Context, attempt signalwire.Attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	call := gatedCallOf(ctx)
	call.waiting = attempt.RetryIn > 0
	if call.waiting && g.closed != nil {
		call.cancel(g.closed)
	}
}
