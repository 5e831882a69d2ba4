package signalwiretest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/uuid"

	"example.com/signalwire"
)

// The credentials that a [Handler] accepts. They are made up.
const (
	ProjectID = "6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24"
	APIToken  = "PTtest5d2c8e0f4a6b1c3d7e9f"
)

// BasePath is where a [Handler] serves the API, as the service does.
const BasePath = "/api/laml/2010-04-01"

// Handler is an http.Handler that behaves as the contract says, at [BasePath],
// unless a script says otherwise. It is safe for concurrent use.
type Handler struct {
	onViolation func(error)
	closed      chan struct{} // when it is, no request hangs any more

	mu          sync.Mutex
	conferences map[signalwire.ConferenceSid][]signalwire.CallSid
	calls       int // ever added; their SIDs are made from it
	script      []Answer
	requests    []*Request
}

// NewHandler returns a Handler without conferences and without a script.
//
// A request that breaks the contract is answered as the service would answer
// it if the contract says how: 401 without credentials, 404 for an unknown
// path, 422 for a malformed SID. Any other violation, by a request or by an
// answer, is answered 500 with the reason.
func NewHandler() *Handler {
	return newHandler(func(error) {})
}

func newHandler(onViolation func(error)) *Handler {
	return &Handler{
		onViolation: onViolation,
		closed:      make(chan struct{}),
		conferences: make(map[signalwire.ConferenceSid][]signalwire.CallSid),
	}
}

// AddConference begins a conference with a number of participants, and returns
// its SID and theirs. Every Handler makes up the same SIDs in the same order,
// so what a test prints does not change from run to run.
func (h *Handler) AddConference(participants int) (signalwire.ConferenceSid, []signalwire.CallSid) {
	h.mu.Lock()
	defer h.mu.Unlock()
	conference := madeUp(signalwire.ParseConferenceSid, "conference", len(h.conferences))
	calls := make([]signalwire.CallSid, participants)
	for i := range calls {
		calls[i] = madeUp(signalwire.ParseCallSid, "call", h.calls)
		h.calls++
	}
	h.conferences[conference] = slices.Clone(calls)
	return conference, calls
}

// madeUp returns the number'th SID of its kind.
func madeUp[S any](parse func(string) (S, error), kind string, number int) S {
	sid, err := parse(uuid.NewSHA1(uuid.NameSpaceURL, []byte(kind+strconv.Itoa(number))).String())
	if err != nil {
		panic(err) // The hash is never the nil UUID.
	}
	return sid
}

// Participants returns who is in a conference, in the order in which they were
// added, and nobody for an unknown one.
func (h *Handler) Participants(conference signalwire.ConferenceSid) []signalwire.CallSid {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.conferences[conference])
}

// Script has the next requests answered by these answers, one each and in this
// order, behind what is left of earlier scripts. Then the Handler behaves
// normally again. An answer is used up by any request, retries included.
func (h *Handler) Script(answers ...Answer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.script = append(h.script, answers...)
}

// Request is one that arrived.
type Request struct {
	Method string
	Path   string      // escaped, with the query if there was one
	Header http.Header // with "[redacted]" for the value of Authorization
	Body   []byte      // up to 1 MiB of it
	// StatusCode is what was answered: 0 until then, and for ever if the
	// connection was cut.
	StatusCode int
}

// Requests returns what arrived until now, in order, those that were scripted
// or broke the contract included.
func (h *Handler) Requests() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	requests := make([]Request, len(h.requests))
	for i, request := range h.requests {
		requests[i] = *request
		requests[i].Header = request.Header.Clone()
		requests[i].Body = slices.Clone(request.Body)
	}
	return requests
}

// ServeHTTP answers as the service would, or as the script says.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	recorded, scripted := h.record(r)
	w = &statusRecorder{ResponseWriter: w, handler: h, request: recorded}

	contract, err := loadContract()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	e := &exchange{handler: h, w: w, r: r, validation: contract.route(r)}
	if e.validation == nil {
		e.violation = errUnknownOperation
	} else {
		e.violation = validateRequest(e.validation)
	}
	if e.violation != nil {
		h.onViolation(breach("request", e.place(), e.violation))
	}
	if scripted.serve == nil {
		e.act().serve(e)
		return
	}
	scripted.serve(e)
}

// An exchange is a request and the way to answer it.
type exchange struct {
	handler    *Handler
	w          http.ResponseWriter
	r          *http.Request
	validation *openapi3filter.RequestValidationInput // nil if the contract has no such operation
	violation  error                                  // how the request breaks the contract
}

// place names the operation as the contract spells it.
func (e *exchange) place() string {
	if e.validation == nil {
		return e.r.Method
	}
	return placeOf(e.validation)
}

// record keeps what arrived and takes the next answer off the script.
func (h *Handler) record(r *http.Request) (*Request, Answer) {
	const maxBody = 1 << 20
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	recorded := &Request{Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body}
	if recorded.Header.Get("Authorization") != "" {
		recorded.Header.Set("Authorization", "[redacted]")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, recorded)
	if len(h.script) == 0 {
		return recorded, Answer{}
	}
	next := h.script[0]
	h.script = h.script[1:]
	return recorded, next
}

// act does what the service would do, and returns its answer.
func (e *exchange) act() Answer {
	if e.validation == nil {
		return NotFound()
	}
	projectID, apiToken, authenticated := e.r.BasicAuth()
	if !authenticated || projectID != ProjectID || apiToken != APIToken {
		return Unauthorized()
	}
	switch e.place() {
	case "DELETE /Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}":
		return e.deleteParticipant()
	}
	return apiError(http.StatusNotImplemented, 0, "signalwiretest does not imitate "+e.place()+": script an answer, or use Handle")
}

func (e *exchange) deleteParticipant() Answer {
	account, err1 := signalwire.ParseAccountSid(e.validation.PathParams["AccountSid"])
	conference, err2 := signalwire.ParseConferenceSid(e.validation.PathParams["ConferenceSid"])
	call, err3 := signalwire.ParseCallSid(e.validation.PathParams["CallSid"])
	switch {
	case errors.Join(err1, err2, err3) != nil:
		return Unprocessable()
	case e.violation != nil:
		return apiError(http.StatusInternalServerError, 0, e.violation.Error())
	case account.String() != ProjectID:
		return Unauthorized()
	}
	h := e.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.Index(h.conferences[conference], call)
	if at < 0 {
		return NotFound()
	}
	h.conferences[conference] = slices.Delete(h.conferences[conference], at, at+1)
	return Answer{(*exchange).noContent}
}

// statusRecorder notes the status that is answered.
type statusRecorder struct {
	http.ResponseWriter
	handler *Handler
	request *Request
}

func (s *statusRecorder) WriteHeader(status int) {
	s.note(status)
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(p []byte) (int, error) {
	s.note(http.StatusOK)
	return s.ResponseWriter.Write(p)
}

// Unwrap lets a caller's handler use http.ResponseController.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *statusRecorder) note(status int) {
	s.handler.mu.Lock()
	defer s.handler.mu.Unlock()
	if s.request.StatusCode == 0 && status >= http.StatusOK {
		s.request.StatusCode = status
	}
}
