package signalwire

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"reflect"
	"strconv"
	"sync/atomic"
	"time"
)

// NewTransport returns a new transport like the one that the zero [Doer] sends
// with, to be customised before its first use, for example with a certificate
// authority or a proxy:
//
//	transport := signalwire.NewTransport()
//	transport.TLSClientConfig.RootCAs = pool
//	client, err := signalwire.New(space, projectID, apiToken,
//		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
//
// It is a clone of http.DefaultTransport, so proxies come from the environment,
// with 64 idle connections per host instead of 2, response headers of at most
// 64 KiB, TLS 1.2 or newer, no compression, and on HTTP/2 a ping after 5 silent
// seconds, whose answer is waited for 3 seconds. If http.DefaultTransport was
// replaced by another type, it is made from scratch with the same settings.
func NewTransport() *http.Transport {
	var transport *http.Transport
	if t, ok := http.DefaultTransport.(*http.Transport); ok && t != nil {
		transport = t.Clone()
	} else {
		transport = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
			ForceAttemptHTTP2:   true,
			MaxIdleConns:        100,
			IdleConnTimeout:     90 * time.Second,
			TLSHandshakeTimeout: 10 * time.Second,
		}
	}
	transport.MaxIdleConnsPerHost = 64
	transport.MaxResponseHeaderBytes = 64 << 10
	transport.DisableCompression = true
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	transport.TLSClientConfig.MinVersion = max(transport.TLSClientConfig.MinVersion, tls.VersionTLS12)
	if transport.HTTP2 == nil {
		transport.HTTP2 = &http.HTTP2Config{}
	}
	transport.HTTP2.SendPingTimeout = 5 * time.Second
	transport.HTTP2.PingTimeout = 3 * time.Second
	transport.OnProxyConnectResponse = checkProxyResponse
	return transport
}

// proxyRefusal is a proxy's answer to CONNECT that is not a 200. net/http gives
// only its text otherwise.
type proxyRefusal struct{ statusCode int }

func (e *proxyRefusal) Error() string {
	return "the proxy refused to connect: " + strconv.Itoa(e.statusCode) + " " + http.StatusText(e.statusCode)
}

func checkProxyResponse(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &proxyRefusal{response.StatusCode}
	}
	return nil
}

// connectionTrace records how far a request came. Its hooks may be called from
// other goroutines.
type connectionTrace struct {
	wanted, got, reused atomic.Bool
	trace               httptrace.ClientTrace
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	c.trace.GetConn = func(string) { c.wanted.Store(true) }
	c.trace.GotConn = func(info httptrace.GotConnInfo) {
		c.got.Store(true)
		c.reused.Store(info.Reused)
	}
	return &c.trace
}

// httpClient is an http.Client without redirects: that one reads Location even
// if it is told not to follow it, and puts what it cannot parse into its error.
// Connections keep what was written to them, credentials included, so what
// sends is in a closure, where a dump does not reach it.
type httpClient struct {
	send      func(*http.Request) (*http.Response, error)
	timeout   time.Duration
	isNetHTTP bool // a request that asks for no connection is not sent
	// mayChangeRequest is set unless this is a round tripper, which may not. An
	// http.Client, for one, adds cookies, and would again at each attempt.
	mayChangeRequest bool
}

func newHTTPClient(brought HttpRequestDoer) (httpClient, error) {
	var c httpClient
	var transport http.RoundTripper
	var jar http.CookieJar
	switch brought := brought.(type) {
	case nil:
	case *http.Client:
		if brought == nil {
			return c, errNilClient
		}
		transport, jar, c.timeout = brought.Transport, brought.Jar, brought.Timeout
	default:
		if isNil(brought) {
			return c, errNilClient
		}
		c.send, c.mayChangeRequest = brought.Do, true
		return c, nil
	}
	if transport == nil {
		transport = NewTransport()
	}
	if isNil(transport) {
		return c, errors.New("signalwire: the HTTP client's transport is nil")
	}
	_, c.isNetHTTP = transport.(*http.Transport)
	c.send = transport.RoundTrip
	if jar != nil {
		c.mayChangeRequest = true
		c.send = func(request *http.Request) (*http.Response, error) { return roundTripWithJar(transport, jar, request) }
	}
	return c, nil
}

var errNilClient = errors.New("signalwire: the HTTP client is nil")

// isNil finds a nil pointer in an interface.
func isNil(v any) bool {
	value := reflect.ValueOf(v)
	return !value.IsValid() || value.Kind() == reflect.Pointer && value.IsNil()
}

func roundTripWithJar(transport http.RoundTripper, jar http.CookieJar, request *http.Request) (*http.Response, error) {
	for _, cookie := range jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	response, err := transport.RoundTrip(request)
	if response != nil {
		if cookies := response.Cookies(); len(cookies) > 0 {
			jar.SetCookies(request.URL, cookies)
		}
	}
	return response, err
}
