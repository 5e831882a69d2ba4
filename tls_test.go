package signalwire_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// helloTLS10 is a ServerHello that chooses TLS 1.0, whatever was offered.
var helloTLS10 = "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + strings.Repeat("r", 32) + "\x00\x00\x2f\x00"

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

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
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: trusted.Transport(t)}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "https://"+server.Address, doer)

			tt.want.require(t, response, err)
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
			response, err := removeFrom(t, "https://"+server.Address,
				&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
			wireWant{attempts: 1, is: tt.err}.require(t, response, err)
			require.Equal(t, int64(1), server.Connections.Load())
		})
	}
}

// TestProxyThatNeverEndsItsAnswer is bounded in size by net/http from Go 1.26
// on, and before that only in time.
func TestProxyThatNeverEndsItsAnswer(t *testing.T) {
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
	require.False(t, failure.MaybeApplied)
	requireLogLine(t, err)
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
		{"closes in its answer", wiretest.ClosesAfter("HTTP/1.1 200 Conn"), fleeting},
		{"connects and closes", wiretest.ClosesAfter("HTTP/1.1 200 Connected\r\n\r\n"), fleeting},
		{"is not HTTP", wiretest.ClosesAfter("SSH-2.0-OpenSSH_9.6\r\n"), fleeting},
		{"does not answer", wiretest.HoldsAfter(""), wireWant{attempts: 2, retryable: true, timeout: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := wiretest.NewServer(t, tt.script)
			transport := authority.Transport(t)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.Address})
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "https://api.example.test", doer)

			tt.want.require(t, response, err)
			require.Equal(t, int64(max(tt.want.attempts, 1)), proxy.Connections.Load())
			requireSecrecy(t, proxy, "api.example.test:443")
			require.NotContains(t, strings.ToLower(proxy.Received.String()), "authorization")
		})
	}
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

func TestProxyUnreachable(t *testing.T) {
	t.Parallel()
	transport := signalwire.NewTransport()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: wiretest.RefusingAddress(t)})
	response, err := removeFrom(t, "https://api.example.test",
		&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
	wireWant{is: syscall.ECONNREFUSED, attempts: 2, retryable: true}.require(t, response, err)
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
			response, err := removeFrom(t, "https://api.example.test",
				&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
			wireWant{attempts: 1}.require(t, response, err)
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
	response, err := removeFrom(t, "https://api.example.test",
		&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
	wireWant{attempts: 1, text: "407"}.require(t, response, err)
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
		require.True(t, pool.AppendCertsFromPEM([]byte(certificate)))
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
			require.True(t, transport.DisableCompression)
			require.Equal(t, uint16(tls.VersionTLS12), transport.TLSClientConfig.MinVersion)
			require.False(t, transport.TLSClientConfig.InsecureSkipVerify)
			require.Equal(t, 5*time.Second, transport.HTTP2.SendPingTimeout)
			require.Equal(t, 3*time.Second, transport.HTTP2.PingTimeout)
			if tt.name != "an empty one" {
				require.NotNil(t, transport.Proxy)
				require.True(t, transport.ForceAttemptHTTP2)
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
	require.False(t, mine.DisableCompression)
	require.Equal(t, "example.org", mine.TLSClientConfig.ServerName)
	require.Equal(t, &http.HTTP2Config{SendPingTimeout: time.Hour, MaxConcurrentStreams: 9}, mine.HTTP2)
	require.Nil(t, mine.OnProxyConnectResponse)
}
