package signalwire

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// BasicAuth returns a request editor that authenticates with HTTP Basic (RFC
// 7617), the project ID being the user name and the API token the password.
// The token needs the scope Voice, which is set where the token was made, in
// the SignalWire dashboard.
//
// [New] installs it. It is needed by hand only with [NewClientWithResponses],
// or to send one request with other credentials.
//
// The editor returns an error, and so nothing is sent, if a value is empty, if
// the project ID has a colon, if either has a space, a control character or a
// character outside of ASCII, and if the request would go over plain http to
// anything but a loopback address or localhost, in lower case. No error repeats a
// value. The editor keeps the values where printing and encoding do not reach
// them, and is safe for concurrent use.
func BasicAuth(projectID, apiToken string) RequestEditorFn {
	err := errors.Join(
		checkCredential("project ID", projectID, ":"),
		checkCredential("API token", apiToken, ""),
	)
	header := "Basic " + base64.StdEncoding.EncodeToString([]byte(projectID+":"+apiToken))
	return func(_ context.Context, req *http.Request) error {
		switch {
		case err != nil:
			return err
		case req.URL.Scheme != "https" && !isLoopbackHTTP(req.URL):
			return errors.New("signalwire: credentials are sent over https only, or over http to a loopback address or localhost")
		}
		req.Header.Set("Authorization", header)
		return nil
	}
}

// checkCredential accepts visible ASCII without the forbidden characters.
func checkCredential(name, value, forbidden string) error {
	if value == "" {
		return errors.New("signalwire: the " + name + " is empty")
	}
	for i := range len(value) {
		switch c := value[i]; {
		case c <= ' ' || c == 0x7f:
			return errors.New("signalwire: the " + name + " has a space or a control character in it; was a line end copied with it?")
		case c > 0x7f:
			return errors.New("signalwire: the " + name + " has a character outside of ASCII in it")
		case strings.IndexByte(forbidden, c) >= 0:
			return errors.New("signalwire: the " + name + " has a " + string(c) + " in it (RFC 7617, section 2)")
		}
	}
	return nil
}
