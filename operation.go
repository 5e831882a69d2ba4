package signalwire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// An operation is what the contract documents of the responses to a request.
// The generated code has one for each of its operations, and hands it to send.
type operation struct {
	successes []documented
	failures  []failure // none if all have the shape that errorFields knows
	// parse decodes a response of a documented status and media type.
	parse func(*http.Response) (any, error)
}

// documented is a response that the contract documents.
type documented struct {
	status     int      // such as 204, or 2 for all of 2XX
	mediaTypes []string // of the body, which is JSON; none means no body
}

type operationKey struct{}

// operationOf returns the operation of a generated method's request, or nil.
func operationOf(ctx context.Context) *operation {
	op, _ := ctx.Value(operationKey{}).(*operation)
	return op
}

// success returns what is documented of a 2xx, or nil.
func (op *operation) success(status int) *documented {
	for _, wanted := range []int{status, status / 100} {
		if i := slices.IndexFunc(op.successes, func(d documented) bool { return d.status == wanted }); i >= 0 {
			return &op.successes[i]
		}
	}
	return nil
}

// hasSuccess reports whether a response of this status may be the documented
// success. Of a request that was made by hand, that is any 2xx but to a DELETE.
func hasSuccess(op *operation, request *http.Request, status int) bool {
	if status < 200 || status > 299 {
		return false
	}
	if op == nil {
		return request.Method != http.MethodDelete
	}
	return op.success(status) != nil
}

// mismatch says why the body of a success is not what the contract documents, or
// "". A request that was made by hand may get any JSON, or no body.
func mismatch(op *operation, request *http.Request, response *http.Response, body []byte) string {
	if request.Method == http.MethodHead {
		return ""
	}
	if op == nil {
		if len(body) > 0 && !json.Valid(body) {
			return "the body is not JSON"
		}
		return ""
	}
	d := op.success(response.StatusCode)
	switch {
	case len(d.mediaTypes) == 0 && len(body) == 0:
		return ""
	case len(d.mediaTypes) == 0:
		return "a body where none is documented"
	case len(body) == 0:
		return "the body is empty"
	case !json.Valid(body):
		return "the body is not JSON"
	case !slices.ContainsFunc(d.mediaTypes, func(mediaType string) bool { return hasMediaType(response, mediaType) }):
		return "not a documented Content-Type"
	}
	return ""
}

// hasMediaType reports whether a response is of a media type. Parameters, such as
// charset=utf-8, make no difference.
func hasMediaType(response *http.Response, mediaType string) bool {
	got, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	return err == nil && got == mediaType
}

// isJSON reports whether a response is of any JSON media type.
func isJSON(response *http.Response) bool {
	return strings.Contains(strings.ToLower(response.Header.Get("Content-Type")), "json")
}

// decodedBody is the body of a response that was decoded within the attempt. It
// keeps the result for the methods that return it.
type decodedBody struct {
	io.ReadCloser
	result any
}

// decode decodes a success, whose body is in memory. It says why it does not
// decode, or "".
func (op *operation) decode(response *http.Response, body []byte) string {
	if string(bytes.TrimSpace(body)) == "null" {
		return "the body is null"
	}
	result, err := op.parse(response)
	if err != nil {
		return undecodable(err)
	}
	response.Body = decodedBody{readerOf(body), result}
	return ""
}

// undecodable says where a body does not decode, and does not quote it.
func undecodable(err error) string {
	if mismatch := (*json.UnmarshalTypeError)(nil); errors.As(err, &mismatch) && mismatch.Field != "" {
		return "the body does not decode at " + mismatch.Field
	}
	return "the body does not decode"
}
