package signalwiretest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// ValidateTraffic returns a round tripper that sends with next (nil means
// http.DefaultTransport), and reports how requests and responses differ from the
// contract. Tests that call the live service learn from it where that differs:
//
//	transport := signalwiretest.ValidateTraffic(signalwire.NewTransport(), report)
//	client, err := signalwire.NewFromEnv(signalwire.WithHTTPClient(&http.Client{Transport: transport}))
//
// It changes neither requests nor responses, and fails no call. A response's body
// is validated once it has been read to its end. If it is closed before that, or
// longer than 16 MiB, only the status is validated. A request's body is validated
// only if GetBody is set.
//
// ValidateTraffic calls report once for each finding, possibly from several
// goroutines at a time. A finding names the operation and the rule. It may repeat
// values of the traffic, but never the Authorization header.
func ValidateTraffic(next http.RoundTripper, report func(error)) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return &validator{next, report}
}

type validator struct {
	next   http.RoundTripper
	report func(error)
}

// CloseIdleConnections closes the idle connections of the next round tripper.
// http.Client calls it.
func (v *validator) CloseIdleConnections() {
	if next, ok := v.next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

func (v *validator) RoundTrip(request *http.Request) (*http.Response, error) {
	validation := v.validateRequest(request)
	response, err := v.next.RoundTrip(request)
	if err != nil || response == nil || validation == nil {
		return response, err
	}
	if _, isConnection := response.Body.(io.Writer); isConnection || response.Body == nil || response.Body == http.NoBody {
		v.validateResponse(validation, response, nil)
		return response, nil
	}
	response.Body = &watchedBody{
		ReadCloser: response.Body,
		read:       func(body []byte) { v.validateResponse(validation, response, body) },
		unread:     func() { v.validateStatus(validation, response) },
	}
	return response, nil
}

// validateRequest returns nil if the response cannot be validated.
func (v *validator) validateRequest(request *http.Request) (validation *openapi3filter.RequestValidationInput) {
	defer v.recovered()
	contract, err := loadContract()
	if err != nil {
		v.report(err)
		return nil
	}
	// The validator reads the body.
	clone := request.Clone(request.Context())
	clone.Body = nil
	options := *validationOptions
	if request.GetBody != nil {
		if clone.Body, err = request.GetBody(); err != nil {
			clone.Body = nil
		}
	}
	options.ExcludeRequestBody = clone.Body == nil && request.Body != nil && request.Body != http.NoBody
	validation = contract.route(clone)
	if validation == nil {
		v.report(breach("request", request.Method, errUnknownOperation))
		return nil
	}
	validation.Options = &options
	if err := validateRequest(validation); err != nil {
		v.report(breach("request", placeOf(validation), err))
	}
	return validation
}

func (v *validator) validateResponse(validation *openapi3filter.RequestValidationInput, response *http.Response, body []byte) {
	defer v.recovered()
	if err := validateResponse(validation, response.StatusCode, response.Header, body); err != nil {
		v.report(breach("response", placeOf(validation), err))
	}
}

func (v *validator) validateStatus(validation *openapi3filter.RequestValidationInput, response *http.Response) {
	if err := validateStatus(validation, response.StatusCode); err != nil {
		v.report(breach("response", placeOf(validation), err))
	}
}

// recovered keeps a fault of the validation out of the call.
func (v *validator) recovered() {
	if fault := recover(); fault != nil {
		v.report(fmt.Errorf("signalwiretest: validation failed: %v", fault))
	}
}

// watchedBody keeps what is read of a body, and passes it on at the end. If it is
// closed before that, it says that there is nothing to pass on.
type watchedBody struct {
	io.ReadCloser
	kept    bytes.Buffer
	tooLong bool
	once    sync.Once
	read    func([]byte)
	unread  func()
}

func (b *watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.kept.Len()+n > maxValidatedBody {
		b.tooLong = true
	}
	if !b.tooLong {
		b.kept.Write(p[:n])
	}
	if errors.Is(err, io.EOF) && !b.tooLong {
		b.once.Do(func() { b.read(b.kept.Bytes()) })
	}
	return n, err
}

func (b *watchedBody) Close() error {
	b.once.Do(b.unread)
	return b.ReadCloser.Close()
}
