package signalwiretest

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"

	"example.com/signalwire"
)

// An exchange is a request and the means to respond to it.
type exchange struct {
	handler    *Handler
	next       http.Handler    // who acts instead of the Handler, if it is not nil
	closed     <-chan struct{} // the Handler's
	project    *Project        // that the request is about, once it is known
	acted      *Response       // what the service would send, once it has acted
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
	case e.handler.authenticate(e.r) == nil && e.documents(http.StatusUnauthorized):
		return Unauthorized()
	case errors.As(violation, &requestError) && requestError.Parameter != nil &&
		requestError.Parameter.In == openapi3.ParameterInPath && e.documents(http.StatusUnprocessableEntity):
		return Unprocessable()
	}
	return unable(violation.Error())
}

func (e *exchange) documents(statusCode int) bool {
	return e.validation != nil && documentedResponse(e.validation, statusCode) != nil
}

// act does what the service would do, once, and returns the response that it would
// send.
func (e *exchange) act() Response {
	if e.acted == nil {
		response := e.carryOut()
		e.acted = &response
	}
	return *e.acted
}

func (e *exchange) carryOut() Response {
	if e.next != nil {
		return e.actElsewhere()
	}
	if refused, ok := e.authorize(); !ok {
		return refused
	}
	switch place := placeOf(e.validation); place {
	case "GET /Accounts/{AccountSid}/Conferences":
		return e.listConferences()
	case "GET /Accounts/{AccountSid}/Conferences/{Sid}":
		return e.retrieveConference()
	case "GET /Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants":
		return e.listParticipants()
	case "GET /Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}":
		return e.retrieveParticipant()
	case "DELETE /Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}":
		return e.deleteParticipant()
	default:
		return e.makeUp(place)
	}
}

// authorize finds the project that the request is about: that of its credentials,
// or a subproject of that. The response is set if it may not be.
func (e *exchange) authorize() (refused Response, ok bool) {
	caller := e.handler.authenticate(e.r)
	if caller == nil {
		return Unauthorized(), false
	}
	named, hasAccount := e.validation.PathParams["AccountSid"]
	if !hasAccount {
		e.project = caller
		return Response{}, true
	}
	account, err := signalwire.ParseAccountSid(named)
	if err != nil {
		return e.malformed(), false // The nil UUID is one, and no SID.
	}
	for _, p := range caller.tree() {
		if p.sid == account {
			e.project = p
			return Response{}, true
		}
	}
	return Unauthorized(), false
}

// actElsewhere has the next handler act, and returns its response.
func (e *exchange) actElsewhere() Response {
	recorder := httptest.NewRecorder()
	e.next.ServeHTTP(recorder, e.r)
	return Response{serve: func(e *exchange) { e.write(recorder.Code, recorder.Header(), recorder.Body.Bytes()) }}
}

// wait waits for some time. It cuts the connection if the client gives up before,
// or the Handler is closed.
func (e *exchange) wait(length time.Duration) {
	if length == 0 {
		return
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return
	case <-e.r.Context().Done():
	case <-e.closed:
	}
	panic(http.ErrAbortHandler)
}

func (e *exchange) noContent() { e.writeValid(http.StatusNoContent, http.Header{}, nil) }

// apiError writes an error in the first of the vendor's shapes that the
// contract has for this operation and status.
func (e *exchange) apiError(statusCode, code int, message string) {
	bodies := errorBodies(statusCode, code, message)
	body := e.fitting(statusCode, bodies)
	if body == nil {
		body = bodies[0]
	}
	e.writeValid(statusCode, jsonHeader(), body)
}

// fault writes an error of an undocumented status, in the shape of the
// documented ones.
func (e *exchange) fault(statusCode, code int, message string) {
	bodies := errorBodies(statusCode, code, message)
	for status := 400; status < 600; status++ {
		if e.documents(status) {
			if body := e.fitting(status, bodies); body != nil {
				e.write(statusCode, jsonHeader(), body)
				return
			}
		}
	}
	e.write(statusCode, jsonHeader(), bodies[0])
}

// fitting returns the first of the bodies that a status may have, or nil.
func (e *exchange) fitting(statusCode int, bodies [][]byte) []byte {
	for _, body := range bodies {
		if validateResponse(e.validation, statusCode, jsonHeader(), body) == nil {
			return body
		}
	}
	return nil
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

// writeValid writes a response, or says how it breaks the contract.
func (e *exchange) writeValid(statusCode int, header http.Header, body []byte) {
	if err := validateResponse(e.validation, statusCode, header, body); err != nil {
		line := e.scripted
		if line == "" {
			line = e.caller
		}
		e.report("response", err, line)
		unable(err.Error()).serve(e)
		return
	}
	e.write(statusCode, header, body)
}

func (e *exchange) write(statusCode int, header http.Header, body []byte) {
	for name, values := range header {
		e.w.Header()[name] = values
	}
	e.w.WriteHeader(statusCode)
	_, _ = e.w.Write(body)
}

// errorBodies returns an error in the shapes that the vendor documents, the
// most common one first. Operations differ in which one they have.
func errorBodies(statusCode, code int, message string) [][]byte {
	type object map[string]any
	text := strconv.Itoa(code)
	const moreInfo = "https://signalwire.com/docs/compatibility-api"
	var bodies [][]byte
	for _, shape := range []object{
		{"code": code, "message": message, "more_info": moreInfo, "status": statusCode},
		{"code": text, "message": message, "more_info": moreInfo, "status": statusCode},
		{"code": code, "message": message},
		{"errors": []object{{"code": text, "message": message}}},
		{"errors": []string{message}},
	} {
		body, err := json.Marshal(shape)
		if err != nil {
			panic(err) // Numbers and strings always encode.
		}
		bodies = append(bodies, body)
	}
	return bodies
}
