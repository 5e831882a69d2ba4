package signalwiretest

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Answer is what a script has a [Handler] do with one request. Each function
// that returns one says whether the request is acted on. The zero Answer
// stands for what the Handler does without a script.
//
// Answers in the API's error shape that the contract documents are validated
// against it. The others are faults, and break it on purpose.
type Answer struct{ serve func(*exchange) }

// BadRequest answers 400 in the API's error shape, and does not act.
func BadRequest() Answer {
	return apiError(http.StatusBadRequest, 10000, "The request was invalid or cannot be processed.")
}

// Unauthorized answers 401 in the API's error shape, and does not act.
func Unauthorized() Answer {
	return apiError(http.StatusUnauthorized, 20003, "Authentication failed. Please verify your credentials and try again.")
}

// NotFound answers 404 in the API's error shape, and does not act.
func NotFound() Answer {
	return apiError(http.StatusNotFound, 20404, "The requested resource was not found.")
}

// Unprocessable answers 422 in the API's error shape, and does not act.
func Unprocessable() Answer {
	return apiError(http.StatusUnprocessableEntity, 10000, "The request could not be processed due to validation errors.")
}

// RateLimited answers 429 in the API's error shape, with Retry-After in whole
// seconds, rounded up, unless it is 0. It does not act.
func RateLimited(retryAfter time.Duration) Answer {
	return Answer{func(e *exchange) {
		if retryAfter > 0 {
			seconds := (retryAfter + time.Second - 1) / time.Second
			e.w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
		}
		e.write(http.StatusTooManyRequests, 20429, "Too many requests.")
	}}
}

// Unavailable answers 503 with an HTML page, as a load balancer without a
// backend does, and does not act.
func Unavailable() Answer { return HTML(http.StatusServiceUnavailable) }

// HTML answers any status with an HTML page, as proxies and wrong addresses
// do, and does not act.
func HTML(statusCode int) Answer {
	return Answer{func(e *exchange) {
		title := html.EscapeString(fmt.Sprint(statusCode, " ", http.StatusText(statusCode)))
		e.w.Header().Set("Content-Type", "text/html; charset=utf-8")
		e.w.WriteHeader(statusCode)
		_, _ = fmt.Fprintf(e.w, "<!DOCTYPE html>\n<title>%s</title>\n<h1>%s</h1>\n", title, title)
	}}
}

// Redirect answers 302 to a location, and does not act.
func Redirect(location string) Answer {
	return Answer{func(e *exchange) {
		e.w.Header().Set("Location", location)
		e.w.WriteHeader(http.StatusFound)
	}}
}

// Hang does not act and never answers. It ends when the client gives up or the
// [Server] is closed.
func Hang() Answer {
	return Answer{func(e *exchange) {
		select {
		case <-e.r.Context().Done():
		case <-e.handler.closed:
		}
		panic(http.ErrAbortHandler)
	}}
}

// Disconnect cuts the connection, and does not act.
func Disconnect() Answer {
	return Answer{func(*exchange) { panic(http.ErrAbortHandler) }}
}

// ActThenDisconnect acts on the request and then cuts the connection: the
// participant is removed, and the client never hears of it.
func ActThenDisconnect() Answer {
	return Answer{func(e *exchange) {
		e.act()
		panic(http.ErrAbortHandler)
	}}
}

// Handle has another handler answer. What it answers is not validated.
func Handle(handler http.Handler) Answer {
	return Answer{func(e *exchange) { handler.ServeHTTP(e.w, e.r) }}
}

// apiError answers in the API's error shape.
func apiError(statusCode, code int, message string) Answer {
	return Answer{func(e *exchange) { e.writeValidated(statusCode, code, message) }}
}

func (e *exchange) noContent() {
	if e.isValid(http.StatusNoContent, nil, nil) {
		e.w.WriteHeader(http.StatusNoContent)
	}
}

func (e *exchange) writeValidated(statusCode, code int, message string) {
	bodies := errorBodies(statusCode, code, message)
	body := bodies[0]
	// An unknown operation has no answers, and these two say what this server
	// cannot do, not what the service does.
	exempt := e.validation == nil || statusCode == http.StatusInternalServerError || statusCode == http.StatusNotImplemented
	if !exempt {
		header := http.Header{"Content-Type": {"application/json"}}
		fits := slices.IndexFunc(bodies, func(body []byte) bool {
			return validateResponse(e.validation, statusCode, header, body) == nil
		})
		body = bodies[max(fits, 0)]
		if !e.isValid(statusCode, header, body) {
			return
		}
	}
	e.writeBody(statusCode, body)
}

// isValid validates an answer, and answers 500 if it breaks the contract.
func (e *exchange) isValid(statusCode int, header http.Header, body []byte) bool {
	err := validateResponse(e.validation, statusCode, header, body)
	if err != nil {
		err = breach("answer", e.place(), err)
		e.handler.onViolation(err)
		e.write(http.StatusInternalServerError, 0, err.Error())
	}
	return err == nil
}

func (e *exchange) write(statusCode, code int, message string) {
	e.writeBody(statusCode, errorBodies(statusCode, code, message)[0])
}

func (e *exchange) writeBody(statusCode int, body []byte) {
	e.w.Header().Set("Content-Type", "application/json")
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
