package signalwire_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

// A wireServer plays a script on each connection that it gets over loopback.
// The end of the test closes what is open and waits for the scripts.
type wireServer struct {
	address               string
	connections, requests atomic.Int64
	requested             chan struct{} // closed by the first request
	settled               atomic.Int64  // HTTP/2 connections whose client has acknowledged the settings
	received              syncBuffer

	listener net.Listener
	scripts  sync.WaitGroup
	mu       sync.Mutex
	open     map[net.Conn]bool
	closed   bool
}

// A wireConn is closed when its script returns.
type wireConn struct {
	net.Conn
	number int64 // counts the server's connections from 1
	reader *bufio.Reader
	server *wireServer
}

func newWireServer(t *testing.T, script func(*wireConn)) *wireServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	s := &wireServer{
		address: listener.Addr().String(), requested: make(chan struct{}),
		listener: listener, open: map[net.Conn]bool{},
	}
	s.scripts.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil || !s.keep(conn) {
				return
			}
			c := &wireConn{
				Conn: conn, number: s.connections.Add(1), server: s,
				reader: bufio.NewReader(io.TeeReader(conn, &s.received)),
			}
			s.scripts.Go(func() {
				defer s.drop(conn)
				script(c)
			})
		}
	})
	t.Cleanup(s.close)
	return s
}

func (s *wireServer) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Close()
		return false
	}
	s.open[conn] = true
	return true
}

func (s *wireServer) drop(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, conn)
	conn.Close()
}

func (s *wireServer) countRequest() {
	if s.requests.Add(1) == 1 {
		close(s.requested)
	}
}

func (s *wireServer) openConnections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

func (s *wireServer) close() {
	s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.open {
		conn.Close()
	}
	s.mu.Unlock()
	s.scripts.Wait()
}

// next reads a request with its body, and returns nil if none comes any more.
func (c *wireConn) next() *http.Request {
	request, err := http.ReadRequest(c.reader)
	if err != nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, request.Body); err != nil {
		return nil
	}
	c.server.countRequest()
	return request
}

// say reports whether the other side still listens.
func (c *wireConn) say(text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// hold waits until the other side closes the connection.
func (c *wireConn) hold() { _, _ = io.Copy(io.Discard, c.reader) }

// reset closes the connection with a RST in place of a FIN.
func (c *wireConn) reset() {
	_ = c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
}

type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// answers gives every request the same answer.
func answers(text string) func(*wireConn) {
	return func(c *wireConn) {
		for c.next() != nil && c.say(text) {
		}
	}
}

// closesAfter answers one request, perhaps not to the end, and closes.
func closesAfter(text string) func(*wireConn) {
	return func(c *wireConn) {
		c.next()
		c.say(text)
	}
}

// holdsAfter answers one request, perhaps not to the end, and falls silent.
func holdsAfter(text string) func(*wireConn) {
	return func(c *wireConn) {
		c.next()
		c.say(text)
		c.hold()
	}
}

// keepsSaying answers one request without an end.
func keepsSaying(start, more string) func(*wireConn) {
	return func(c *wireConn) {
		c.next()
		for ok := c.say(start); ok; ok = c.say(more) {
		}
	}
}

const (
	noContent    = "HTTP/1.1 204 No Content\r\n\r\n"
	notFoundBody = `{"code":20404,"message":"Not found.","more_info":"https://example.org/20404","status":404}`
)

// wireAnswer is an answer as it should be.
func wireAnswer(status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// A wireWant is what must come of a call.
type wireWant struct {
	status       int // 0: no complete answer
	is           error
	attempts     int
	maybeApplied bool
	retryable    bool
	timeout      bool
	text         string
}

var brokenTwice = wireWant{attempts: 2, maybeApplied: true, retryable: true}

func (w wireWant) require(t *testing.T, response *signalwire.DeleteParticipantResponse, err error) {
	t.Helper()
	if w.status == http.StatusNoContent {
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, response.StatusCode())
		require.Empty(t, response.Body)
		return
	}
	require.Error(t, err)
	require.Nil(t, response)
	requireLogLine(t, err)
	require.Contains(t, err.Error(), w.text)
	if w.is != nil {
		require.ErrorIs(t, err, w.is)
	}
	if w.status != 0 {
		var answer *signalwire.Error
		require.ErrorAs(t, err, &answer)
		require.Equal(t, w.status, answer.StatusCode)
		require.Equal(t, w.attempts, answer.Attempts)
		require.Equal(t, w.maybeApplied, answer.MaybeApplied)
		require.Equal(t, w.retryable, answer.Retryable())
		if w.is == signalwire.ErrUnexpectedResponse {
			require.NotErrorIs(t, err, signalwire.ErrNotFound)
		} else {
			require.NotErrorIs(t, err, signalwire.ErrUnexpectedResponse)
		}
		return
	}
	var failure *signalwire.TransportError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, w.attempts, failure.Attempts, "%v", err)
	require.Equal(t, w.maybeApplied, failure.MaybeApplied, "%v", err)
	require.Equal(t, w.retryable, failure.Retryable(), "%v", err)
	require.Equal(t, w.timeout, failure.Timeout(), "%v", err)
	for _, sentinel := range []error{
		signalwire.ErrBadRequest, signalwire.ErrUnauthorized, signalwire.ErrForbidden, signalwire.ErrNotFound,
		signalwire.ErrUnprocessable, signalwire.ErrTooManyRequests, signalwire.ErrUnexpectedResponse,
		context.Canceled, // The caller's context was not.
	} {
		require.NotErrorIs(t, err, sentinel)
	}
}

// removeFrom calls a server with a Doer of its own, and checks that the Doer's time
// limits were kept.
func removeFrom(t *testing.T, baseURL string, doer *signalwire.Doer) (*signalwire.DeleteParticipantResponse, error) {
	t.Helper()
	if doer.HTTPClient == nil {
		transport := signalwire.NewTransport()
		t.Cleanup(transport.CloseIdleConnections)
		doer.HTTPClient = &http.Client{Transport: transport}
	}
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithBaseURL(baseURL), signalwire.WithHTTPClient(doer))
	require.NoError(t, err)
	// What the delays and a busy machine may take on top.
	const slack = 5 * time.Second
	began := time.Now()
	response, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
	require.Less(t, time.Since(began), time.Duration(doer.MaxAttempts)*doer.AttemptTimeout+slack)
	return response, err
}

// shortAttempt is for rows whose time limit has to fire, and longAttempt for
// those whose must not.
const (
	shortAttempt = 400 * time.Millisecond
	longAttempt  = 10 * time.Second
)

func TestConnectionFaults(t *testing.T) {
	t.Parallel()
	const (
		jsonHead = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n"
		chunked  = jsonHead + "Transfer-Encoding: chunked\r\n\r\n"
	)
	silent := wireWant{attempts: 1, maybeApplied: true, retryable: true, timeout: true, text: "the attempt timed out after"}
	silentTwice := silent
	silentTwice.attempts = 2
	cut := wireWant{is: io.ErrUnexpectedEOF, attempts: 2, maybeApplied: true, retryable: true}
	garbled := wireWant{attempts: 2, maybeApplied: true, retryable: true, text: "malformed HTTP"}
	tooLong := wireWant{attempts: 1, maybeApplied: true, text: "headers exceeded"}
	removed := wireWant{status: http.StatusNoContent}
	for _, tt := range []struct {
		name   string
		script func(*wireConn)
		want   wireWant
		unread bool // the script does not read requests
	}{
		// The controls: what an answer as it should be comes to.
		{name: "204", script: answers(noContent), want: removed},
		{name: "204, closed", script: closesAfter(noContent), want: removed},
		{name: "404", script: answers(wireAnswer(404, notFoundBody)),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "broken once", script: func(c *wireConn) {
			if c.next(); c.number > 1 {
				c.say(noContent)
			}
		}, want: removed},

		// Reset and closed.
		{name: "reset before the request is read", unread: true, script: func(c *wireConn) {
			_, _ = c.reader.Peek(1)
			c.reset()
		}, want: wireWant{is: syscall.ECONNRESET, attempts: 2, maybeApplied: true, retryable: true}},
		{name: "reset after the request is read", script: func(c *wireConn) {
			c.next()
			c.reset()
		}, want: wireWant{is: syscall.ECONNRESET, attempts: 2, maybeApplied: true, retryable: true}},
		{name: "closed at once", unread: true, script: func(*wireConn) {}, want: brokenTwice},
		{name: "closed without an answer", script: closesAfter(""),
			want: wireWant{is: io.EOF, attempts: 2, maybeApplied: true, retryable: true}},
		{name: "closed in the status line", script: closesAfter("HTTP/1.1 20"), want: brokenTwice},
		{name: "closed after the status", script: closesAfter("HTTP/1.1 204"), want: cut},
		{name: "closed after the status line", script: closesAfter("HTTP/1.1 204 No Content\r\n"), want: cut},
		{name: "closed in a header", script: closesAfter("HTTP/1.1 204 No Content\r\nDat"), want: brokenTwice},
		{name: "closed before the headers' end", script: closesAfter("HTTP/1.1 204 No Content\r\nServer: x\r\n"), want: cut},
		{name: "closed in the body of a 404", script: closesAfter(jsonHead + "Content-Length: 500\r\n\r\n" + notFoundBody), want: cut},
		{name: "closed in the body of a 500", script: closesAfter("HTTP/1.1 500 Oops\r\nContent-Length: 500\r\n\r\n{"), want: cut},
		{name: "closed in the body of a 200", script: closesAfter("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 200, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},
		{name: "closed in the body of a 302", script: closesAfter("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 302, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Content-Length.
		{name: "length too short", script: closesAfter(jsonHead + "Content-Length: 20\r\n\r\n" + notFoundBody),
			want: wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}},
		{name: "length zero", script: closesAfter(jsonHead + "Content-Length: 0\r\n\r\n" + notFoundBody),
			want: wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}},
		{name: "length negative", script: closesAfter(jsonHead + "Content-Length: -1\r\n\r\n" + notFoundBody), want: brokenTwice},
		{name: "length not a number", script: closesAfter(jsonHead + "Content-Length: ten\r\n\r\n" + notFoundBody), want: brokenTwice},
		{name: "length beyond 64 bits", script: closesAfter(jsonHead + "Content-Length: 99999999999999999999\r\n\r\n" + notFoundBody), want: brokenTwice},
		{name: "two lengths", script: closesAfter(jsonHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + notFoundBody), want: brokenTwice},
		{name: "204 with two lengths", script: closesAfter("HTTP/1.1 204 No Content\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), want: brokenTwice},
		{name: "204 in chunks", script: holdsAfter("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), want: removed},
		{name: "204 of HTTP/1.0", script: holdsAfter("HTTP/1.0 204 No Content\r\n\r\nhello"), want: removed},
		{name: "204 with a length and a body", script: closesAfter("HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"), want: removed},
		{name: "204 with a length and no body", script: holdsAfter("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), want: removed},

		// Chunks.
		{name: "chunks", script: answers(chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(notFoundBody), notFoundBody)),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "chunk size not a number", script: closesAfter(chunked + "zz\r\n"), want: brokenTwice},
		{name: "chunk size empty", script: closesAfter(chunked + "\r\n\r\n"), want: brokenTwice},
		{name: "chunk size beyond 64 bits", script: closesAfter(chunked + "fffffffffffffffff\r\n"), want: brokenTwice},
		{name: "chunk longer than its size", script: closesAfter(chunked + "2\r\n{}{}\r\n0\r\n\r\n"), want: brokenTwice},
		{name: "chunk cut", script: closesAfter(chunked + "ff\r\n{}"), want: cut},
		{name: "last chunk missing", script: closesAfter(chunked + fmt.Sprintf("%x\r\n%s\r\n", len(notFoundBody), notFoundBody)), want: cut},
		{name: "trailer cut", script: closesAfter(chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(notFoundBody), notFoundBody)), want: brokenTwice},
		{name: "trailer too long", script: closesAfter(chunked + "0\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), want: brokenTwice},
		{name: "unknown transfer encoding", script: closesAfter(jsonHead + "Transfer-Encoding: x\r\n\r\n"), want: brokenTwice},

		// Not HTTP.
		{name: "SSH that speaks first", unread: true, script: func(c *wireConn) {
			c.say("SSH-2.0-OpenSSH_9.6\r\n")
			c.hold()
		}, want: brokenTwice},
		{name: "SSH", script: holdsAfter("SSH-2.0-OpenSSH_9.6\r\n"), want: garbled},
		{name: "SMTP", script: holdsAfter("220 mail.example.org ESMTP\r\n"), want: garbled},
		{name: "TLS", script: closesAfter("\x15\x03\x01\x00\x02\x02\x46"), want: brokenTwice},
		{name: "garbage", script: holdsAfter("\xff\x00\xfe\r\n\r\n"), want: garbled},
		{name: "HTML without a head", script: holdsAfter("<html>204 No Content</html>\r\n\r\n"), want: garbled},
		{name: "status that is no number", script: holdsAfter("HTTP/1.1 2O4 No Content\r\n\r\n"), want: garbled},
		{name: "status with a sign", script: holdsAfter("HTTP/1.1 -04 No Content\r\n\r\n"), want: garbled},
		{name: "status with four digits", script: holdsAfter("HTTP/1.1 2040 No Content\r\n\r\n"), want: garbled},
		{name: "HTTP version that is none", script: holdsAfter("HTTP/x 204 No Content\r\n\r\n"), want: garbled},
		{name: "header without a colon", script: holdsAfter("HTTP/1.1 204 No Content\r\nServer\r\n\r\n"), want: brokenTwice},
		{name: "answer to nothing behind the answer", script: closesAfter(wireAnswer(404, notFoundBody) + noContent),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "status that does not exist", script: answers("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
			want: wireWant{status: 999, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Silence.
		{name: "no answer", script: holdsAfter(""), want: silentTwice},
		{name: "silent in the status line", script: holdsAfter("H"), want: silent},
		{name: "silent in the headers", script: holdsAfter("HTTP/1.1 204 No Content\r\nDate"), want: silent},
		{name: "silent after a 100", script: holdsAfter("HTTP/1.1 100 Continue\r\n\r\n"), want: silent},
		{name: "silent in the body", script: holdsAfter(jsonHead + "Content-Length: 500\r\n\r\n{"), want: silent},
		{name: "silent in the body of a 200", script: holdsAfter("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 200, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Informational answers.
		{name: "100s", script: answers(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + noContent), want: removed},
		{name: "102s", script: answers(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100) + noContent), want: removed},
		{name: "103s", script: answers(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 100) + noContent), want: removed},
		{name: "100s and a 404", script: answers(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + wireAnswer(404, notFoundBody)),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "100s for ever", script: keepsSaying("", "HTTP/1.1 100 Continue\r\n\r\n"), want: tooLong},
		{name: "103s for ever", script: keepsSaying("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), want: tooLong},
		{name: "101", script: holdsAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
			want: wireWant{status: 101, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Headers of at most 64 KiB.
		{name: "60 KiB of headers", script: answers("HTTP/1.1 204 No Content\r\nX: " + strings.Repeat("x", 60<<10) + "\r\n\r\n"), want: removed},
		{name: "one long header", script: holdsAfter("HTTP/1.1 204 No Content\r\nX: " + strings.Repeat("x", 68<<10) + "\r\n\r\n"), want: tooLong},
		{name: "long headers of a 503", script: holdsAfter("HTTP/1.1 503 Busy\r\nX: " + strings.Repeat("x", 68<<10) + "\r\n\r\n"), want: tooLong},
		{name: "many headers", script: holdsAfter("HTTP/1.1 204 No Content\r\n" + strings.Repeat("X: x\r\n", 12<<10) + "\r\n"), want: tooLong},
		{name: "a header for ever", script: keepsSaying("HTTP/1.1 204 No Content\r\nX: ", strings.Repeat("x", 1<<10)), want: tooLong},
		{name: "headers for ever", script: keepsSaying("HTTP/1.1 204 No Content\r\n", strings.Repeat("X: x\r\n", 100)), want: tooLong},
		{name: "a status line for ever", script: keepsSaying("HTTP/1.1 204 ", strings.Repeat("x", 1<<10)), want: tooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newWireServer(t, tt.script)
			doer := &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt}
			if strings.HasPrefix(tt.name, "silent") {
				doer.MaxAttempts = 1 // One row waits twice; that is enough.
			}
			if strings.HasPrefix(tt.name, "silent") || tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "http://"+server.address, doer)

			tt.want.require(t, response, err)
			sent := int64(max(tt.want.attempts, 1))
			if tt.name == "broken once" {
				sent = 2
			}
			if tt.unread {
				require.Equal(t, sent, server.connections.Load())
			} else {
				require.Equal(t, sent, server.requests.Load())
			}
		})
	}
}

// refusingAddress returns an address that stays taken, and that nobody listens
// on, until the test is over: the near end of a connection.
func refusingAddress(t *testing.T) string {
	t.Helper()
	server := newWireServer(t, (*wireConn).hold)
	conn, err := net.Dial("tcp", server.address)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	response, err := removeFrom(t, "http://"+refusingAddress(t), &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt})
	wireWant{is: syscall.ECONNREFUSED, attempts: 2, retryable: true}.require(t, response, err)
}

// TestUnaskedCompression has a 404 of the API compressed, though nobody asked
// for that: what was not decoded cannot say "not found".
func TestUnaskedCompression(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err := io.WriteString(writer, notFoundBody)
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	var accepted atomic.Value
	server := newWireServer(t, func(c *wireConn) {
		for r := c.next(); r != nil; r = c.next() {
			accepted.Store(r.Header.Values("Accept-Encoding"))
			c.say(strings.Replace(wireAnswer(404, zipped.String()), "\r\n", "\r\nContent-Encoding: gzip\r\n", 1))
		}
	})

	response, err := removeFrom(t, "http://"+server.address, &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt})

	wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}.require(t, response, err)
	require.Empty(t, accepted.Load())
	require.Equal(t, int64(1), server.requests.Load())
}

// TestStaleConnections has the server close each connection when the second
// request comes on it. That costs an attempt each time, and must cost neither
// the call nor the retry budget, which lasts for ten. The clients share a Doer,
// and have a server each to have their delays at the same time.
func TestStaleConnections(t *testing.T) {
	t.Parallel()
	const clients, calls = 10, 6
	transport := signalwire.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt}
	errs := make(chan error, clients*calls)
	var group sync.WaitGroup
	servers := make([]*wireServer, clients)
	for i := range servers {
		servers[i] = newWireServer(t, func(c *wireConn) {
			c.next()
			c.say(noContent)
			c.next()
		})
		client, err := signalwire.New("example", testProject, testToken,
			signalwire.WithBaseURL("http://"+servers[i].address), signalwire.WithHTTPClient(doer))
		require.NoError(t, err)
		group.Go(func() {
			for range calls {
				_, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
				errs <- err
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	for _, server := range servers {
		require.Equal(t, int64(calls+calls-1), server.requests.Load()) // All calls but the first found a stale connection.
	}
}

// TestOverlongBodies measures memory, so it is alone: nothing runs beside a
// test that is not parallel.
func TestOverlongBodies(t *testing.T) {
	log.SetOutput(io.Discard) // net/http shows what comes behind a 204.
	defer log.SetOutput(os.Stderr)
	const size = 64 << 20
	piece := strings.Repeat(" ", 64<<10)
	chunk := fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
	tooLong := func(status int, text string) wireWant {
		return wireWant{status: status, is: signalwire.ErrUnexpectedResponse, attempts: 1, text: text,
			maybeApplied: status >= 500 || status < 300 || status == 302, retryable: status >= 500}
	}
	head := func(status int, header string) string {
		return fmt.Sprintf("HTTP/1.1 %d %s\r\n%s\r\n", status, http.StatusText(status), header)
	}
	declared, chunks := fmt.Sprintf("Content-Length: %d\r\n", size), "Transfer-Encoding: chunked\r\n"
	for _, tt := range []struct {
		name        string
		start, more string
		want        wireWant
	}{
		{"404 declared", head(404, declared), piece, tooLong(404, "too long")},
		{"404 in chunks", head(404, chunks), chunk, tooLong(404, "too long")},
		{"404 until closed", head(404, ""), piece, tooLong(404, "too long")},
		{"500 declared", head(500, declared), piece, tooLong(500, "too long")},
		{"500 in chunks", head(500, chunks), chunk, tooLong(500, "too long")},
		{"500 until closed", head(500, ""), piece, tooLong(500, "too long")},
		{"503 with Retry-After", head(503, "Retry-After: 1\r\n"+chunks), chunk, tooLong(503, "too long")},
		{"200 declared", head(200, declared), piece, tooLong(200, "")},
		{"200 in chunks", head(200, chunks), chunk, tooLong(200, "")},
		{"302 until closed", head(302, "Location: /\r\n"), piece, tooLong(302, "")},
		{"204 declared", head(204, declared), piece, wireWant{status: 204}},
		{"204 in chunks", head(204, chunks), chunk, wireWant{status: 204}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said atomic.Int64
			more := []byte(tt.more)
			server := newWireServer(t, func(c *wireConn) {
				c.next()
				c.say(tt.start)
				for n, err := 0, error(nil); err == nil && said.Load() < size; said.Add(int64(n)) {
					n, err = c.Write(more)
				}
			})
			doer := &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)

			response, err := removeFrom(t, "http://"+server.address, doer)

			runtime.ReadMemStats(&after)
			tt.want.require(t, response, err)
			require.Equal(t, int64(1), server.requests.Load())
			maxAlloc := uint64(8 << 20)
			if strings.HasPrefix(tt.start, head(tt.want.status, declared)) {
				maxAlloc = 1 << 20 // What is declared to be too long is not even begun.
			}
			require.Less(t, after.TotalAlloc-before.TotalAlloc, maxAlloc)
			var answer *signalwire.Error
			if errors.As(err, &answer) {
				require.Nil(t, answer.Body())
			}
			server.close()
			require.Less(t, said.Load(), int64(size/2), "what buffers hold, and not the whole answer, is read")
		})
	}
}

// TestBodyLimit wants a body of 1 MiB whole, and none of a longer one.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	padded := func(size int) string {
		return strings.Replace(notFoundBody, "{", "{"+strings.Repeat(" ", size-len(notFoundBody)), 1)
	}
	for _, tt := range []struct {
		name string
		size int
		want wireWant
	}{
		{"at the limit", limit, wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{"over the limit", limit + 1, wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1, text: "too long"}},
	} {
		for name, answer := range map[string]string{
			"declared":  wireAnswer(404, padded(tt.size)),
			"in chunks": fmt.Sprintf("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", tt.size, padded(tt.size)),
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				t.Parallel()
				server := newWireServer(t, answers(answer))
				response, err := removeFrom(t, "http://"+server.address, &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt})
				tt.want.require(t, response, err)
				require.Equal(t, int64(1), server.requests.Load())
			})
		}
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
			_, _ = io.WriteString(w, notFoundBody)
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
			_, _ = io.WriteString(w, notFoundBody)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, brokenTwice},
		{"103s", func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.WriteHeader(http.StatusEarlyHints)
			}
			w.WriteHeader(http.StatusNoContent)
		}, wireWant{status: 204}},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
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
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, server.URL, doer)

			tt.want.require(t, response, err)
			require.Zero(t, others.Load())
			require.Equal(t, int64(max(tt.want.attempts, 1)), requests.Load())
		})
	}
}

// Frame types, flags and errors of HTTP/2 (RFC 9113, sections 6 and 7).
const (
	h2Headers, h2Reset, h2Settings, h2Ping, h2GoAway = 1, 3, 4, 6, 7
	h2Ack, h2EndStream, h2EndHeaders                 = 1, 1, 4
	h2NoError, h2InternalError, h2Refused, h2Cancel  = 0, 2, 7, 8
)

// An h2Conn is the server's end of an HTTP/2 connection. It acknowledges
// settings and, unless it is deaf, pings, and leaves requests to a script.
type h2Conn struct {
	*tls.Conn
	number int64
	deaf   bool
}

func (c *h2Conn) frame(kind, flags byte, stream uint32, payload ...byte) {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind)), flags)
	frame = append(binary.BigEndian.AppendUint32(frame, stream), payload...)
	_, _ = c.Write(frame)
}

func (c *h2Conn) noContent(stream uint32) {
	c.frame(h2Headers, h2EndStream|h2EndHeaders, stream, 0x89) // ":status: 204" in HPACK's static table.
}

func (c *h2Conn) reset(stream uint32, code byte) { c.frame(h2Reset, 0, stream, 0, 0, 0, code) }

func (c *h2Conn) goAway(last uint32, code byte) {
	c.frame(h2GoAway, 0, 0, append(binary.BigEndian.AppendUint32(nil, last), 0, 0, 0, code)...)
}

// speakH2 returns a script that calls another one for each request, until that
// returns false or the client closes the connection.
func speakH2(config *tls.Config, request func(c *h2Conn, stream uint32) bool) func(*wireConn) {
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	return func(wire *wireConn) {
		c := &h2Conn{Conn: tls.Server(wire.Conn, config), number: wire.number}
		preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		c.frame(h2Settings, 0, 0)
		for {
			head := make([]byte, 9)
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			payload := make([]byte, binary.BigEndian.Uint32(head)>>8)
			if _, err := io.ReadFull(c, payload); err != nil {
				return
			}
			switch kind, flags := head[3], head[4]; {
			case kind == h2Settings && flags&h2Ack == 0:
				c.frame(h2Settings, h2Ack, 0)
			case kind == h2Settings:
				wire.server.settled.Add(1)
			case kind == h2Ping && flags&h2Ack == 0 && !c.deaf:
				c.frame(h2Ping, h2Ack, 0, payload...)
			case kind == h2Headers:
				wire.server.countRequest()
				if !request(c, binary.BigEndian.Uint32(head[5:])) {
					return
				}
			}
		}
	}
}

func TestHTTP2Faults(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.issue(t, nil)}}
	removed := wireWant{status: http.StatusNoContent}
	silent := wireWant{attempts: 2, maybeApplied: true, retryable: true, timeout: true}
	for _, tt := range []struct {
		name                  string
		request               func(c *h2Conn, stream uint32) bool
		want                  wireWant
		connections, requests int64
	}{
		{"204", func(c *h2Conn, stream uint32) bool {
			c.noContent(stream)
			return true
		}, removed, 1, 1},
		{"204 whose stream stays open", func(c *h2Conn, stream uint32) bool {
			c.frame(h2Headers, h2EndHeaders, stream, 0x89)
			return true
		}, removed, 1, 1},
		{"refused once", func(c *h2Conn, stream uint32) bool {
			if stream == 1 {
				c.reset(stream, h2Refused)
			} else {
				c.noContent(stream)
			}
			return true
		}, removed, 1, 2},
		// net/http tries again at once and then after a second, so each attempt ends in between.
		{"refused for ever", func(c *h2Conn, stream uint32) bool {
			c.reset(stream, h2Refused)
			return true
		}, silent, 1, 4},
		{"gone away before the request", func(c *h2Conn, stream uint32) bool {
			if c.number == 1 {
				c.goAway(0, h2NoError)
				return true
			}
			c.noContent(stream)
			return true
		}, removed, 2, 2},
		{"gone away in the request", func(c *h2Conn, stream uint32) bool {
			if c.number == 1 {
				c.goAway(stream, h2NoError)
				return false
			}
			c.noContent(stream)
			return true
		}, removed, 2, 2},
		{"gone away in every request", func(c *h2Conn, stream uint32) bool {
			c.goAway(stream, h2NoError)
			return false
		}, brokenTwice, 2, 2},
		{"gone away with an error", func(c *h2Conn, _ uint32) bool {
			c.goAway(0, h2InternalError)
			return true
		}, brokenTwice, 2, 2},
		{"closed", func(*h2Conn, uint32) bool { return false }, brokenTwice, 2, 2},
		{"cancelled", func(c *h2Conn, stream uint32) bool {
			c.reset(stream, h2Cancel)
			return true
		}, brokenTwice, 1, 2},
		{"reset in the body", func(c *h2Conn, stream uint32) bool {
			c.frame(h2Headers, h2EndHeaders, stream, 0x8d) // ":status: 404"
			c.reset(stream, h2InternalError)
			return true
		}, brokenTwice, 1, 2},
		{"not HTTP/2", func(c *h2Conn, _ uint32) bool {
			_, _ = io.WriteString(c, noContent)
			return true
		}, brokenTwice, 2, 2},
		{"headers that are not HPACK", func(c *h2Conn, stream uint32) bool {
			c.frame(h2Headers, h2EndStream|h2EndHeaders, stream, 0xff, 0xff, 0xff)
			return true
		}, wireWant{attempts: 1, maybeApplied: true}, 1, 1},
		{"103s beyond 64 KiB", func(c *h2Conn, stream uint32) bool {
			for range 4 << 10 {
				c.frame(h2Headers, h2EndHeaders, stream, 0x08, 3, '1', '0', '3')
			}
			return true
		}, wireWant{attempts: 1, maybeApplied: true}, 1, 1},
		{"no answer", func(*h2Conn, uint32) bool { return true }, silent, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := newWireServer(t, speakH2(config, tt.request))
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: authority.transport(t)}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "https://"+server.address, doer)

			tt.want.require(t, response, err)
			require.Equal(t, tt.requests, server.requests.Load())
			// Where one ends, net/http may have dialled a spare one.
			require.GreaterOrEqual(t, server.connections.Load(), tt.connections)
			if tt.connections == 1 {
				require.Equal(t, int64(1), server.connections.Load())
			}
		})
	}
}

// TestHTTP2SilentPeer has a peer that does not even answer pings: without them,
// the connection would be used, and time out, again and again.
func TestHTTP2SilentPeer(t *testing.T) {
	t.Parallel()
	authority := newAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.issue(t, nil)}}
	server := newWireServer(t, speakH2(config, func(c *h2Conn, _ uint32) bool {
		c.deaf = true
		return true
	}))
	transport := authority.transport(t)
	transport.HTTP2.SendPingTimeout = 100 * time.Millisecond
	transport.HTTP2.PingTimeout = 100 * time.Millisecond
	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 1, AttemptTimeout: time.Minute, MaxElapsed: time.Minute}

	began := time.Now()
	response, err := removeFrom(t, "https://"+server.address, doer)

	wireWant{attempts: 1, maybeApplied: true, retryable: true}.require(t, response, err)
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, int64(1), server.requests.Load())
}
