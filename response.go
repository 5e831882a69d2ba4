package signalwire

import (
	"bytes"
	"encoding/json"
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
	answer   *Error          // any other answer
	failure  *TransportError // no complete answer

	maybeApplied bool // the request may have been carried out
	tooLong      bool // the answer was, so it will be again
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

// readAnswer decides what an answer is. It returns an error if the answer is
// not complete.
func readAnswer(request *http.Request, response *http.Response) (outcome, error) {
	status := response.StatusCode
	redirected := response.Request != nil &&
		(response.Request.Response != nil || response.Request.Method != request.Method)
	switch {
	case redirected:
		return unexpected(request, response, nil, "the HTTP client followed a redirect"), nil
	case request.Method == http.MethodDelete && status == http.StatusNoContent:
		return success(request, response, nil), nil
	case status == http.StatusSwitchingProtocols:
		// Its body is the connection, and would block for ever.
		return unexpected(request, response, nil, "not a documented status"), nil
	case status >= 400 && status <= 599:
		body, tooLong, err := readBody(request.Method, response, maxErrorBody)
		if err != nil {
			return outcome{}, err
		}
		if tooLong {
			o := unexpected(request, response, nil, "the body is too long")
			o.tooLong = true
			return o, nil
		}
		return failed(request, response, body), nil
	case status >= 200 && status <= 299 && request.Method != http.MethodDelete:
		body, tooLong, err := readBody(request.Method, response, maxSuccessBody)
		switch {
		case err != nil:
			return outcome{}, err
		case tooLong:
			return unexpected(request, response, nil, "the body is too long"), nil
		case len(body) > 0 && !json.Valid(body):
			return unexpected(request, response, body[:min(len(body), maxErrorBody)], "the body is not JSON"), nil
		}
		return success(request, response, body), nil
	}
	// The status alone decides, so it does not matter whether the body is complete.
	body, _, _ := readBody(request.Method, response, maxErrorBody)
	return unexpected(request, response, body, "not a documented status"), nil
}

// success hands back the answer with its body read.
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
	fields, ok := parseAPIError(response.StatusCode, body) // not redacted, which may break it
	o.answer.Code, o.answer.Message, o.answer.MoreInfo = fields.code, secret.redact(fields.message), secret.redact(fields.moreInfo)
	if ok {
		o.answer.unexpected = ""
	}
	return o
}

func unexpected(request *http.Request, response *http.Response, body []byte, why string) outcome {
	status := response.StatusCode
	if body != nil {
		body = []byte(secretsOf(request.Header).redact(string(body)))
	}
	return outcome{
		answer: &Error{
			StatusCode: status,
			RetryAfter: parseRetryAfter(response.Header, time.Now()),
			body:       body,
			unexpected: why,
		},
		// A 101 announces that the request is answered in another protocol.
		maybeApplied: !isSafe(request.Method) &&
			(status < 300 || status == http.StatusRequestTimeout || status >= 500),
	}
}

// readBody reads a body up to a limit. Of a longer one it returns nothing. The
// length that an answer to HEAD has is of a body that does not come.
func readBody(method string, response *http.Response, limit int64) (body []byte, tooLong bool, err error) {
	if response.ContentLength > limit && method != http.MethodHead {
		return nil, true, nil
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, false, err
	}
	if int64(len(body)) > limit {
		_, _ = io.CopyN(io.Discard, response.Body, drainLimit)
		return nil, true, nil
	}
	return body, false, nil
}
