package signalwiretest

import (
	"fmt"
	"html"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Response is what a script makes a [Handler] do with one request. Each
// function that returns one says whether the request is acted on. The zero
// Response stands for what the Handler does without a script.
//
// Responses in the API's error shape that the contract documents are validated
// against it. The others are faults, and break it on purpose.
type Response struct {
	serve   func(*exchange)
	mistake string // why it cannot be sent, or ""
}

// send does what the response says, or what the Handler does without a script.
func (r Response) send(e *exchange) {
	if r.serve == nil {
		r = e.act()
	}
	r.serve(e)
}

// BadRequest responds 400 in the API's error shape, and does not act.
func BadRequest() Response {
	return apiError(http.StatusBadRequest, 10000, "The request was invalid or cannot be processed.")
}

// Unauthorized responds 401 in the API's error shape, and does not act.
func Unauthorized() Response {
	return apiError(http.StatusUnauthorized, 20003, "Authentication failed. Please verify your credentials and try again.")
}

// NotFound responds 404 in the API's error shape, and does not act.
func NotFound() Response {
	return apiError(http.StatusNotFound, 20404, "The requested resource was not found.")
}

// Unprocessable responds 422 in the API's error shape, and does not act.
func Unprocessable() Response {
	return apiError(http.StatusUnprocessableEntity, 10000, "The request could not be processed due to validation errors.")
}

// APIError responds any status from 400 to 599 in the API's error shape, with a
// code of SignalWire's and a message, and does not act. The contract documents few
// of the statuses.
func APIError(statusCode, code int, message string) Response {
	if statusCode < 400 || statusCode > 599 {
		return Response{mistake: fmt.Sprintf("APIError(%d): the status of an error is 400 to 599", statusCode)}
	}
	return Response{serve: func(e *exchange) {
		if e.documents(statusCode) {
			e.apiError(statusCode, code, message)
			return
		}
		e.fault(statusCode, code, message)
	}}
}

// RateLimited responds 429 in the API's error shape, with Retry-After in whole
// seconds, rounded up, unless it is 0. It does not act. The contract does not
// document this status.
func RateLimited(retryAfter time.Duration) Response {
	return Response{serve: func(e *exchange) {
		if retryAfter > 0 {
			seconds := int64((retryAfter-1)/time.Second) + 1
			e.w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
		}
		e.fault(http.StatusTooManyRequests, 20429, "Too many requests.")
	}}
}

// Unavailable responds 503 with an HTML page, as a load balancer without a
// backend does, and does not act.
func Unavailable() Response { return HTML(http.StatusServiceUnavailable) }

// HTML responds any final status, 200 to 599, with an HTML page, as proxies and
// wrong addresses do, and does not act.
func HTML(statusCode int) Response {
	if statusCode < 200 || statusCode > 599 {
		return Response{mistake: fmt.Sprintf("HTML(%d): the status of a response is 200 to 599", statusCode)}
	}
	return Response{serve: func(e *exchange) {
		title := html.EscapeString(fmt.Sprint(statusCode, " ", http.StatusText(statusCode)))
		e.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		e.w.WriteHeader(statusCode)
		_, _ = fmt.Fprintf(e.w, "<!DOCTYPE html>\n<title>%s</title>\n<h1>%s</h1>\n", title, title)
	}}
}

// Redirect responds 302 to a location, and does not act.
func Redirect(location string) Response {
	return Response{serve: func(e *exchange) {
		e.w.Header().Set("Location", location)
		e.w.WriteHeader(http.StatusFound)
	}}
}

// Hang does not act and never responds. It ends when the client gives up, or the
// [Server] or the [Handler] is closed.
func Hang() Response { return After(math.MaxInt64, Response{}) }

// Disconnect cuts the connection, and does not act.
func Disconnect() Response {
	return Response{serve: func(*exchange) { panic(http.ErrAbortHandler) }}
}

// ActThen acts on the request, and responds with another response in the place of
// the one that this leads to.
func ActThen(response Response) Response {
	if response.serve == nil {
		return response
	}
	return Response{serve: func(e *exchange) {
		e.act()
		response.serve(e)
	}}
}

// ActThenDisconnect acts on the request and then cuts the connection: the
// participant is removed, and the client gets no response.
func ActThenDisconnect() Response { return ActThen(Disconnect()) }

// After waits, and then does what the response says; the zero Response stands for
// what the [Handler] does without a script. If the client gives up before that, it
// does not act.
func After(delay time.Duration, response Response) Response {
	switch {
	case delay < 0:
		return Response{mistake: fmt.Sprintf("After(%v): the delay is negative", delay)}
	case response.mistake != "":
		return response
	}
	return Response{serve: func(e *exchange) {
		e.wait(delay)
		response.send(e)
	}}
}

// Handle has another handler respond. Its response is not validated.
func Handle(handler http.Handler) Response {
	if function, ok := handler.(http.HandlerFunc); handler == nil || ok && function == nil {
		return Response{mistake: "Handle(nil): the handler is nil"}
	}
	return Response{serve: func(e *exchange) { handler.ServeHTTP(e.w, e.r) }}
}

// apiError responds in the API's error shape.
func apiError(statusCode, code int, message string) Response {
	return Response{serve: func(e *exchange) { e.apiError(statusCode, code, message) }}
}

// unable responds 501 with what this package cannot do.
func unable(reason string) Response {
	return Response{serve: func(e *exchange) { http.Error(e.w, reason, http.StatusNotImplemented) }}
}
