package signalwire_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// An authority issues certificates for 127.0.0.1.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	a := &authority{key: key, pool: x509.NewCertPool()}
	a.certificate, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	a.pool.AddCert(a.certificate)
	return a
}

// issue returns a server's certificate, after the change, if any.
func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// transport returns a new transport that trusts the authority.
func (a *authority) transport(t *testing.T) *http.Transport {
	t.Helper()
	transport := signalwire.NewTransport()
	transport.TLSClientConfig.RootCAs = a.pool
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// overTLS returns a script that plays another one over TLS.
func overTLS(config *tls.Config, script func(*wireConn)) func(*wireConn) {
	return func(c *wireConn) {
		conn := tls.Server(c.Conn, config)
		if err := conn.Handshake(); err != nil {
			c.hold() // Closing at once could destroy an alert that is on its way.
			return
		}
		script(&wireConn{Conn: conn, number: c.number, reader: bufio.NewReader(conn), server: c.server})
	}
}

// speaksFirst waits for the client's first byte, says something that is not
// what the client came for, and falls silent.
func speaksFirst(text string) func(*wireConn) {
	return func(c *wireConn) {
		_, _ = c.reader.Peek(1)
		c.say(text)
		c.hold()
	}
}

// helloTLS10 is a ServerHello that chooses TLS 1.0, whatever was offered.
var helloTLS10 = "\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + strings.Repeat("r", 32) + "\x00\x00\x2f\x00"

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

func TestTLSFaults(t *testing.T) {
	t.Parallel()
	trusted, unknown := newAuthority(t), newAuthority(t)
	good := trusted.issue(t, nil)
	with := func(certificate tls.Certificate, change func(*tls.Config)) func(*wireConn) {
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		if change != nil {
			change(config)
		}
		return overTLS(config, answers(noContent))
	}
	changed := func(change func(*x509.Certificate)) func(*wireConn) {
		return with(trusted.issue(t, change), nil)
	}
	permanent := wireWant{attempts: 1}
	fleeting := wireWant{attempts: 2, retryable: true}
	for _, tt := range []struct {
		name   string
		script func(*wireConn)
		want   wireWant
		isA    func(error) bool
	}{
		{"trusted", with(good, nil), wireWant{status: http.StatusNoContent}, nil},
		{"trusted, TLS 1.2", with(good, func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }), wireWant{status: http.StatusNoContent}, nil},

		{"unknown authority", with(unknown.issue(t, nil), nil), permanent, isA[x509.UnknownAuthorityError]},
		{"expired", changed(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) }), permanent, isA[x509.CertificateInvalidError]},
		{"not valid yet", changed(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), permanent, isA[x509.CertificateInvalidError]},
		{"wrong host", changed(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"example.org"} }), permanent, isA[x509.HostnameError]},
		{"wrong address", changed(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} }), permanent, isA[x509.HostnameError]},
		{"not for servers", changed(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			permanent, isA[x509.CertificateInvalidError]},
		{"TLS 1.1 at most", with(good, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }), permanent, isA[*net.OpError]},
		{"TLS 1.0 at most", with(good, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }), permanent, isA[*net.OpError]},
		{"TLS 1.0 chosen", speaksFirst(helloTLS10), permanent, nil},
		{"unexpected message", speaksFirst("\x16\x03\x03\x00\x04\x0e\x00\x00\x00"), permanent, nil},
		{"no protocol in common", with(good, func(c *tls.Config) { c.NextProtos = []string{"smtp"} }), permanent, isA[*net.OpError]},
		{"certificate wanted, TLS 1.2", with(good, func(c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}), permanent, isA[*net.OpError]},
		// In TLS 1.3, the request is on its way when the alert comes.
		{"certificate wanted, TLS 1.3", with(good, func(c *tls.Config) {
			c.ClientAuth, c.MinVersion = tls.RequireAnyClientCert, tls.VersionTLS13
		}), wireWant{attempts: 1, maybeApplied: true}, isA[*net.OpError]},
		{"alert", speaksFirst("\x15\x03\x03\x00\x02\x02\x28"), permanent, isA[*net.OpError]},
		{"plain HTTP", speaksFirst("HTTP/1.1 204 No Content\r\n\r\n"), permanent, isA[tls.RecordHeaderError]},
		{"SSH", speaksFirst("SSH-2.0-OpenSSH_9.6\r\n"), permanent, isA[tls.RecordHeaderError]},

		// What may be otherwise next time.
		{"closed in the handshake", func(c *wireConn) { _, _ = c.reader.ReadByte() }, fleeting, nil},
		{"reset in the handshake", func(c *wireConn) {
			_, _ = c.reader.Peek(1)
			c.reset()
		}, wireWant{is: syscall.ECONNRESET, attempts: 2, retryable: true}, nil},
		{"silent in the handshake", (*wireConn).hold, wireWant{attempts: 2, retryable: true, timeout: true}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newWireServer(t, tt.script)
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: trusted.transport(t)}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "https://"+server.address, doer)

			tt.want.require(t, response, err)
			require.Equal(t, int64(max(tt.want.attempts, 1)), server.connections.Load())
			if tt.isA != nil {
				require.True(t, tt.isA(err), "%v", err)
			}
			if tt.want.status == 0 {
				require.Zero(t, server.requests.Load())
			}
		})
	}
}

// TestOwnVerification has a program look at certificates itself, whose errors
// come without crypto/tls's own around them.
func TestOwnVerification(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	certificate := authority.certificate
	script := overTLS(&tls.Config{Certificates: []tls.Certificate{authority.issue(t, nil)}}, answers(noContent))
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
			server := newWireServer(t, script)
			transport := authority.transport(t)
			transport.TLSClientConfig.VerifyConnection = func(tls.ConnectionState) error { return tt.err }
			response, err := removeFrom(t, "https://"+server.address,
				&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
			wireWant{attempts: 1, is: tt.err}.require(t, response, err)
			require.Equal(t, int64(1), server.connections.Load())
		})
	}
}

// tunnel answers CONNECT by passing bytes between the client and an address.
func tunnel(address string) func(*wireConn) {
	return func(c *wireConn) {
		if r := c.next(); r == nil || r.Method != http.MethodConnect {
			c.say("HTTP/1.1 405 Method Not Allowed\r\n\r\n")
			return
		}
		far, err := net.Dial("tcp", address)
		if err != nil {
			c.say("HTTP/1.1 502 Bad Gateway\r\n\r\n")
			return
		}
		c.say("HTTP/1.1 200 Connected\r\n\r\n")
		var back sync.WaitGroup
		back.Go(func() {
			_, _ = io.Copy(c, far)
			c.Close()
		})
		_, _ = io.Copy(far, c.reader)
		far.Close()
		back.Wait()
	}
}

// TestProxyThatNeverEndsItsAnswer is bounded in size by net/http from Go 1.26
// on, and before that only in time.
func TestProxyThatNeverEndsItsAnswer(t *testing.T) {
	t.Parallel()
	proxy := newWireServer(t, keepsSaying("HTTP/1.1 200 Connected\r\n", strings.Repeat("X: x\r\n", 100)))
	transport := newAuthority(t).transport(t)
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.address})

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
	authority := newAuthority(t)
	api := newWireServer(t, overTLS(&tls.Config{Certificates: []tls.Certificate{
		authority.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"api.example.test"} }),
	}}, answers(noContent)))
	refuses := func(status string) func(*wireConn) {
		return answers("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n")
	}
	refused := func(text string) wireWant { return wireWant{attempts: 1, text: text} }
	fleeting := wireWant{attempts: 2, retryable: true}
	for _, tt := range []struct {
		name   string
		script func(*wireConn)
		want   wireWant
	}{
		{"connects", tunnel(api.address), wireWant{status: http.StatusNoContent}},

		{"400", refuses("400 Bad Request"), refused("the proxy refused to connect: 400 Bad Request")},
		{"403", refuses("403 Forbidden"), refused("the proxy refused to connect: 403 Forbidden")},
		{"404", refuses("404 Not Found"), refused("the proxy refused to connect: 404 Not Found")},
		{"407", refuses("407 Proxy Authentication Required"), refused("the proxy refused to connect: 407")},
		{"204", refuses("204 No Content"), refused("the proxy refused to connect: 204")},
		{"302", refuses("302 Found"), refused("the proxy refused to connect: 302")},
		{"500", refuses("500 Oops"), wireWant{attempts: 2, retryable: true, text: "the proxy refused to connect: 500"}},
		{"502", refuses("502 Bad Gateway"), wireWant{attempts: 2, retryable: true, text: "the proxy refused to connect: 502"}},
		{"503", refuses("503 Busy"), wireWant{attempts: 2, retryable: true, text: "the proxy refused to connect: 503"}},
		{"connects to plain HTTP", func(c *wireConn) {
			c.next()
			c.say("HTTP/1.1 200 Connected\r\n\r\n")
			speaksFirst("HTTP/1.1 204 No Content\r\n\r\n")(c)
		}, wireWant{attempts: 1}},

		{"closes", closesAfter(""), fleeting},
		{"closes in its answer", closesAfter("HTTP/1.1 200 Conn"), fleeting},
		{"connects and closes", closesAfter("HTTP/1.1 200 Connected\r\n\r\n"), fleeting},
		{"is not HTTP", closesAfter("SSH-2.0-OpenSSH_9.6\r\n"), fleeting},
		{"does not answer", holdsAfter(""), wireWant{attempts: 2, retryable: true, timeout: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := newWireServer(t, tt.script)
			transport := authority.transport(t)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.address})
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "https://api.example.test", doer)

			tt.want.require(t, response, err)
			require.Equal(t, int64(max(tt.want.attempts, 1)), proxy.connections.Load())
			requireSecrecy(t, proxy, "api.example.test:443")
			require.NotContains(t, strings.ToLower(proxy.received.String()), "authorization")
		})
	}
}

// requireSecrecy wants a proxy to have seen where to connect, and nothing of
// the request.
func requireSecrecy(t *testing.T, proxy *wireServer, address string) {
	t.Helper()
	received := proxy.received.String()
	require.Contains(t, received, "CONNECT "+address+" HTTP/1.1\r\n")
	for _, secret := range append([]string{"\nAuthorization:", "Participants", testConference.String(), testCall.String()}, testCredentials...) {
		require.NotContains(t, received, secret)
	}
}

func TestProxyUnreachable(t *testing.T) {
	t.Parallel()
	transport := signalwire.NewTransport()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: refusingAddress(t)})
	response, err := removeFrom(t, "https://api.example.test",
		&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
	wireWant{is: syscall.ECONNREFUSED, attempts: 2, retryable: true}.require(t, response, err)
}

// TestProxyOverTLS has a proxy that is itself spoken to over TLS.
func TestProxyOverTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		script func(*wireConn)
		isA    func(error) bool
	}{
		{"unknown authority", overTLS(&tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(t, nil)}}, closesAfter("")),
			isA[x509.UnknownAuthorityError]},
		{"TLS 1.0 chosen", speaksFirst(helloTLS10), isA[*net.OpError]},
		{"plain HTTP", speaksFirst("HTTP/1.1 200 Connected\r\n\r\n"), isA[tls.RecordHeaderError]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			proxy := newWireServer(t, tt.script)
			transport := newAuthority(t).transport(t)
			transport.Proxy = http.ProxyURL(&url.URL{Scheme: "https", Host: proxy.address})
			response, err := removeFrom(t, "https://api.example.test",
				&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
			wireWant{attempts: 1}.require(t, response, err)
			require.True(t, tt.isA(err), "%v", err)
			require.Equal(t, int64(1), proxy.connections.Load())
		})
	}
}

// TestProxyCredentials has credentials for the proxy in its URL, which the
// proxy gets and no error shows.
func TestProxyCredentials(t *testing.T) {
	t.Parallel()
	proxy := newWireServer(t, answers("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"))
	transport := signalwire.NewTransport()
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy.address, User: url.UserPassword("someone", "hunter2")})
	response, err := removeFrom(t, "https://api.example.test",
		&signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt})
	wireWant{attempts: 1, text: "407"}.require(t, response, err)
	require.NotContains(t, err.Error(), "hunter2")
	require.NotContains(t, err.Error(), "someone")
	require.Contains(t, proxy.received.String(), "\nProxy-Authorization: Basic ")
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
	authority := newAuthority(t)
	api := newWireServer(t, overTLS(&tls.Config{Certificates: []tls.Certificate{
		authority.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"example.signalwire.com"} }),
	}}, answers(noContent)))
	proxy := newWireServer(t, tunnel(api.address))

	runItself(t, "HTTPS_PROXY=http://"+proxy.address, "NO_PROXY=", "no_proxy=",
		variable+"="+string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.certificate.Raw})))

	require.Equal(t, int64(1), proxy.connections.Load())
	require.Equal(t, int64(1), api.requests.Load())
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
