package signalwiretest

import (
	"fmt"
	"net/http"

	"example.com/signalwire"
)

// BasePath is the path below which a [Handler] serves the API, as the service
// does.
const BasePath = signalwire.BasePath

// Handler is an http.Handler that behaves as the contract says, below
// [BasePath], unless a script says otherwise. It is safe for concurrent use.
type Handler struct {
	// OnViolation, if it is not nil, is called once for each violation, possibly
	// from several goroutines at a time. Set it before the first request. The
	// default is to fail the test of a [Server]; [Handler.Violations] has the
	// violations in any case.
	OnViolation func(error)

	// OnMadeUp, if it is not nil, is called with each operation, as "GET /Accounts",
	// that gets a made-up success because it is not imitated, possibly from several
	// goroutines at a time. Set it before the first request.
	OnMadeUp func(operation string)

	t          TB
	contract   *contract
	account    *account
	callers    callers
	script     script
	journal    journal
	violations violations
	closed     chan struct{} // once it is closed, no request hangs any more
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
	h := &Handler{t: t, contract: contract, account: newAccount(name), closed: make(chan struct{})}
	h.account.callbacks.init(h.closed)
	return h
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
	e := &exchange{handler: h, w: writer, r: r, caller: h.callers.take(r), validation: h.contract.route(r)}
	var response Response
	if err := e.validateRequest(); err != nil {
		e.report("request", err, e.caller)
		response = e.refuse(err)
	} else {
		response, e.scripted = h.script.next()
	}
	if response.serve == nil {
		response = e.act()
	}
	response.serve(e)
	writer.end()
}
