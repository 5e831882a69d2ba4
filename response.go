package signalwire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxErrorBody and maxSuccessBody bound what is read of a body, and
	// drainLimit what is read and dropped beyond: a new connection costs more.
	maxErrorBody   = 1 << 20
	maxSuccessBody = 16 << 20
	drainLimit     = 256 << 10
)

// An outcome is what an attempt came to: exactly one of its first three fields
// is set.
type outcome struct {
	response *http.Response  // the documented success
	answer   *Error          // any other response
	failure  *TransportError // no complete response

	maybeApplied bool // the request may have been carried out
	tooLong      bool // the response is, and will be next time
	stale        bool // an idle connection turned out to be dead
	decided      bool // by another Doer
	elapsed      time.Duration
}

func (o outcome) retryable() bool {
	switch {
	case o.decided:
		return false
	case o.failure != nil:
		return o.failure.Retryable()
	case o.answer != nil:
		return o.answer.Retryable() && !o.tooLong
	}
	return false
}

// comesBack reports whether the service said when it wants to be asked again.
func (o outcome) comesBack() bool {
	return o.answer != nil && o.answer.RetryAfter > 0 &&
		(o.answer.StatusCode == http.StatusTooManyRequests || o.answer.StatusCode == http.StatusServiceUnavailable)
}

// timedOut reports whether a time limit ended the attempt.
func (o outcome) timedOut() bool { return o.failure != nil && o.failure.Timeout() }

// timeNeeded estimates how long another attempt takes: as long as this one. If
// this one timed out, a response that comes at all comes sooner.
func (o outcome) timeNeeded() time.Duration {
	if o.timedOut() {
		return o.elapsed / 10
	}
	return o.elapsed
}

func (o outcome) statusCode() int {
	switch {
	case o.response != nil:
		return o.response.StatusCode
	case o.answer != nil:
		return o.answer.StatusCode
	}
	return 0
}

// error returns the outcome as a caller sees it.
func (o outcome) error(attempts int, maybeApplied bool) error {
	switch {
	case o.decided && o.failure != nil:
		return o.failure
	case o.decided:
		return o.answer
	case o.failure != nil:
		o.failure.Attempts, o.failure.MaybeApplied = attempts, maybeApplied
		return o.failure
	case o.answer != nil:
		o.answer.Attempts, o.answer.MaybeApplied = attempts, maybeApplied
		return o.answer
	}
	return nil
}

// readResponse decides what a response is. It returns an error if the response
// is not complete although its body matters, or if the request's context is done
// before the end of the body.
func readResponse(request *http.Request, response *http.Response) (outcome, error) {
	status := response.StatusCode
	redirected := response.Request != nil &&
		(response.Request.Response != nil || response.Request.Method != request.Method)
	switch {
	case redirected:
		o := unexpected(request, response, nil, "the HTTP client followed a redirect")
		o.maybeApplied = !isSafe(request.Method) // whatever the last response is about
		return o, nil
	case request.Method == http.MethodDelete && status == http.StatusNoContent:
		return success(request, response, nil), nil
	case status == http.StatusSwitchingProtocols:
		// Its body is the connection, and would block for ever.
		return unexpected(request, response, nil, "not a documented status"), nil
	}
	isError := status >= 400 && status <= 599
	isSuccess := status >= 200 && status <= 299 && request.Method != http.MethodDelete
	limit := maxErrorBody
	if isSuccess {
		limit = maxSuccessBody
	}
	body, tooLong, err := readBody(request.Method, response, int64(limit))
	switch {
	case err != nil && contextDone(request.Context()):
		return outcome{}, err
	case !isError && !isSuccess:
		// The status alone decides, so it does not matter whether the body is complete.
		return unexpected(request, response, body, "not a documented status"), nil
	case tooLong:
		o := unexpected(request, response, nil, fmt.Sprintf("the body is too long, over %d MiB", limit>>20))
		o.tooLong = true
		return o, nil
	case err != nil:
		return outcome{}, err
	case isError:
		return failed(request, response, body), nil
	case len(body) > 0 && !json.Valid(body):
		if len(body) > maxErrorBody {
			body = nil
		}
		return unexpected(request, response, body, "the body is not JSON"), nil
	}
	return success(request, response, body), nil
}

// success hands back the response with its body read.
func success(request *http.Request, response *http.Response, body []byte) outcome {
	if len(body) == 0 {
		// The generated decoder would decode what is not there.
		response.Header.Del("Content-Type")
	}
	response.Body = http.NoBody
	if len(body) > 0 {
		response.Body = io.NopCloser(bytes.NewReader(body))
	}
	response.ContentLength = int64(len(body))
	standIn := &struct {
		request http.Request
		url     url.URL
	}{
		http.Request{Method: request.Method},
		url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host},
	}
	standIn.request.URL = &standIn.url
	response.Request = &standIn.request
	return outcome{response: response}
}

// failed is a 4xx or 5xx, which the API or anything before it may have written.
func failed(request *http.Request, response *http.Response, body []byte) outcome {
	o := unexpected(request, response, body, "not in the API's error shape")
	secret := secretsOf(request.Header)
	e, isAPI := parseAPIError(response.StatusCode, body) // Redacting may break the JSON.
	o.answer.Code, o.answer.Message, o.answer.MoreInfo = e.code, secret.redact(e.message), secret.redact(e.moreInfo)
	if isAPI {
		o.answer.unexpected = ""
	}
	return o
}

func unexpected(request *http.Request, response *http.Response, body []byte, why string) outcome {
	secret := secretsOf(request.Header)
	if body != nil {
		body = []byte(secret.redact(string(body)))
	}
	return outcome{
		answer: &Error{
			StatusCode: response.StatusCode,
			RequestID:  line(secret.redact(response.Header.Get("X-Request-Id")), maxRequestID),
			RetryAfter: parseRetryAfter(response.Header, time.Now()),
			body:       body,
			unexpected: why,
		},
		maybeApplied: !isSafe(request.Method) && saysMaybeApplied(response.StatusCode),
	}
}

const maxRequestID = 128

// saysMaybeApplied reports whether a request may have been carried out that got
// a response of this status, which is not the documented success.
func saysMaybeApplied(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		// 303 leads to the result of what was done (RFC 9110, section 15.4.4),
		// and many servers write one of the others and mean 303.
		return true
	case http.StatusRequestTimeout:
		return true
	}
	// A 101 announces that the request is answered in another protocol. Other
	// redirects ask to send the request elsewhere, and a 4xx refuses it.
	return status < 300 || status >= 500
}

// readBody reads a body up to a limit. Of a longer one it returns nothing. The
// length that a response to HEAD has is of a body that does not come.
func readBody(method string, response *http.Response, limit int64) (body []byte, tooLong bool, err error) {
	if response.ContentLength > limit && method != http.MethodHead {
		return nil, true, nil
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, false, err
	}
	if int64(len(body)) > limit {
		if _, err = io.CopyN(io.Discard, response.Body, drainLimit); errors.Is(err, io.EOF) {
			err = nil
		}
		return nil, true, err
	}
	return body, false, nil
}
