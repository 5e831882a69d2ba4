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
	c.Client = &guardedClient{doer.Do, base.Scheme, base.Host}
	return nil
}
