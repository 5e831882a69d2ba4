package signalwire_test

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestNewTransport replaces http.DefaultTransport, so it is not parallel.
func TestNewTransport(t *testing.T) {
	original := http.DefaultTransport
	defer func() { http.DefaultTransport = original }()
	var none *http.Transport
	for _, tt := range []struct {
		name     string
		standard http.RoundTripper
	}{
		{"the original", original},
		{"an empty one", &http.Transport{}},
		{"another type", http.NewFileTransport(http.Dir("."))},
		{"nil", nil},
		{"typed nil", none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			http.DefaultTransport = tt.standard

			transport := signalwire.NewTransport()

			require.Equal(t, 64, transport.MaxIdleConnsPerHost)
			require.Zero(t, transport.MaxConnsPerHost)
			require.Equal(t, int64(64<<10), transport.MaxResponseHeaderBytes)
			require.True(t, transport.DisableCompression, "compressed responses are asked for")
			require.Equal(t, uint16(tls.VersionTLS12), transport.TLSClientConfig.MinVersion)
			require.False(t, transport.TLSClientConfig.InsecureSkipVerify, "certificates are not verified")
			require.Equal(t, 5*time.Second, transport.HTTP2.SendPingTimeout)
			require.Equal(t, 3*time.Second, transport.HTTP2.PingTimeout)
			if tt.name != "an empty one" {
				require.NotNil(t, transport.Proxy)
				require.True(t, transport.ForceAttemptHTTP2, "HTTP/2 is not tried")
				require.Equal(t, 100, transport.MaxIdleConns)
				require.Equal(t, 90*time.Second, transport.IdleConnTimeout)
				require.Equal(t, 10*time.Second, transport.TLSHandshakeTimeout)
			}
			client, err := signalwire.New("example", testProject, testToken)
			require.NoError(t, err)
			require.NotNil(t, client)
		})
	}
}

// TestNewTransportIsAClone keeps what a program set for all of its clients, and
// changes nothing of it.
func TestNewTransportIsAClone(t *testing.T) {
	original := http.DefaultTransport
	defer func() { http.DefaultTransport = original }()
	mine := &http.Transport{
		MaxIdleConns:        7,
		MaxIdleConnsPerHost: 3,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "example.org"},
		HTTP2:               &http.HTTP2Config{SendPingTimeout: time.Hour, MaxConcurrentStreams: 9},
	}
	http.DefaultTransport = mine

	first, second := signalwire.NewTransport(), signalwire.NewTransport()
	first.TLSClientConfig.ServerName, first.HTTP2.PingTimeout = "first", time.Second

	require.Equal(t, 7, second.MaxIdleConns)
	require.Equal(t, "example.org", second.TLSClientConfig.ServerName)
	require.Equal(t, uint16(tls.VersionTLS13), second.TLSClientConfig.MinVersion)
	require.Equal(t, 9, second.HTTP2.MaxConcurrentStreams)
	require.Equal(t, 5*time.Second, second.HTTP2.SendPingTimeout)
	require.Equal(t, 3*time.Second, second.HTTP2.PingTimeout)
	require.Equal(t, 3, mine.MaxIdleConnsPerHost)
	require.Zero(t, mine.MaxResponseHeaderBytes)
	require.False(t, mine.DisableCompression, "the program's own transport has changed")
	require.Equal(t, "example.org", mine.TLSClientConfig.ServerName)
	require.Equal(t, &http.HTTP2Config{SendPingTimeout: time.Hour, MaxConcurrentStreams: 9}, mine.HTTP2)
	require.Nil(t, mine.OnProxyConnectResponse)
}

// TestNewTransportKeepsProxyHook of http.DefaultTransport, and adds ours. It is
// not parallel because it replaces that.
func TestNewTransportKeepsProxyHook(t *testing.T) {
	original := http.DefaultTransport
	defer func() { http.DefaultTransport = original }()
	var asked []int
	var refusal error
	http.DefaultTransport = &http.Transport{
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
			asked = append(asked, response.StatusCode)
			return refusal
		},
	}
	hook := signalwire.NewTransport().OnProxyConnectResponse
	ask := func(status int) error { return hook(t.Context(), nil, nil, &http.Response{StatusCode: status}) }

	require.NoError(t, ask(200))
	require.ErrorContains(t, ask(407), "the proxy refused to connect: 407")
	refusal = io.EOF
	require.Equal(t, io.EOF, ask(200))
	require.Equal(t, io.EOF, ask(407))
	require.Equal(t, []int{200, 407, 200, 407}, asked)
}

// TestDefaultTransportOfTheProgram: a program that replaced it, with a mock for
// example, expects that it is used. It is not parallel because of that.
func TestDefaultTransportOfTheProgram(t *testing.T) {
	original := http.DefaultTransport
	defer func() { http.DefaultTransport = original }()
	for name, options := range map[string][]signalwire.ClientOption{
		"no option":                nil,
		"http.Client":              {signalwire.WithHTTPClient(&http.Client{})},
		"Doer":                     {signalwire.WithHTTPClient(&signalwire.Doer{})},
		"Doer with an http.Client": {signalwire.WithHTTPClient(&signalwire.Doer{HTTPClient: &http.Client{}})},
	} {
		t.Run(name, func(t *testing.T) {
			var requests []string
			http.DefaultTransport = wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				requests = append(requests, r.Method+" "+r.URL.Host)
				return wiretest.Response(r, http.StatusNoContent, ""), nil
			})
			client, err := signalwire.New("example", testProject, testToken, options...)
			require.NoError(t, err)
			http.DefaultTransport = wiretest.Sender(func(*http.Request) (*http.Response, error) { panic("New ran before") })

			_, err = remove(t, client)

			require.NoError(t, err)
			require.Equal(t, []string{"DELETE example.signalwire.com"}, requests)
		})
	}
}

// TestProxyOfLoopback: plain http to loopback is for test servers. A proxy
// would get the credentials in the clear.
func TestProxyOfLoopback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		jar  http.CookieJar
		doer bool
	}{
		{"http.Client", nil, false}, {"http.Client with a jar", must(cookiejar.New(nil)), false}, {"Doer", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var proxied, direct atomic.Int64
			proxy := must(url.Parse(wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
				proxied.Add(1)
				w.WriteHeader(http.StatusNoContent)
			})))
			proxy.User = url.UserPassword("someone", "hunter2")
			use := true
			transport := signalwire.NewTransport()
			transport.Proxy = func(*http.Request) (*url.URL, error) {
				if use {
					return proxy, nil
				}
				return nil, nil
			}
			var option signalwire.HttpRequestDoer = &http.Client{Transport: transport, Jar: tt.jar}
			if tt.doer {
				option = &signalwire.Doer{HTTPClient: option}
			}
			client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				direct.Add(1)
				w.WriteHeader(http.StatusNoContent)
			}), signalwire.WithHTTPClient(option))

			_, err := remove(t, client)
			failure := requireTransportError(t, err)
			require.ErrorContains(t, err, "proxy")
			require.NotContains(t, err.Error(), "hunter2")
			require.Equal(t, 1, failure.Attempts)
			require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
			require.False(t, failure.Retryable(), "Retryable of %v", err)
			require.Zero(t, proxied.Load())

			use = false
			_, err = remove(t, client)
			require.NoError(t, err)
			require.Equal(t, int64(1), direct.Load())
		})
	}
}

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// helloTLS10 is a ServerHello that chooses TLS 1.0, whatever was offered.
var helloTLS10 = "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + strings.Repeat("r", 32) + "\x00\x00\x2f\x00"

func TestTLSFaults(t *testing.T) {
	t.Parallel()
	trusted, unknown := wiretest.NewAuthority(t), wiretest.NewAuthority(t)
	good := trusted.Issue(t, nil)
	with := func(certificate tls.Certificate, change func(*tls.Config)) func(*wiretest.Conn) {
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		if change != nil {
			change(config)
		}
		return wiretest.OverTLS(config, wiretest.Responds(wiretest.NoContent))
	}
	changed := func(change func(*x509.Certificate)) func(*wiretest.Conn) {
		return with(trusted.Issue(t, change), nil)
	}
	permanent := wireWant{attempts: 1}
	fleeting := wireWant{attempts: 2, retryable: true}
	for _, tt := range []struct {
		name   string
		script func(*wiretest.Conn)
		want   wireWant
		isA    func(error) bool
	}{
		{"trusted", with(good, nil), wireWant{status: http.StatusNoContent}, nil},
		{"trusted, TLS 1.2", with(good, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), wireWant{status: http.StatusNoContent}, nil},

		{"unknown authority", with(unknown.Issue(t, nil), nil), permanent, isA[x509.UnknownAuthorityError]},
		{"expired", changed(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }), permanent, isA[x509.CertificateInvalidError]},
		{"not valid yet", changed(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), permanent, isA[x509.CertificateInvalidError]},
		{"wrong host", changed(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"example.org"} }), permanent, isA[x509.HostnameError]},
		{"wrong address", changed(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }), permanent, isA[x509.HostnameError]},
		{"not for servers", changed(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			permanent, isA[x509.CertificateInvalidError]},
		{"TLS 1.1 at most", with(good, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), permanent, isA[*net.OpError]},
		{"TLS 1.0 at most", with(good, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }), permanent, isA[*net.OpError]},
		{"TLS 1.0 chosen", wiretest.SpeaksFirst(helloTLS10), permanent, nil},
		{"unexpected message", wiretest.SpeaksFirst("\x16\x03\x03\x00\x04\x0e\x00\x00\x00"), permanent, nil},
		{"no protocol in common", with(good, func(c *tls.Config) { c.NextProtos = []string{"smtp"} }), permanent, isA[*net.OpError]},
		{"certificate wanted, TLS 1.2", with(good, func(c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}), permanent, isA[*net.OpError]},
		// In TLS 1.3, the request is on its way when the alert comes.
		{"certificate wanted, TLS 1.3", with(good, func(c *tls.Config) {
			c.ClientAuth, c.MinVersion = tls.RequireAnyClientCert, tls.VersionTLS13
		}), wireWant{attempts: 1, maybeApplied: true}, isA[*net.OpError]},
		{"alert", wiretest.SpeaksFirst("\x15\x03\x03\x00\x02\x02\x28"), permanent, isA[*net.OpError]},
		{"plain HTTP", wiretest.SpeaksFirst("HTTP/1.1 204 No Content\r\n\r\n"), permanent, isA[tls.RecordHeaderError]},
		{"SSH", wiretest.SpeaksFirst("SSH-2.0-OpenSSH_9.6\r\n"), permanent, isA[tls.RecordHeaderError]},

		// What may be otherwise next time.
		{"closed in the handshake", func(c *wiretest.Conn) { _, _ = c.Reader.ReadByte() }, fleeting, nil},
		{"reset in the handshake", func(c *wiretest.Conn) {
			_, _ = c.Reader.Peek(1)
			c.Reset()
		}, wireWant{is: syscall.ECONNRESET, attempts: 2, retryable: true}, nil},
		{"silent in the handshake", (*wiretest.Conn).Hold, wireWant{attempts: 2, retryable: true, timeout: true}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, tt.script)
			err := tt.want.requireFrom(t, "https://"+server.Address, trusted.Transport(t))
			require.Equal(t, int64(max(tt.want.attempts, 1)), server.Connections.Load())
			if tt.isA != nil {
				require.True(t, tt.isA(err), "%v", err)
			}
			if tt.want.status == 0 {
				require.Zero(t, server.Requests.Load())
			}
		})
	}
}

// TestOwnVerification has a program look at certificates itself, whose errors
// come without crypto/tls's own around them.
func TestOwnVerification(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	certificate := authority.Certificate
	script := wiretest.OverTLS(&tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}, wiretest.Responds(wiretest.NoContent))
	for _, tt := range []struct {
		name string
		err  error
	}{
		{"expired", x509.CertificateInvalidError{Cert: certificate, Reason: x509.Expired}},
		{"wrong host", x509.HostnameError{Certificate: certificate, Host: "example.org"}},
		{"unknown authority", x509.UnknownAuthorityError{Cert: certificate}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, script)
			transport := authority.Transport(t)
			transport.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error { return tt.err }
			wireWant{attempts: 1, is: tt.err}.requireFrom(t, "https://"+server.Address, transport)
			require.Equal(t, int64(1), server.Connections.Load())
		})
	}
}

func TestProxy(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	api := wiretest.NewServer(t, wiretest.OverTLS(&tls.Config{Certificates: []tls.Certificate{
		authority.Issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"api.example.test"} }),
	}}, wiretest.Responds(wiretest.NoContent)))
	refuses := func(status string) func(*wiretest.Conn) {
		return wiretest.Responds("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n")
	}
	refused := func(text string) wireWant { return wireWant{attempts: 1, text: text} }
	fleeting := wireWant{attempts: 2, retryable: true}
	for _, tt := range []struct {
		name   string
		script func(*wiretest.Conn)
		want   wireWant
	}{
		{"connects", wiretest.Tunnel(api.Address), wireWant{status: http.StatusNoContent}},

		{"400", refuses("400 Bad Request"), refused("the proxy refused to connect: 400 Bad Request")},
		{"403", refuses("403 Forbidden"), refused("the proxy refused to connect: 403 Forbidden")},
		{"404", refuses("404 Not Found"), refused("the proxy refused to connect: 404 Not Found")},
		{"407", refuses("407 Proxy Authentication Required"), refused("the proxy refused to connect: 407")},
		{"204", refuses("204 No Content"), refused("the proxy refused to connect: 204")},
		{"302", refuses("302 Found"), refused("the proxy refused to connect: 302")},
		{"500", refuses("500 Oops"), wireWant{attempts: 2, retryable: true, text: "the proxy refused to connect: 500"}},
		{"502", refuses("502 Bad Gateway"), wireWant{attempts: 2, retryable: true, text: "the proxy refused to connect: 502"}},
		{"503", refuses("503 Busy"), wireWant{attempts: 2, retryable: true, text: "the proxy refused to connect: 503"}},
		{"connects to plain HTTP", func(c *wiretest.Conn) {
			c.Next()
			c.Say("HTTP/1.1 200 Connected\r\n\r\n")
			wiretest.SpeaksFirst("HTTP/1.1 204 No Content\r\n\r\n")(c)
		}, wireWant{attempts: 1}},

		{"closes", wiretest.ClosesAfter(""), fleeting},
		{"closes in its response", wiretest.ClosesAfter("HTTP/1.1 200 Conn"), fleeting},
		{"connects and closes", wiretest.ClosesAfter("HTTP/1.1 200 Connected\r\n\r\n"), fleeting},
		{"is not HTTP", wiretest.ClosesAfter("SSH-2.0-OpenSSH_9.6\r\n"), fleeting},
		{"does not respond", wiretest.HoldsAfter(""), wireWant{attempts: 2, retryable: true, timeout: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := wiretest.NewServer(t, tt.script)
			transport := authority.Transport(t)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Address})
			tt.want.requireFrom(t, "https://api.example.test", transport)
			require.Equal(t, int64(max(tt.want.attempts, 1)), proxy.Connections.Load())
			requireSecrecy(t, proxy, "api.example.test:443")
			require.NotContains(t, strings.ToLower(proxy.Received.String()), "authorization")
		})
	}
}

// TestProxyThatNeverEndsItsResponse is bounded in size by net/http from Go 1.26
// on, and before that only in time.
func TestProxyThatNeverEndsItsResponse(t *testing.T) {
	t.Parallel()
	proxy := wiretest.NewServer(t, wiretest.KeepsSaying("HTTP/1.1 200 Connected\r\n", strings.Repeat("X: x\r\n", 100)))
	transport := wiretest.NewAuthority(t).Transport(t)
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Address})

	response, err := removeFrom(t, "https://api.example.test",
		&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: shortAttempt})

	require.Nil(t, response)
	var failure *signalwire.TransportError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, 2, failure.Attempts)
	require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
	requireLogLine(t, err)
}

func TestProxyUnreachable(t *testing.T) {
	t.Parallel()
	transport := signalwire.NewTransport()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: wiretest.RefusingAddress(t)})
	wireWant{is: syscall.ECONNREFUSED, attempts: 2, retryable: true}.requireFrom(t, "https://api.example.test", transport)
}

// TestProxyOverTLS has a proxy that is itself spoken to over TLS.
func TestProxyOverTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(*wiretest.Conn)
		isA    func(error) bool
	}{
		{"unknown authority", wiretest.OverTLS(&tls.Config{Certificates: []tls.Certificate{wiretest.NewAuthority(t).Issue(t, nil)}}, wiretest.ClosesAfter("")),
			isA[x509.UnknownAuthorityError]},
		{"TLS 1.0 chosen", wiretest.SpeaksFirst(helloTLS10), isA[*net.OpError]},
		{"plain HTTP", wiretest.SpeaksFirst("HTTP/1.1 200 Connected\r\n\r\n"), isA[tls.RecordHeaderError]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := wiretest.NewServer(t, tt.script)
			transport := wiretest.NewAuthority(t).Transport(t)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "https", Host: proxy.Address})
			err := wireWant{attempts: 1}.requireFrom(t, "https://api.example.test", transport)
			require.True(t, tt.isA(err), "%v", err)
			require.Equal(t, int64(1), proxy.Connections.Load())
		})
	}
}

// TestProxyCredentials has credentials for the proxy in its URL, which the
// proxy gets and no error shows.
func TestProxyCredentials(t *testing.T) {
	t.Parallel()
	proxy := wiretest.NewServer(t, wiretest.Responds("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
	transport := signalwire.NewTransport()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Address, User: url.UserPassword("someone", "hunter2")})
	err := wireWant{attempts: 1, text: "407"}.requireFrom(t, "https://api.example.test", transport)
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "someone")
	require.Contains(t, proxy.Received.String(), "\nProxy-Authorization: Basic ")
	requireSecrecy(t, proxy, "api.example.test:443")
}

// TestProxyFromEnvironment runs itself in a process of its own, because
// net/http reads the environment once. There it uses a client without options.
func TestProxyFromEnvironment(t *testing.T) {
	const variable = "SIGNALWIRE_TEST_AUTHORITY"
	if certificate := os.Getenv(variable); certificate != "" {
		pool := x509.NewCertPool()
		require.True(t, pool.AppendCertsFromPEM([]byte(certificate)), "no certificate: %s", certificate)
		http.DefaultTransport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool}
		client, err := signalwire.New("example", testProject, testToken)
		require.NoError(t, err)
		_, err = client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
		require.NoError(t, err)
		return
	}
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	api := wiretest.NewServer(t, wiretest.OverTLS(&tls.Config{Certificates: []tls.Certificate{
		authority.Issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"example.signalwire.com"} }),
	}}, wiretest.Responds(wiretest.NoContent)))
	proxy := wiretest.NewServer(t, wiretest.Tunnel(api.Address))

	wiretest.RunAgain(t, "HTTPS_PROXY=http://"+proxy.Address, "NO_PROXY=", "no_proxy=",
		variable+"="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate.Raw})))

	require.Equal(t, int64(1), proxy.Connections.Load())
	require.Equal(t, int64(1), api.Requests.Load())
	requireSecrecy(t, proxy, "example.signalwire.com:443")
}

// requireSecrecy wants a proxy to have seen where to connect, and nothing of
// the request.
func requireSecrecy(t *testing.T, proxy *wiretest.Server, address string) {
	t.Helper()
	received := proxy.Received.String()
	require.Contains(t, received, "CONNECT "+address+" HTTP/1.1\r\n")
	for _, secret := range append([]string{"\nAuthorization:", "Participants", testConference.String(), testCall.String()}, testCredentials...) {
		require.NotContains(t, received, secret)
	}
}

// TestHTTP2 speaks with net/http's own server.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    wireWant
	}{
		{"204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, wireWant{status: 204}},
		{"404", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, wiretest.ErrorBody(404))
		}, wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{"404 of something else", http.NotFound, wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}},
		{"200", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") },
			wireWant{status: 200, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},
		{"one long header", overlongHeader(1, 72<<10), wireWant{attempts: 1, maybeApplied: true}},
		{"one very long header", overlongHeader(1, 1<<20), wireWant{attempts: 1, maybeApplied: true}},
		{"many headers", overlongHeader(36, 2<<10), wireWant{attempts: 1, maybeApplied: true}},
		{"very many headers", overlongHeader(512, 2<<10), wireWant{attempts: 1, maybeApplied: true}},
		{"long body", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write(make([]byte, 4<<20))
		}, wireWant{status: 500, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true, retryable: true, text: "too long"}},
		{"cut body", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, wiretest.ErrorBody(404))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, brokenTwice},
		{"103s", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.WriteHeader(http.StatusEarlyHints)
			}
			w.WriteHeader(http.StatusNoContent)
		}, wireWant{status: 204}},
		{"no response", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			wireWant{attempts: 2, maybeApplied: true, retryable: true, timeout: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var requests, others atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests.Add(1)
				if r.ProtoMajor != 2 || r.Method != http.MethodDelete || r.ContentLength != 0 {
					others.Add(1)
				}
				tt.handler(w, r)
			}))
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			transport := signalwire.NewTransport()
			defer transport.CloseIdleConnections()
			transport.TLSClientConfig.RootCAs = server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
			tt.want.requireFrom(t, server.URL, transport)
			require.Zero(t, others.Load())
			require.Equal(t, int64(max(tt.want.attempts, 1)), requests.Load())
		})
	}
}

func overlongHeader(times, length int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := range times {
			w.Header().Set(fmt.Sprintf("X%d", i), strings.Repeat("x", length))
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func TestHTTP2Faults(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	removed := wireWant{status: http.StatusNoContent}
	silent := wireWant{attempts: 2, maybeApplied: true, retryable: true, timeout: true}
	for _, tt := range []struct {
		name                  string
		request               func(c *wiretest.H2Conn, stream uint32) bool
		want                  wireWant
		connections, requests int64
	}{
		{"204", func(c *wiretest.H2Conn, stream uint32) bool {
			c.NoContent(stream)
			return true
		}, removed, 1, 1},
		{"204 whose stream stays open", func(c *wiretest.H2Conn, stream uint32) bool {
			c.Frame(wiretest.H2Headers, wiretest.H2EndHeaders, stream, 0x89)
			return true
		}, removed, 1, 1},
		{"refused once", func(c *wiretest.H2Conn, stream uint32) bool {
			if stream == 1 {
				c.Reset(stream, wiretest.H2Refused)
			} else {
				c.NoContent(stream)
			}
			return true
		}, removed, 1, 2},
		// net/http tries again at once and then after a second, so each attempt ends in between.
		{"refused for ever", func(c *wiretest.H2Conn, stream uint32) bool {
			c.Reset(stream, wiretest.H2Refused)
			return true
		}, silent, 1, 4},
		{"gone away before the request", func(c *wiretest.H2Conn, stream uint32) bool {
			if c.Number == 1 {
				c.GoAway(0, wiretest.H2NoError)
				return true
			}
			c.NoContent(stream)
			return true
		}, removed, 2, 2},
		{"gone away in the request", func(c *wiretest.H2Conn, stream uint32) bool {
			if c.Number == 1 {
				c.GoAway(stream, wiretest.H2NoError)
				return false
			}
			c.NoContent(stream)
			return true
		}, removed, 2, 2},
		{"gone away in every request", func(c *wiretest.H2Conn, stream uint32) bool {
			c.GoAway(stream, wiretest.H2NoError)
			return false
		}, brokenTwice, 2, 2},
		{"gone away with an error", func(c *wiretest.H2Conn, _ uint32) bool {
			c.GoAway(0, wiretest.H2InternalError)
			return true
		}, brokenTwice, 2, 2},
		{"closed", func(*wiretest.H2Conn, uint32) bool { return false }, brokenTwice, 2, 2},
		{"cancelled", func(c *wiretest.H2Conn, stream uint32) bool {
			c.Reset(stream, wiretest.H2Cancel)
			return true
		}, brokenTwice, 1, 2},
		{"reset in the body", func(c *wiretest.H2Conn, stream uint32) bool {
			c.Frame(wiretest.H2Headers, wiretest.H2EndHeaders, stream, 0x8d) // ":status: 404"
			c.Reset(stream, wiretest.H2InternalError)
			return true
		}, brokenTwice, 1, 2},
		{"not HTTP/2", func(c *wiretest.H2Conn, _ uint32) bool {
			_, _ = io.WriteString(c, wiretest.NoContent)
			return true
		}, brokenTwice, 2, 2},
		{"headers that are not HPACK", func(c *wiretest.H2Conn, stream uint32) bool {
			c.Frame(wiretest.H2Headers, wiretest.H2EndStream|wiretest.H2EndHeaders, stream, 0xff, 0xff, 0xff)
			return true
		}, wireWant{attempts: 1, maybeApplied: true}, 1, 1},
		{"103s beyond 64 KiB", func(c *wiretest.H2Conn, stream uint32) bool {
			for range 4 << 10 {
				c.Frame(wiretest.H2Headers, wiretest.H2EndHeaders, stream, 0x08, 3, '1', '0', '3')
			}
			return true
		}, wireWant{attempts: 1, maybeApplied: true}, 1, 1},
		{"no response", func(*wiretest.H2Conn, uint32) bool { return true }, silent, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, wiretest.SpeakH2(config, tt.request))
			tt.want.requireFrom(t, "https://"+server.Address, authority.Transport(t))
			require.Equal(t, tt.requests, server.Requests.Load())
			// Where one ends, net/http may have dialled a spare one.
			require.GreaterOrEqual(t, server.Connections.Load(), tt.connections)
			if tt.connections == 1 {
				require.Equal(t, int64(1), server.Connections.Load())
			}
		})
	}
}

// TestHTTP2SilentPeer has a peer that does not even respond to pings: without them,
// the connection would be used, and time out, again and again.
func TestHTTP2SilentPeer(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	server := wiretest.NewServer(t, wiretest.SpeakH2(config, func(c *wiretest.H2Conn, _ uint32) bool {
		c.Deaf = true
		return true
	}))
	transport := authority.Transport(t)
	transport.HTTP2.SendPingTimeout = 100 * time.Millisecond
	transport.HTTP2.PingTimeout = time.Second
	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 1, AttemptTimeout: time.Minute, MaxElapsed: time.Minute}

	began := time.Now()
	response, err := removeFrom(t, "https://"+server.Address, doer)

	wireWant{attempts: 1, maybeApplied: true, retryable: true}.require(t, response, err)
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, int64(1), server.Requests.Load())
}

// TestSentAgainByNetHTTP: net/http itself sends again what a new HTTP/2
// connection resets with PROTOCOL_ERROR, for ever and without a pause.
func TestSentAgainByNetHTTP(t *testing.T) {
	t.Parallel()
	const protocolError = 1
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	for _, tt := range []struct {
		name     string
		resets   int64 // connections that reset
		code     byte
		requests int64 // at most
		removed  bool
	}{
		{"for ever", 1 << 40, protocolError, 3, false},
		{"refused for ever", 1 << 40, wiretest.H2Refused, 3, false},
		{"once", 1, protocolError, 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, wiretest.SpeakH2(config, func(c *wiretest.H2Conn, stream uint32) bool {
				if c.Number <= tt.resets {
					c.Reset(stream, tt.code)
				} else {
					c.NoContent(stream)
				}
				return true
			}))
			response, err := removeFrom(t, "https://"+server.Address, &signalwire.Doer{
				HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: 1, AttemptTimeout: longAttempt,
			})

			require.LessOrEqual(t, server.Requests.Load(), tt.requests)
			if tt.removed {
				require.NoError(t, err)
				require.Equal(t, 204, response.StatusCode())
				return
			}
			failed := requireTransportError(t, err)
			require.True(t, failed.MaybeApplied, "it may have been applied")
			require.True(t, failed.Retryable(), "the same request may succeed later")
			require.False(t, failed.Timeout(), "no time limit was exceeded")
			require.ErrorContains(t, err, "sent it again")
		})
	}
}

// TestConnectionOfACancelledCall: a connection that another call has dialled
// and not waited for carries requests, too, although net/http does not say that
// one was asked for.
func TestConnectionOfACancelledCall(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	// The call may come before net/http has put the connection aside.
	for range 20 {
		server := wiretest.NewServer(t, wiretest.SpeakH2(config, func(c *wiretest.H2Conn, stream uint32) bool {
			c.Reset(stream, wiretest.H2Cancel)
			return true
		}))
		transport := authority.Transport(t)
		dialling, release := make(chan bool), make(chan bool)
		var dials atomic.Int64
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				close(dialling)
				<-release
			}
			return dial(ctx, network, address)
		}
		client := newClientAt(t, "https://"+server.Address, &signalwire.Doer{
			HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 1, AttemptTimeout: longAttempt,
		})
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := make(chan error)
		go func() {
			_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)
			cancelled <- err
		}()
		<-dialling
		cancel()
		require.False(t, requireTransportError(t, <-cancelled).MaybeApplied, "nothing was sent yet")
		close(release)
		wiretest.RequireSoon(t, func() bool { return server.Settled.Load() == 1 }, "the connection is made all the same")

		_, err := remove(t, client)

		failed := requireTransportError(t, err)
		require.True(t, failed.MaybeApplied, "it was sent")
		require.True(t, failed.Retryable(), "it may succeed later")
		if dials.Load() == 1 {
			return
		}
	}
	require.Fail(t, "no call was sent on the connection of the cancelled one")
}

// TestConnectionsAreReused: a new connection costs more than to read a response
// to its end, even one that is a little too long.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		status      int
		body        string
		connections int64
	}{
		{"204", 204, "", 1},
		{"200", 200, "{}", 1},
		{"302", 302, "moved", 1},
		{"404", 404, wiretest.ErrorBody(404), 1},
		{"404 without a body", 404, "", 1},
		{"500", 500, "<html>", 1},
		{"500 of 1 MiB", 500, strings.Repeat(" ", 1<<20), 1},
		{"500 a little too long", 500, strings.Repeat(" ", 1<<20+100<<10), 1},
		{"500 far too long", 500, strings.Repeat(" ", 4<<20), 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var connections atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_ = http.NewResponseController(w).Flush() // So that no length is declared.
				_, _ = io.WriteString(w, tt.body)
			}))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					connections.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			transport := signalwire.NewTransport()
			defer transport.CloseIdleConnections()
			client := newClientAt(t, server.URL, &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 1})

			for range 5 {
				_, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
				require.Equal(t, tt.status == http.StatusNoContent, err == nil, "%v", err)
			}

			require.Equal(t, tt.connections, connections.Load())
		})
	}
}

func TestJarKeepsCookies(t *testing.T) {
	t.Parallel()
	jar := must(cookiejar.New(nil))
	var cookies []string
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.WriteHeader(http.StatusNoContent)
	}), signalwire.WithHTTPClient(&http.Client{Jar: jar}))
	for range 2 {
		_, err := remove(t, client)
		require.NoError(t, err)
	}
	require.Equal(t, []string{"", "a=b"}, cookies)
}

// TestFIPS runs itself in a process that panics or fails at what FIPS 140-3
// does not allow. There the client removes somebody over TLS.
func TestFIPS(t *testing.T) {
	if os.Getenv("GODEBUG") != "fips140=only" {
		t.Parallel()
		wiretest.RunAgain(t, "GODEBUG=fips140=only")
		return
	}
	require.True(t, fips140.Enabled(), "FIPS 140-3 is not enabled")
	require.Panics(t, func() { uuid.NewSHA1(uuid.Nil, nil) }, "SHA-1 is not allowed")
	authority := wiretest.NewAuthority(t)
	for _, http2 := range []bool{false, true} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
		}))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
		server.EnableHTTP2 = http2
		server.StartTLS()
		defer server.Close()
		client := newClientAt(t, server.URL, &http.Client{Transport: authority.Transport(t)})
		response, err := remove(t, client)
		require.NoError(t, err)
		require.Equal(t, http2, response.HTTPResponse.ProtoMajor == 2, response.HTTPResponse.Proto)
	}
}
