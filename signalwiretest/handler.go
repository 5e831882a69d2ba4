package signalwiretest

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"example.com/signalwire"
)

// BasePath is the path below which a [Handler] serves the API, as the service
// does.
const BasePath = signalwire.BasePath

// Handler is an http.Handler that behaves as the contract says, below
// [BasePath], unless a script or a profile says otherwise. It is safe for
// concurrent use.
type Handler struct {
	// Project is the first one; [Handler.AddProject] adds others.
	*Project

	// OnViolation, if it is not nil, is called once for each violation, possibly
	// from several goroutines at a time. Set it before the first request. The
	// default is to fail the test of a [Server]; [Handler.Violations] has the
	// violations in any case.
	OnViolation func(error)

	// OnMadeUp, if it is not nil, is called with each operation, as "GET /Accounts",
	// that gets a made-up success because it is not imitated, possibly from several
	// goroutines at a time. Set it before the first request.
	OnMadeUp func(operation string)

	contract   *contract
	callers    callers
	script     script
	journal    journal
	violations violations
	closing    sync.Once
	closed     chan struct{}

	state struct {
		sync.Mutex
		others  []*Project
		latency time.Duration
		trouble *trouble
	}
}

// NewHandler returns a Handler without conferences and without a script. Its
// credentials and SIDs are made from the name: one name always gives the same,
// and two names give different ones.
//
// A request that breaks the contract gets the response that the service would
// send, where that is known: 401 without credentials, an HTML page with 404 for
// an unknown path, and 422 for a malformed SID. Any other violation, by a request
// or by a response, gets 501 with the reason, which clients do not retry. A
// script does not change this, and such a request uses up nothing of it.
func NewHandler(name string) *Handler { return newHandler(noTest{}, name) }

func newHandler(t TB, name string) *Handler {
	t.Helper()
	contract, err := loadContract()
	if err != nil {
		t.Fatalf("%v", err)
	}
	closed := make(chan struct{})
	return &Handler{Project: newProject(t, name, closed), contract: contract, closed: closed}
}

// Close ends what hangs, and the waits of [After] and [Handler.SetLatency], by
// cutting the connections. Nothing is posted to webhooks any more. Call it before
// the server of a Handler is closed, which waits for its requests. A [Server] does
// this by itself.
func (h *Handler) Close() {
	h.closing.Do(func() { close(h.closed) })
	for _, p := range h.projects() {
		p.WaitForCallbacks()
	}
}

// Reset makes the Handler what it was in the beginning: it has one project without
// conferences, no script, no profile, no latency, and nothing is recorded. SIDs are
// made up from the first one again. It fails the test if a scripted response was
// not used. Requests that are under way should have ended.
func (h *Handler) Reset() {
	h.t.Helper()
	h.reportUnused()
	h.state.Lock()
	h.state.others, h.state.latency, h.state.trouble = nil, 0, nil
	h.state.Unlock()
	h.Project.reset()
	h.script.reset()
	h.journal.reset()
	h.violations.reset()
}

// SetLatency delays the response to each request, from now on. 0 means that it
// comes at once. A negative latency fails the test, or panics without one.
func (h *Handler) SetLatency(latency time.Duration) {
	h.t.Helper()
	if latency < 0 {
		h.t.Fatalf("signalwiretest: SetLatency: %v is negative", latency)
		return
	}
	h.state.Lock()
	defer h.state.Unlock()
	h.state.latency = latency
}

// noTest stands for the test of a Handler that has none.
type noTest struct{}

func (noTest) Name() string                      { return "" }
func (noTest) Helper()                           {}
func (noTest) Cleanup(func())                    {}
func (noTest) Errorf(string, ...any)             {}
func (noTest) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// ServeHTTP responds as the service would, or as the script says.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r, entry := h.journal.record(r)
	writer := &journalWriter{ResponseWriter: w, journal: &h.journal, entry: entry}
	e := &exchange{handler: h, closed: h.closed, w: writer, r: r, caller: h.callers.take(r), validation: h.contract.route(r)}
	h.state.Lock()
	latency, trouble := h.state.latency, h.state.trouble
	h.state.Unlock()
	var response Response
	if err := e.validateRequest(); err != nil {
		e.report("request", err, e.caller)
		response = e.refuse(err)
	} else if scripted, ok := h.script.next(e.validation.PathParams); ok {
		response, e.scripted = scripted.Response, scripted.at
	} else if trouble != nil {
		response = trouble.next()
	}
	e.wait(latency)
	response.send(e)
	writer.end()
}
