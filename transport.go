package signalwire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strconv"
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
