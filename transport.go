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
	"sync"
	"time"
)

// NewTransport returns a new transport like that of the zero [Doer]. Customise it
// before its first use, for example with a certificate authority or a proxy:
//
//	transport := signalwire.NewTransport()
//	transport.TLSClientConfig.RootCAs = pool
//	client, err := signalwire.New(space, projectID, apiToken,
//		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
//
// It is a clone of http.DefaultTransport, so proxies come from the environment,
// with 64 idle connections per host instead of 2, response headers of at most
// 64 KiB, TLS 1.2 or newer, no compression, and on HTTP/2 a ping after 5 silent
// seconds, which has to be acknowledged within 3 seconds. If the program replaced
// http.DefaultTransport by another type, NewTransport starts from net/http's own
// settings instead, and the zero [Doer] sends with the program's type.
//
// If you set OnProxyConnectResponse, call the hook that is there already: it makes
// a proxy's refusal an error with a status, which decides about retries.
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
	before := transport.OnProxyConnectResponse
	transport.OnProxyConnectResponse = func(ctx context.Context, proxy *url.URL, connect *http.Request, response *http.Response) error {
		if before != nil {
			if err := before(ctx, proxy, connect, response); err != nil {
				return err
			}
		}
		return checkProxyResponse(response)
	}
	return transport
}

// defaultTransport returns the transport for a caller who brings none, and whether
// nobody else uses it. A program that put a type of its own into
// http.DefaultTransport, such as a mock, an audit or a rule for egress, expects
// that every request goes through it.
func defaultTransport() (transport http.RoundTripper, own bool) {
	if _, ok := http.DefaultTransport.(*http.Transport); ok || isNil(http.DefaultTransport) {
		return NewTransport(), true
	}
	return http.DefaultTransport, false
}

// proxyRefusal is a proxy's response to CONNECT other than 200. Without it,
// net/http returns an error without a type.
type proxyRefusal struct{ statusCode int }

func (e *proxyRefusal) Error() string {
	return "the proxy refused to connect: " + strconv.Itoa(e.statusCode) + " " + http.StatusText(e.statusCode)
}

func checkProxyResponse(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return &proxyRefusal{response.StatusCode}
	}
	return nil
}

// A connectionTrace records on which connections an attempt was sent. Its hooks
// may be called from other goroutines, at any time.
type connectionTrace struct {
	cancel context.CancelFunc // ends the attempt
	h2c    bool               // a connection without TLS may be HTTP/2
	trace  httptrace.ClientTrace

	mu        sync.Mutex
	wanted    bool // a connection was asked for
	responded bool // the first byte of a response came
	got       int  // connections
	last      httptrace.GotConnInfo
}

func (c *connectionTrace) hooks() *httptrace.ClientTrace {
	c.trace.GetConn = func(string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.wanted = true
	}
	c.trace.GotConn = func(info httptrace.GotConnInfo) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last = info
		if c.isHTTP1() {
			c.got = max(c.got, 1)
			return
		}
		if c.got++; c.got >= maxConnections {
			c.cancel()
		}
	}
	c.trace.GotFirstResponseByte = func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.responded = true
	}
	return &c.trace
}

// On HTTP/2, net/http itself sends a request again, without a pause and without
// a limit, when the first stream of a connection is reset with PROTOCOL_ERROR
// (golang.org/issue/52459), and up to 8 times when the stream is refused. An
// attempt that gets its third connection ends. On HTTP/1, net/http sends a
// DELETE again only if nothing of it was written.
const maxConnections = 3

var errResent = errors.New("the connection refused the request, and net/http sent it again")

func (c *connectionTrace) isHTTP1() bool {
	if overTLS, ok := c.last.Conn.(interface{ ConnectionState() tls.ConnectionState }); ok {
		return overTLS.ConnectionState().NegotiatedProtocol != "h2"
	}
	return !c.h2c
}

func (c *connectionTrace) resent() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got >= maxConnections
}

// neverAsked reports whether the trace saw no connection, wanted or got. That
// proves nothing: net/http omits GetConn if another request dialled the
// connection.
func (c *connectionTrace) neverAsked() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.wanted && c.got == 0
}

// maybeUsed reports whether the request may have been written. Once there was a
// connection, it may be written at any time. A round tripper that reports no
// connection at all is taken to have used one.
func (c *connectionTrace) maybeUsed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got > 0 || !c.wanted
}

// wasDead reports whether the connection was idle before, and ended before the
// first byte of a response. On HTTP/2 every connection but a new one is in use,
// so that a failure there says something of the service.
func (c *connectionTrace) wasDead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last.Reused && !c.responded && c.isHTTP1()
}

// httpClient sends as an http.Client does, but does not look at redirects: an
// http.Client parses Location even if it is told not to follow it, and quotes in
// its error what it cannot parse. Connections keep what was written to them,
// credentials included, so the transport is in a closure, where a dump does not
// reach it.
type httpClient struct {
	send      func(*http.Request) (*http.Response, error)
	closeIdle func() // nil if it keeps no connections
	timeout   time.Duration
	isNetHTTP bool
	own       bool // nobody else sends with it
	h2c       bool // a connection without TLS may be HTTP/2
	// mayChangeRequest is set unless a round tripper sends, which must not change
	// the request. An http.Client adds cookies, and would add them again at each
	// attempt.
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
		c.closeIdle = closeIdleOf(brought)
		return c, nil
	}
	if transport == nil {
		transport, c.own = defaultTransport()
	}
	if isNil(transport) {
		return c, errors.New("signalwire: the HTTP client's transport is nil")
	}
	c.send, c.closeIdle = transport.RoundTrip, closeIdleOf(transport)
	if netHTTP, ok := transport.(*http.Transport); ok {
		c.isNetHTTP = true
		c.h2c = netHTTP.Protocols != nil && netHTTP.Protocols.UnencryptedHTTP2()
		c.send = func(request *http.Request) (*http.Response, error) { return roundTripWithoutProxy(netHTTP, request) }
	}
	if jar != nil {
		roundTrip := c.send
		c.mayChangeRequest = true
		c.send = func(request *http.Request) (*http.Response, error) { return roundTripWithJar(roundTrip, jar, request) }
	}
	return c, nil
}

// closeIdleOf returns v's method CloseIdleConnections, or nil.
func closeIdleOf(v any) func() {
	if closer, ok := v.(interface{ CloseIdleConnections() }); ok {
		return closer.CloseIdleConnections
	}
	return nil
}

// roundTripWithoutProxy sends plain http to loopback directly or not at all: a
// proxy would read the credentials. ProxyFromEnvironment exempts loopback; a Proxy
// function of the caller's may not.
func roundTripWithoutProxy(transport *http.Transport, request *http.Request) (*http.Response, error) {
	if transport.Proxy != nil && isLoopbackHTTP(request.URL) {
		if proxy, err := transport.Proxy(request); err == nil && proxy != nil {
			if request.Body != nil {
				_ = request.Body.Close()
			}
			return nil, errLoopbackProxy
		}
	}
	return transport.RoundTrip(request)
}

var (
	errNilClient = errors.New("signalwire: the HTTP client is nil")

	errLoopbackProxy error = notSentBecause(errors.New("the transport's proxy would get plain http to a loopback address"))
)

// isNil reports whether v is nil, or an interface that holds a nil pointer,
// function, map, slice or channel.
func isNil(v any) bool {
	switch value := reflect.ValueOf(v); value.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan:
		return value.IsNil()
	default:
		return false
	}
}

func roundTripWithJar(roundTrip func(*http.Request) (*http.Response, error), jar http.CookieJar, request *http.Request) (*http.Response, error) {
	for _, cookie := range jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	response, err := roundTrip(request)
	if response != nil {
		if cookies := response.Cookies(); len(cookies) > 0 {
			jar.SetCookies(request.URL, cookies)
		}
	}
	return response, err
}
