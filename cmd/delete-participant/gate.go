package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"example.com/signalwire"
)

// Every attempt of a run passes its gate. Once the gate is closed, no attempt
// begins, and a call that waits for its next one ends. Attempts under way go on.
// For a while, a call may still ask what became of its DELETE. A gate is safe for
// concurrent use.
type gate struct {
	next http.RoundTripper

	mu     sync.Mutex
	closed error // why, or nil
	locked bool  // it has been closed for askTime
	calls  map[*gatedCall]struct{}
}

// askTime is how long after the gate closed a call may ask.
const askTime = 5 * time.Second

// A gatedCall is one call of the client that passes a gate.
type gatedCall struct {
	name     string // the call SID, or what is asked
	cancel   context.CancelCauseFunc
	underWay string // the method of the attempt that is under way, or ""
	asks     bool   // the next attempt asks what became of a DELETE
	attempts int    // how many passed
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
func (g *gate) enter(ctx context.Context, name string) (context.Context, *gatedCall, func()) {
	call := &gatedCall{name: name}
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
		if call.underWay == "" && !call.asks {
			call.cancel(why)
		}
	}
	time.AfterFunc(askTime, g.lock)
}

// lock ends what the calls ask.
func (g *gate) lock() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.locked = true
	for call := range g.calls {
		if call.underWay != http.MethodDelete {
			call.cancel(g.closed)
		}
	}
}

// RoundTrip begins an attempt, unless the gate is closed.
func (g *gate) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := g.begin(gatedCallOf(request.Context()), request.Method); err != nil {
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

func (g *gate) begin(call *gatedCall, method string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	mayAsk := call.asks && method == http.MethodGet && !g.locked
	if g.closed != nil && !mayAsk {
		call.cancel(g.closed) // Otherwise the client would retry.
		return g.closed
	}
	call.underWay = method
	call.attempts++
	return nil
}

// ended notes that an attempt has ended. The client calls it.
func (g *gate) ended(ctx context.Context, attempt signalwire.Attempt) {
	g.mu.Lock()
	defer g.mu.Unlock()
	call := gatedCallOf(ctx)
	call.underWay, call.asks = "", asksNext(attempt)
	if g.closed != nil && (g.locked || !call.asks) {
		call.cancel(g.closed)
	}
}

// asksNext reports whether EnsureRemoved asks for the conference after an attempt.
func asksNext(last signalwire.Attempt) bool {
	if last.Method == http.MethodGet {
		return last.Err != nil
	}
	return errors.Is(last.Err, signalwire.ErrNotFound) || errors.Is(last.Err, signalwire.ErrBadRequest)
}
