package signalwire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"unicode"

	"github.com/google/uuid"
)

// New returns a client for a space, authenticated by a project ID and an API
// token of that project.
//
// The space is a bare name ("acme"), its host ("acme.signalwire.com") or the
// https URL of that host. The project ID is a UUID. The token is visible ASCII
// and needs the scope Voice. New checks all three and every option, sends
// nothing, and no error repeats a rejected value.
//
// Options are those of the generated client. [WithHTTPClient] replaces what
// sends; a *http.Client is copied and never changed. [WithBaseURL] replaces
// the URL made from the space: https, or http on a loopback address, without
// user information, query or fragment. [WithRequestEditorFn] adds an editor
// behind the one that authenticates.
//
// The client is safe for concurrent use, and is meant to be made once.
func New(space, projectID, apiToken string, opts ...ClientOption) (*ClientWithResponses, error) {
	baseURL, err := SpaceURL(space)
	if err := errors.Join(err, checkProjectID(projectID), checkCredential("API token", apiToken, "")); err != nil {
		return nil, err
	}
	options := []ClientOption{
		WithHTTPClient(&Doer{}),
		WithRequestEditorFn(describeClient),
		WithRequestEditorFn(BasicAuth(projectID, apiToken)),
	}
	for i, option := range opts {
		options = append(options, namedOption(i+1, option))
	}
	return NewClientWithResponses(baseURL, append(options, guard)...)
}

// NewFromEnv is [New] with the space, the project ID and the API token from the
// environment: SIGNALWIRE_SPACE (or, if that is unset, SIGNALWIRE_SPACE_URL),
// SIGNALWIRE_PROJECT_ID and SIGNALWIRE_API_TOKEN. One error names every
// variable that is missing; an empty one is missing.
func NewFromEnv(opts ...ClientOption) (*ClientWithResponses, error) {
	space := os.Getenv("SIGNALWIRE_SPACE")
	if space == "" {
		space = os.Getenv("SIGNALWIRE_SPACE_URL")
	}
	projectID, apiToken := os.Getenv("SIGNALWIRE_PROJECT_ID"), os.Getenv("SIGNALWIRE_API_TOKEN")
	var missing []string
	for _, variable := range []struct{ name, value string }{
		{"SIGNALWIRE_SPACE", space},
		{"SIGNALWIRE_PROJECT_ID", projectID},
		{"SIGNALWIRE_API_TOKEN", apiToken},
	} {
		if variable.value == "" {
			missing = append(missing, variable.name)
		}
	}
	if len(missing) > 0 {
		return nil, errors.New("signalwire: not set in the environment: " + strings.Join(missing, ", "))
	}
	return New(space, projectID, apiToken, opts...)
}

const (
	spaceDomain = ".signalwire.com"
	apiPath     = "/api/laml/2010-04-01"
)

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// consistsOf reports whether s has characters, and no others than these.
// (Package regexp would make every importer's program larger.)
func consistsOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

// isNotASCII finds, for one, the Kelvin sign, which is a k in lower case.
func isNotASCII(r rune) bool { return r > unicode.MaxASCII }

// isDNSLabel reports whether s is a label of a host name (RFC 1123, section
// 2.1) in lower case.
func isDNSLabel(s string) bool {
	return consistsOf(s, lower+digits+"-") && len(s) <= 63 && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// SpaceURL returns the base URL of a space's Compatibility API,
// https://SPACE.signalwire.com/api/laml/2010-04-01. The space is a bare name
// ("acme"), its host ("acme.signalwire.com") or the https URL of that host, in
// either case. Anything else is an error, which does not repeat it.
func SpaceURL(space string) (string, error) {
	name, isURL := strings.CutPrefix(strings.ToLower(space), "https://")
	if isURL {
		name = strings.TrimSuffix(name, "/")
	}
	label, isHost := strings.CutSuffix(name, spaceDomain)
	switch {
	case space == "":
		return "", errors.New("signalwire: the space is empty")
	case isURL && !isHost, !isDNSLabel(label), strings.ContainsFunc(space, isNotASCII):
		return "", errors.New("signalwire: the space is not a space's name such as example, " +
			"its host such as example" + spaceDomain + ", or the https URL of that host without a path")
	}
	return "https://" + label + spaceDomain + apiPath, nil
}

// checkProjectID wants a UUID, which finds at once that the project ID and the
// API token were passed in each other's place.
func checkProjectID(projectID string) error {
	if err := checkCredential("project ID", projectID, ":"); err != nil {
		return err
	}
	if _, err := uuid.Parse(projectID); err != nil || len(projectID) != uuidLength {
		return errors.New("signalwire: the project ID is not a UUID; was the API token or the space passed in its place?")
	}
	return nil
}

// namedOption makes an option's error say which option it was, and makes a nil
// option an error.
func namedOption(number int, option ClientOption) ClientOption {
	return func(c *Client) error {
		if option == nil {
			return fmt.Errorf("signalwire: option %d is nil", number)
		}
		err := option(c)
		if urlError := (*url.Error)(nil); errors.As(err, &urlError) {
			// Its text holds the URL, and that may hold a password.
			err = errors.New("the base URL is not a URL")
		}
		if err != nil {
			return fmt.Errorf("signalwire: option %d: %w", number, err)
		}
		return nil
	}
}

// guard is New's last option: it checks what the others made of the client,
// and makes the HTTP client safe to send with.
func guard(c *Client) error {
	base, err := parseBaseURL(c.Server)
	if err != nil {
		return err
	}
	for _, editor := range c.RequestEditors {
		if editor == nil {
			return errNilEditor
		}
	}
	if isNil(c.Client) {
		return errNilClient
	}
	doer, ok := c.Client.(*Doer)
	if !ok {
		doer = &Doer{HTTPClient: c.Client}
	}
	if err := doer.init(); err != nil {
		return err
	}
	if !ok {
		doer.HTTPClient = nil // init keeps it, where a dump does not reach it.
	}
	c.Client = sameOrigin{doer, base.Scheme, base.Host}
	return nil
}

// send is what every generated method ends in. It takes the error of making the
// request along, so that the methods stay short.
func (c *Client) send(ctx context.Context, request *http.Request, err error, editors []RequestEditorFn) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	if isNil(ctx) {
		return nil, errors.New("signalwire: the context is nil; context.Background() is never done")
	}
	request = request.WithContext(ctx)
	for _, some := range [][]RequestEditorFn{c.RequestEditors, editors} {
		for _, edit := range some {
			if edit == nil {
				return nil, errNilEditor
			}
			if err := edit(ctx, request); err != nil {
				return nil, err
			}
		}
	}
	return c.Client.Do(request)
}

var errNilEditor = errors.New("signalwire: a request editor is nil")

// sameOrigin keeps credentials from being sent to where an editor led the
// request after they were added.
type sameOrigin struct {
	HttpRequestDoer
	scheme, host string
}

func (s sameOrigin) Do(request *http.Request) (*http.Response, error) {
	if request.URL == nil || request.URL.Scheme != s.scheme || request.URL.Host != s.host {
		return nil, &TransportError{Err: fmt.Errorf("a request editor led the request to another scheme or host: %w", errNotSent)}
	}
	return s.HttpRequestDoer.Do(request)
}

func parseBaseURL(baseURL string) (*url.URL, error) {
	u, err := url.Parse(baseURL)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("signalwire: the base URL is not an absolute URL with a host")
	case u.Scheme != "https" && !isLoopbackHTTP(u):
		return nil, errors.New("signalwire: the base URL is neither https nor http on a loopback address")
	case u.User != nil:
		return nil, errors.New("signalwire: the base URL has user information in it; pass credentials to New")
	case strings.ContainsAny(baseURL, "?#"):
		return nil, errors.New("signalwire: the base URL has a query or a fragment")
	case !isPlainPath(u.EscapedPath()):
		return nil, errors.New("signalwire: the path of the base URL has empty or dot segments or unusual characters in it")
	}
	return u, nil
}

// isPlainPath reports whether a path has no empty segments and none that a
// server may resolve to somewhere else. One slash may end it.
func isPlainPath(path string) bool {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return true
	}
	path, ok := strings.CutPrefix(path, "/")
	for segment := range strings.SplitSeq(path, "/") {
		ok = ok && consistsOf(segment, lower+upper+digits+"._~-") && segment != "." && segment != ".."
	}
	return ok
}

// describeClient is the first request editor. Its two values share an array,
// and neither can grow into the other.
func describeClient(_ context.Context, request *http.Request) error {
	values := []string{"application/json", userAgent()}
	request.Header["Accept"], request.Header["User-Agent"] = values[:1:1], values[1:]
	return nil
}

// userAgent names this module and its version, as far as the build tells.
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
