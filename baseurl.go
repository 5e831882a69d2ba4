package signalwire

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

const spaceDomain = ".signalwire.com"

// isDNSLabel reports whether s is a label of a host name (RFC 1123, section
// 2.1) in lower case.
func isDNSLabel(s string) bool {
	return consistsOf(s, lower+digits+"-") && len(s) <= 63 && !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// SpaceURL returns the base URL of a space's Compatibility API,
// https://SPACE.signalwire.com and [BasePath]. The space is a bare name
// ("acme"), its host ("acme.signalwire.com") or the https URL of that host, in
// upper or lower case. Anything else is an error, which does not repeat it.
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
	return "https://" + label + spaceDomain + BasePath, nil
}

// parseBaseURL parses the URL that the paths of operations are appended to. No
// error repeats it.
func parseBaseURL(baseURL string) (*url.URL, error) {
	u, err := url.Parse(baseURL)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "":
		return nil, errors.New("signalwire: the base URL is not an absolute URL with a host")
	case u.Scheme != "https" && !isLoopbackHTTP(u):
		return nil, errors.New("signalwire: the base URL is neither https nor http on a loopback address or localhost")
	case u.User != nil:
		return nil, errors.New("signalwire: the base URL has user information in it; pass credentials to New")
	case !hasPlainPort(u):
		return nil, errors.New("signalwire: the base URL has a colon and no port from 1 to 65535 after it")
	case strings.ContainsAny(baseURL, "?#"):
		return nil, errors.New("signalwire: the base URL has a query or a fragment")
	case !isPlainPath(u.EscapedPath()):
		return nil, errors.New("signalwire: the path of the base URL has empty or dot segments or unusual characters in it")
	}
	return u, nil
}

// isLoopbackHTTP reports whether u is plain http that does not leave the machine,
// as test servers speak it. Of localhost it accepts only the lower case: net/http
// sends requests for any other spelling to HTTP_PROXY.
func isLoopbackHTTP(u *url.URL) bool {
	if u.Scheme != "http" {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// hasPlainPort reports whether the host is followed by nothing or by a port.
func hasPlainPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// isPlainPath reports whether a path has no empty segments and none that a server
// may resolve to another path. It may end in one slash.
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
