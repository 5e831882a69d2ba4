package signalwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// maxErrorBody and maxSuccessBody bound how much of a body is kept. drainLimit
	// bounds how much of the rest is read and dropped, so that the connection can
	// be used again.
	maxErrorBody   = 1 << 20
	maxSuccessBody = 16 << 20
	drainLimit     = 256 << 10
)

// An outcome is how an attempt ended. Exactly one of its first three fields is
// set.
type outcome struct {
	response      *http.Response  // the documented success
	responseError *Error          // any other response
	failure       *TransportError // no complete response

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
	case o.responseError != nil:
		return o.responseError.Retryable() && !o.tooLong
	}
	return false
}

// comesBack reports whether the service said when to send the request again.
func (o outcome) comesBack() bool {
	return o.responseError != nil && o.responseError.RetryAfter > 0 &&
		(o.responseError.StatusCode == http.StatusTooManyRequests || o.responseError.StatusCode == http.StatusServiceUnavailable)
}

// timedOut reports whether a time limit ended the attempt.
func (o outcome) timedOut() bool { return o.failure != nil && o.failure.Timeout() }

// timeNeeded estimates how long another attempt takes: as long as this one. After
// one that timed out it is less, because a response that comes at all comes
// sooner.
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
	case o.responseError != nil:
		return o.responseError.StatusCode
	}
	return 0
}

// finish completes the error of an outcome, and returns what the caller gets: nil
// for the documented success.
func (o outcome) finish(attempts int, maybeApplied bool) error {
	switch {
	case o.decided && o.failure != nil:
		return o.failure
	case o.decided:
		return o.responseError
	case o.failure != nil:
		o.failure.Attempts, o.failure.MaybeApplied = attempts, maybeApplied
		return o.failure
	case o.responseError != nil:
		o.responseError.Attempts, o.responseError.MaybeApplied = attempts, maybeApplied
		return o.responseError
	}
	return nil
}

// readResponse decides what a response means. It returns an error if the body
// matters and does not come to its end, or if the request's context is done before
// that.
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
	op := operationOf(request.Context())
	isSuccess := hasSuccess(op, request, status)
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
	}
	o, why := success(request, response, body), mismatch(op, request, response, body)
	if why == "" && op != nil && len(body) > 0 {
		why = op.decode(response, body)
	}
	if why != "" {
		if len(body) > maxErrorBody {
			body = nil
		}
		return unexpected(request, response, body, why), nil
	}
	return o, nil
}

// success returns the outcome of the documented success, with its body in memory.
func success(request *http.Request, response *http.Response, body []byte) outcome {
	if len(body) == 0 {
		// The generated decoder would decode what is not there.
		response.Header.Del("Content-Type")
	}
	response.Body = readerOf(body)
	response.ContentLength = int64(len(body))
	response.Request = &http.Request{
		Method: request.Method,
		URL:    &url.URL{Scheme: request.URL.Scheme, Host: request.URL.Host},
	}
	return outcome{response: response}
}

func readerOf(body []byte) io.ReadCloser {
	if len(body) == 0 {
		return http.NoBody
	}
	return io.NopCloser(bytes.NewReader(body))
}

// failed returns the outcome of a 4xx or 5xx, which the API may have written, or
// anything in front of it.
func failed(request *http.Request, response *http.Response, body []byte) outcome {
	e, isAPI := parseAPIError(operationOf(request.Context()), response.StatusCode, body) // Redacting may break the JSON.
	why := "not in the API's error shape"
	if isAPI {
		why = ""
	}
	o := unexpected(request, response, body, why)
	secret := secretsOf(request.Header)
	o.responseError.Code, o.responseError.Message, o.responseError.MoreInfo = e.code, secret.redact(e.message), secret.redact(e.moreInfo)
	return o
}

// unexpected returns the outcome of a response that is not the documented success.
// Why the contract does not describe it is "" if the API wrote it.
func unexpected(request *http.Request, response *http.Response, body []byte, why string) outcome {
	secret := secretsOf(request.Header)
	if body != nil {
		body = []byte(secret.redact(string(body)))
	}
	return outcome{
		responseError: &Error{
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

// saysMaybeApplied reports whether a response of this status, which is not the
// documented success, leaves open whether the request was carried out.
func saysMaybeApplied(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		// 303 leads to the result of what was done (RFC 9110, section 15.4.4),
		// and many servers write one of the others and mean 303.
		return true
	case http.StatusRequestTimeout:
		return true
	}
	// After a 101, the response comes in another protocol. Other redirects ask for
	// the request to be sent elsewhere, and a 4xx refuses it.
	return status < 300 || status >= 500
}

// readBody reads a body up to a limit. Of a longer one it returns nothing. The
// Content-Length of a response to HEAD is that of a body that does not come.
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
