package signalwire

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/google/uuid"
)

// New returns a client for a space, authenticated by a project ID and an API
// token of that project.
//
// The space is a bare name ("acme"), its host ("acme.signalwire.com") or the
// https URL of that host. The project ID is a UUID. The token is visible ASCII
// and needs the scope Voice. New checks all three and every option, and sends
// nothing. No error repeats a rejected value.
//
// Options are those of the generated client. [WithHTTPClient] replaces the HTTP
// client; a *http.Client is copied and never changed. [WithBaseURL] replaces the
// URL made from the space. It takes https, or http on a loopback address or
// localhost, without user information, query or fragment. [WithRequestEditorFn]
// adds an editor, which runs after the one that authenticates. Editors may change
// headers, body, path and query. If one changes the method, the scheme, the host
// or the user, nothing is sent, and the call returns a [*TransportError].
//
// The client is safe for concurrent use. Make it once and keep it.
func New(space, projectID, apiToken string, opts ...ClientOption) (*ClientWithResponses, error) {
	baseURL, err := SpaceURL(space)
	if err != nil {
		return nil, errors.Join(err, checkCredentials(projectID, apiToken))
	}
	return newClient(baseURL, projectID, apiToken, opts)
}

func newClient(baseURL, projectID, apiToken string, opts []ClientOption) (*ClientWithResponses, error) {
	if err := checkCredentials(projectID, apiToken); err != nil {
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

// NewFromEnv is [New] with its arguments from the environment:
// SIGNALWIRE_SPACE (or, if that is unset, SIGNALWIRE_SPACE_URL),
// SIGNALWIRE_PROJECT_ID and SIGNALWIRE_API_TOKEN. SIGNALWIRE_BASE_URL replaces
// the URL made from the space; the space is then ignored and may be unset. The
// option [WithBaseURL] takes precedence over both. An empty variable counts as
// unset. One error names every variable that is missing.
func NewFromEnv(opts ...ClientOption) (*ClientWithResponses, error) {
	space := os.Getenv("SIGNALWIRE_SPACE")
	if space == "" {
		space = os.Getenv("SIGNALWIRE_SPACE_URL")
	}
	projectID, apiToken := os.Getenv(projectVariable), os.Getenv("SIGNALWIRE_API_TOKEN")
	ownURL := os.Getenv("SIGNALWIRE_BASE_URL")
	var missing []string
	for _, variable := range []struct{ name, value string }{
		{"SIGNALWIRE_SPACE", space + ownURL}, // Either is enough.
		{projectVariable, projectID},
		{"SIGNALWIRE_API_TOKEN", apiToken},
	} {
		if variable.value == "" {
			missing = append(missing, variable.name)
		}
	}
	if len(missing) > 0 {
		return nil, errors.New("signalwire: not set in the environment: " + strings.Join(missing, ", "))
	}
	if ownURL == "" {
		return New(space, projectID, apiToken, opts...)
	}
	if _, err := parseBaseURL(ownURL); err != nil {
		return nil, ofVariable("SIGNALWIRE_BASE_URL", err)
	}
	return newClient(ownURL, projectID, apiToken, opts)
}

// AccountFromEnv returns the project's own account, whose SID is the project ID
// in SIGNALWIRE_PROJECT_ID. The error names the variable if it is missing or is
// not a SID.
func AccountFromEnv() (AccountSid, error) {
	projectID := os.Getenv(projectVariable)
	if projectID == "" {
		return AccountSid{}, errors.New("signalwire: not set in the environment: " + projectVariable)
	}
	account, err := ParseAccountSid(projectID)
	if err != nil {
		return AccountSid{}, ofVariable(projectVariable, err)
	}
	return account, nil
}

const projectVariable = "SIGNALWIRE_PROJECT_ID"

func ofVariable(name string, err error) error {
	return errors.New("signalwire: " + name + ": " + strings.TrimPrefix(err.Error(), "signalwire: "))
}

func checkCredentials(projectID, apiToken string) error {
	return errors.Join(checkProjectID(projectID), checkCredential("API token", apiToken, ""))
}

// checkProjectID accepts a UUID only, so that a project ID and an API token that
// were swapped are found at once.
func checkProjectID(projectID string) error {
	if err := checkCredential("project ID", projectID, ":"); err != nil {
		return err
	}
	if _, err := uuid.Parse(projectID); err != nil || len(projectID) != uuidLength {
		return errors.New("signalwire: the project ID is not a UUID; was the API token or the space passed in its place?")
	}
	return nil
}

// namedOption adds the option's number to its error. A nil option is an error.
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

// guard is New's last option. It checks the client that the others made, and
// replaces its HTTP client by one that is safe to send with.
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
	c.Client = &guardedClient{doer.Do, base.Scheme, base.Host}
	return nil
}
