// Package signalwiretest imitates SignalWire's Compatibility API for tests.
//
// [NewServer] serves it to one test; [NewHandler] is the http.Handler behind
// it, for everything else. Conferences and their participants are kept in
// memory. Every request and every answer is validated against the contract
// that the client is generated from, so a test that passes here has spoken the
// service's language, as far as the vendor documents it.
//
// It does not imitate calls, conferences that end by themselves, subprojects,
// rate limits or latency.
package signalwiretest

import (
	"encoding/json"
	"errors"
	"fmt"
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

// Handler is an http.Handler that behaves as the contract says, at [BasePath].
// It is safe for concurrent use.
type Handler struct {
	onViolation func(error)

	mu          sync.Mutex
	conferences map[signalwire.ConferenceSid][]signalwire.CallSid
	calls       int // ever added; their SIDs are made from it
}

// NewHandler returns a Handler without conferences.
//
// A request that breaks the contract is answered as the service would if the
// contract has an answer for it: 401 without credentials, 422 for a malformed
// SID. Any other violation, of a request or of an answer, is answered 500 with
// the reason.
func NewHandler() *Handler {
	return newHandler(func(error) {})
}

func newHandler(onViolation func(error)) *Handler {
	return &Handler{
		onViolation: onViolation,
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
// added.
func (h *Handler) Participants(conference signalwire.ConferenceSid) []signalwire.CallSid {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.conferences[conference])
}

// ServeHTTP answers as the service would.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	contract, err := loadContract()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	request := contract.route(r)
	if request == nil {
		h.onViolation(errors.New("signalwiretest: the contract has no operation for this request; is the path or the method wrong?"))
		notFound.write(w)
		return
	}
	a, err := h.answerTo(request)
	if err != nil {
		err = fmt.Errorf("signalwiretest: request breaks the contract: %s: %w", place(request), err)
		h.onViolation(err)
		if a.status == 0 {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	if a.status != http.StatusNotImplemented {
		if err := validateResponse(request, a.status, a.header(), a.body()); err != nil {
			err = fmt.Errorf("signalwiretest: answer breaks the contract: %s: %w", place(request), err)
			h.onViolation(err)
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	a.write(w)
}

// answerTo returns an error if the request breaks the contract, and with it
// the answer that the contract has for that, if it has one.
func (h *Handler) answerTo(request *openapi3filter.RequestValidationInput) (answer, error) {
	violation := validateRequest(request)
	projectID, apiToken, authenticated := request.Request.BasicAuth()
	if !authenticated || projectID != ProjectID || apiToken != APIToken {
		return unauthorized, violation
	}
	switch place(request) {
	case "DELETE /Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}":
		return h.deleteParticipant(request.PathParams, violation)
	}
	return answer{http.StatusNotImplemented, 0, "signalwiretest does not imitate " + place(request)}, violation
}

func (h *Handler) deleteParticipant(pathParams map[string]string, violation error) (answer, error) {
	account, err1 := signalwire.ParseAccountSid(pathParams["AccountSid"])
	conference, err2 := signalwire.ParseConferenceSid(pathParams["ConferenceSid"])
	call, err3 := signalwire.ParseCallSid(pathParams["CallSid"])
	switch {
	case errors.Join(err1, err2, err3) != nil:
		return unprocessable, violation
	case violation != nil:
		return answer{}, violation
	case account.String() != ProjectID:
		return unauthorized, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.Index(h.conferences[conference], call)
	if at < 0 {
		return notFound, nil
	}
	h.conferences[conference] = slices.Delete(h.conferences[conference], at, at+1)
	return noContent, nil
}

// An answer is a status and, unless that has none, a body in the API's error
// shape. The codes are those that the vendor documents.
type answer struct {
	status  int
	code    int
	message string
}

var (
	noContent     = answer{status: http.StatusNoContent}
	unauthorized  = answer{http.StatusUnauthorized, 20003, "Authentication failed. Please verify your credentials and try again."}
	notFound      = answer{http.StatusNotFound, 20404, "The requested resource was not found."}
	unprocessable = answer{http.StatusUnprocessableEntity, 10000, "A SID is not valid."}
)

func (a answer) header() http.Header {
	header := http.Header{}
	if a.status != http.StatusNoContent {
		header.Set("Content-Type", "application/json")
	}
	return header
}

func (a answer) body() []byte {
	if a.status == http.StatusNoContent {
		return nil
	}
	body, err := json.Marshal(signalwire.CompatibilityErrorResponse{
		Code:     a.code,
		Message:  a.message,
		MoreInfo: "https://signalwire.com/docs/compatibility-api",
		Status:   a.status,
	})
	if err != nil {
		panic(err) // Integers and strings always encode.
	}
	return body
}

func (a answer) write(w http.ResponseWriter) {
	for key, values := range a.header() {
		w.Header()[key] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body())
}
