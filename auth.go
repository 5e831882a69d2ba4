package signalwire

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// BasicAuth returns a request editor that authenticates with HTTP Basic (RFC
// 7617): the project ID is the user name, and the API token is the password. The
// token needs the scope Voice, which is set in the SignalWire dashboard.
//
// [New] installs it. Use it yourself with [NewClientWithResponses], or to send
// one request with other credentials.
//
// The editor returns an error, so that nothing is sent, in these cases:
//   - A value is empty, or has a space, a control character or a character
//     outside of ASCII in it.
//   - The project ID has a colon in it.
//   - The request would go over plain http to a host other than a loopback
//     address or localhost, in lower case.
//
// No error repeats a value. The editor keeps the credentials in a closure, which
// printing and encoding do not reach. It is safe for concurrent use.
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

// checkCredential accepts visible ASCII characters except the forbidden ones.
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
