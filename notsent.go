package signalwire

import (
	"errors"
	"net/http"
	"strings"
)

// errNotSent marks an error that came before anything was sent. A retry would
// fail in the same way.
var errNotSent = errors.New("nothing was sent")

// A notSentError says why nothing was sent. It matches errNotSent.
type notSentError struct{ causes []error }

func notSentBecause(cause error) *notSentError { return &notSentError{[]error{cause, errNotSent}} }

func (e *notSentError) Error() string {
	return strings.TrimPrefix(e.causes[0].Error(), "signalwire: ")
}
func (e *notSentError) Unwrap() []error { return e.causes }

func closeBody(request *http.Request) {
	if request != nil && request.Body != nil {
		_ = request.Body.Close()
	}
}
