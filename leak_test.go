package signalwire_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestNothingIsLeft counts goroutines, so it is alone: nothing runs beside a
// test that is not parallel.
func TestNothingIsLeft(t *testing.T) {
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	h2 := func(request func(*wiretest.H2Conn, uint32) bool) func(*wiretest.Conn) {
		return wiretest.SpeakH2(config, request)
	}
	const endless = "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, tt := range []struct {
		name   string
		scheme string
		script func(*wiretest.Conn)
		proxy  bool // the server is one
		cancel bool // the caller does not wait for the response
		again  bool // there is a second attempt
	}{
		{name: "204", scheme: "http", script: wiretest.Responds(wiretest.NoContent)},
		{name: "404", scheme: "http", script: wiretest.Responds(wiretest.RawResponse(404, wiretest.ErrorBody(404)))},
		{name: "500", scheme: "http", script: wiretest.Responds(wiretest.RawResponse(500, "{}")), again: true},
		{name: "101", scheme: "http", script: wiretest.HoldsAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")},
		{name: "302", scheme: "http", script: wiretest.HoldsAfter("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")},
		{name: "closed", scheme: "http", script: wiretest.ClosesAfter(""), again: true},
		{name: "reset", scheme: "http", script: func(c *wiretest.Conn) { c.Next(); c.Reset() }},
		{name: "not HTTP", scheme: "http", script: wiretest.HoldsAfter("SSH-2.0-OpenSSH_9.6\r\n")},
		{name: "no response", scheme: "http", script: wiretest.HoldsAfter(""), again: true},
		{name: "cancelled", scheme: "http", script: wiretest.HoldsAfter(""), cancel: true},
		{name: "cancelled in the body", scheme: "http", script: wiretest.HoldsAfter("HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\n{"), cancel: true},
		{name: "silent in the body", scheme: "http", script: wiretest.HoldsAfter("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n{")},
		{name: "204 with a body", scheme: "http", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n")},
		{name: "body for ever", scheme: "http", script: wiretest.KeepsSaying(endless, "10000\r\n"+strings.Repeat(" ", 1<<16)+"\r\n")},
		{name: "body declared too long", scheme: "http", script: wiretest.HoldsAfter("HTTP/1.1 500 Oops\r\nContent-Length: 67108864\r\n\r\n{")},
		{name: "headers for ever", scheme: "http", script: wiretest.KeepsSaying("HTTP/1.1 204 No Content\r\n", strings.Repeat("X: x\r\n", 100))},
		{name: "TLS", scheme: "https", script: wiretest.OverTLS(config, wiretest.Responds(wiretest.NoContent))},
		{name: "TLS not trusted", scheme: "https", script: wiretest.OverTLS(&tls.Config{Certificates: []tls.Certificate{wiretest.NewAuthority(t).Issue(t, nil)}}, wiretest.Responds(""))},
		{name: "TLS silent", scheme: "https", script: (*wiretest.Conn).Hold, again: true},
		{name: "TLS plain", scheme: "https", script: wiretest.SpeaksFirst("HTTP/1.1 400 Bad Request\r\n\r\n")},
		{name: "proxy refuses", scheme: "https", script: wiretest.Responds("HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"), proxy: true},
		{name: "proxy does not respond", scheme: "https", script: wiretest.HoldsAfter(""), proxy: true},
		{name: "HTTP/2", scheme: "https", script: h2(func(c *wiretest.H2Conn, stream uint32) bool { c.NoContent(stream); return true })},
		{name: "HTTP/2 stream stays open", scheme: "https", script: h2(func(c *wiretest.H2Conn, stream uint32) bool {
			c.Frame(wiretest.H2Headers, wiretest.H2EndHeaders, stream, 0x8d)
			return true
		})},
		{name: "HTTP/2 refused", scheme: "https", script: h2(func(c *wiretest.H2Conn, stream uint32) bool { c.Reset(stream, wiretest.H2Refused); return true })},
		{name: "HTTP/2 no response", scheme: "https", script: h2(func(*wiretest.H2Conn, uint32) bool { return true })},
		{name: "HTTP/2 cancelled", scheme: "https", script: h2(func(*wiretest.H2Conn, uint32) bool { return true }), cancel: true},
		{name: "HTTP/2 closed", scheme: "https", script: h2(func(*wiretest.H2Conn, uint32) bool { return false })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := wiretest.NewServer(t, tt.script)
			transport := authority.Transport(t)
			baseURL := tt.scheme + "://" + server.Address
			if tt.proxy {
				transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: server.Address})
				baseURL = "https://api.example.test"
			}
			attempts := 1
			if tt.again {
				attempts = 2
			}
			client := newClientAt(t, baseURL, &signalwire.Doer{
				HTTPClient: &http.Client{Transport: transport}, MaxAttempts: attempts, AttemptTimeout: 50 * time.Millisecond,
			})
			before := runtime.NumGoroutine()

			var calls sync.WaitGroup
			for range 4 {
				calls.Go(func() {
					ctx, cancel := context.WithCancel(context.Background())
					defer cancel()
					if tt.cancel {
						go func() {
							<-server.Requested
							cancel()
						}()
					}
					_, _ = client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)
				})
			}
			calls.Wait()

			// None of the scripts closes a connection that the client keeps.
			wiretest.RequireSoon(t, func() bool {
				transport.CloseIdleConnections() // An HTTP/2 connection is busy until it has ended its streams.
				return server.Open() == 0
			}, "connections are left")
			wiretest.RequireSoon(t, func() bool { return runtime.NumGoroutine() <= before }, "goroutines are left")
		})
	}
}
