package signalwire

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// send edits and sends the request of a generated method. It also takes the error
// of making that request, so that the methods stay short.
//
// A Doer finds the operation in the request's context, so that the attempt
// decides whether the response is the documented success.
func (c *Client) send(ctx context.Context, request *http.Request, err error, editors []RequestEditorFn, op *operation) (*http.Response, error) {
	if err != nil {
		return nil, notSent(ctx, nil, innermost(err))
	}
	if isNil(ctx) {
		return nil, notSent(ctx, request, errNilContext)
	}
	method := request.Method
	request = request.WithContext(context.WithValue(ctx, operationKey{}, op))
	for _, some := range [][]RequestEditorFn{c.RequestEditors, editors} {
		for _, edit := range some {
			if edit == nil {
				return nil, notSent(ctx, request, errNilEditor)
			}
			if err := edit(ctx, request); err != nil {
				return nil, notSent(ctx, request, err)
			}
		}
	}
	if guarded, ok := c.Client.(*guardedClient); ok {
		return guarded.do(method, request)
	}
	return c.Client.Do(request)
}

var (
	errNilContext = errors.New("signalwire: the context is nil; context.Background() is never done")
	errNilEditor  = errors.New("signalwire: a request editor is nil")
	errElsewhere  = errors.New("signalwire: a request editor changed the request's method, scheme, host or user")
)

// A guardedClient refuses a request whose method or destination an editor
// changed. So credentials go nowhere else, and a call does what its name says. It
// keeps the Doer in a closure: a dump of the client then does not reach the
// Doer's connections, whose buffers keep what was written.
type guardedClient struct {
	send         func(*http.Request) (*http.Response, error)
	scheme, host string
}

func (g *guardedClient) Do(request *http.Request) (*http.Response, error) {
	return g.do(request.Method, request)
}

// do takes the method that the request had before it was edited.
func (g *guardedClient) do(method string, request *http.Request) (*http.Response, error) {
	u := request.URL
	if request.Method != method || request.Host != "" && request.Host != g.host ||
		u == nil || u.Scheme != g.scheme || u.Host != g.host || u.Opaque != "" || u.User != nil {
		return nil, notSent(request.Context(), request, errElsewhere)
	}
	return g.send(request)
}

// notSent returns the error of a call that ends before its request is sent, and
// closes the request's body, as http.Client does.
func notSent(ctx context.Context, request *http.Request, cause error) error {
	closeBody(request)
	if request != nil {
		cause = clean(cause, secretsOf(request.Header))
	}
	e := notSentBecause(cause)
	if !isNil(ctx) && ctx.Err() != nil {
		e.causes = append(e.causes, ctx.Err(), context.Cause(ctx))
	}
	return &TransportError{Err: e}
}

// innermost returns the error at the end of err's chain. Those that wrap it repeat
// the argument's value, in the words of package runtime.
func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// decoded decodes a response, unless a Doer did. If it does not decode, the error
// is an *Error, which keeps the status.
func decoded[R any](parse func(*http.Response) (*R, error), response *http.Response) (*R, error) {
	if body, ok := response.Body.(decodedBody); ok {
		if result, ok := body.result.(*R); ok {
			return result, nil
		}
	}
	result, err := parse(response)
	if err == nil {
		return result, nil
	}
	if failure := (*TransportError)(nil); errors.As(err, &failure) {
		return nil, failure
	}
	e := &Error{
		StatusCode: response.StatusCode, Attempts: 1,
		MaybeApplied: response.StatusCode < 300 && !askedSafely(response),
		unexpected:   undecodable(err),
	}
	return nil, e
}

// unread returns the error of a response whose body could not be read. This
// happens only with clients that New did not make.
func unread(response *http.Response, err error) error {
	return &TransportError{Attempts: 1, MaybeApplied: !askedSafely(response), Err: clean(err, nil)}
}

func askedSafely(response *http.Response) bool {
	return response.Request != nil && isSafe(response.Request.Method)
}

// describeClient is the first request editor.
func describeClient(_ context.Context, request *http.Request) error {
	request.Header["Accept"] = []string{"application/json"}
	request.Header["User-Agent"] = []string{userAgent()}
	return nil
}

// userAgent names this module, and its version if the build has one.
var userAgent = sync.OnceValue(func() string {
	version := "devel"
	if build, ok := debug.ReadBuildInfo(); ok {
		path := reflect.TypeFor[Client]().PkgPath()
		for _, module := range append([]*debug.Module{&build.Main}, build.Deps...) {
			if module.Path == path && strings.HasPrefix(module.Version, "v") {
				version = module.Version
			}
		}
	}
	return "signalwire-go/" + version + " (" + runtime.Version() + ")"
})
