package signalwiretest

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"example.com/signalwire"
)

// BasePath is the path below which a [Handler] serves the API, as the service
// does.
const BasePath = "/api/laml/2010-04-01"

// Handler is an http.Handler that behaves as the contract says, below
// [BasePath], unless a script says otherwise. It is safe for concurrent use.
type Handler struct {
	// OnViolation, if it is not nil, is called once for each violation, possibly
	// from several goroutines at a time. Set it before the first request. The
	// default is to fail the test of a [Server]; [Handler.Violations] has the
	// violations in any case.
	OnViolation func(error)

	t          TB
	contract   *contract
	account    *account
	callers    callers
	script     script
	journal    journal
	violations violations
	closed     chan struct{} // when it is, no request hangs any more
}

// NewHandler returns a Handler without conferences and without a script. Its
// credentials and SIDs are made from the name: the same name always has the
// same, and two names have different ones.
//
// A request that breaks the contract gets the response that the service would
// send, if the contract tells: 401 without credentials, 404 for an unknown path
// and 422 for a malformed SID. Any other violation, by a request or by a
// response, gets 501 with the reason, which clients do not retry. A script does
// not change that, and is not used up by it.
func NewHandler(name string) *Handler { return newHandler(noTest{}, name) }

func newHandler(t TB, name string) *Handler {
	t.Helper()
	contract, err := loadContract()
	if err != nil {
		t.Fatalf("%v", err)
	}
	return &Handler{t: t, contract: contract, account: newAccount(name), closed: make(chan struct{})}
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

// An exchange is a request and the way to respond to it.
type exchange struct {
	handler    *Handler
	w          http.ResponseWriter
	r          *http.Request
	caller     string                                 // the line of the test that sent it, or ""
	scripted   string                                 // the line of the test that scripted the response, or ""
	validation *openapi3filter.RequestValidationInput // nil if the contract has no such operation
}

func (e *exchange) validateRequest() error {
	if e.validation == nil {
		return errUnknownOperation
	}
	return validateRequest(e.validation)
}

// refuse returns the response to a request that breaks the contract.
func (e *exchange) refuse(violation error) Response {
	var requestError *openapi3filter.RequestError
	switch {
	case e.validation == nil:
		return HTML(http.StatusNotFound)
	case !e.isAuthenticated() && e.documents(http.StatusUnauthorized):
		return Unauthorized()
	case errors.As(violation, &requestError) && requestError.Parameter != nil &&
		requestError.Parameter.In == openapi3.ParameterInPath && e.documents(http.StatusUnprocessableEntity):
		return Unprocessable()
	}
	return unable(violation.Error())
}

func (e *exchange) documents(statusCode int) bool {
	return documentedResponse(e.validation, statusCode) != nil
}

// act does what the service would do, and returns its response.
func (e *exchange) act() Response {
	if !e.isAuthenticated() {
		return Unauthorized()
	}
	switch place := placeOf(e.validation); place {
	case "DELETE /Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}":
		return e.deleteParticipant()
	default:
		return unable("signalwiretest does not imitate " + place + ": script a response with Handle")
	}
}

func (e *exchange) isAuthenticated() bool {
	account := e.handler.account
	projectID, apiToken, ok := e.r.BasicAuth()
	return ok && projectID == account.sid.String() && apiToken == account.apiToken
}

func (e *exchange) deleteParticipant() Response {
	account, err1 := signalwire.ParseAccountSid(e.validation.PathParams["AccountSid"])
	conference, err2 := signalwire.ParseConferenceSid(e.validation.PathParams["ConferenceSid"])
	call, err3 := signalwire.ParseCallSid(e.validation.PathParams["CallSid"])
	switch {
	case errors.Join(err1, err2, err3) != nil:
		return Unprocessable() // The nil UUID is one, and no SID.
	case account != e.handler.account.sid:
		return Unauthorized()
	case !e.handler.account.remove(conference, call):
		return NotFound()
	}
	return Response{serve: (*exchange).noContent}
}
