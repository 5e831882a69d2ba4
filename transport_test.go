package signalwire_test

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

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
			require.False(t, failure.MaybeApplied)
			require.False(t, failure.Retryable())
			require.Zero(t, proxied.Load())

			use = false
			_, err = remove(t, client)
			require.NoError(t, err)
			require.Equal(t, int64(1), direct.Load())
		})
	}
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

// TestFIPS runs itself in a process that panics or fails at what FIPS 140-3
// does not allow. There the client removes somebody over TLS.
func TestFIPS(t *testing.T) {
	if os.Getenv("GODEBUG") != "fips140=only" {
		t.Parallel()
		wiretest.RunAgain(t, "GODEBUG=fips140=only")
		return
	}
	require.True(t, fips140.Enabled())
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
		client, err := signalwire.New("example", testProject, testToken,
			signalwire.WithBaseURL(server.URL), signalwire.WithHTTPClient(&http.Client{Transport: authority.Transport(t)}))
		require.NoError(t, err)
		response, err := remove(t, client)
		require.NoError(t, err)
		require.Equal(t, http2, response.HTTPResponse.ProtoMajor == 2)
	}
}
