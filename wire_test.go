package signalwire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
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
	"example.com/signalwire/internal/wiretest"
)

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
		script func(*wiretest.Conn)
		want   wireWant
		unread bool // the script does not read requests
	}{
		// The controls: what an answer as it should be comes to.
		{name: "204", script: wiretest.Responds(wiretest.NoContent), want: removed},
		{name: "204, closed", script: wiretest.ClosesAfter(wiretest.NoContent), want: removed},
		{name: "404", script: wiretest.Responds(wiretest.RawResponse(404, wiretest.ErrorBody(404))),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "broken once", script: func(c *wiretest.Conn) {
			if c.Next(); c.Number > 1 {
				c.Say(wiretest.NoContent)
			}
		}, want: removed},

		// Reset and closed.
		{name: "reset before the request is read", unread: true, script: func(c *wiretest.Conn) {
			_, _ = c.Reader.Peek(1)
			c.Reset()
		}, want: wireWant{is: syscall.ECONNRESET, attempts: 2, maybeApplied: true, retryable: true}},
		{name: "reset after the request is read", script: func(c *wiretest.Conn) {
			c.Next()
			c.Reset()
		}, want: wireWant{is: syscall.ECONNRESET, attempts: 2, maybeApplied: true, retryable: true}},
		{name: "closed at once", unread: true, script: func(*wiretest.Conn) {}, want: brokenTwice},
		{name: "closed without an answer", script: wiretest.ClosesAfter(""),
			want: wireWant{is: io.EOF, attempts: 2, maybeApplied: true, retryable: true}},
		{name: "closed in the status line", script: wiretest.ClosesAfter("HTTP/1.1 20"), want: brokenTwice},
		{name: "closed after the status", script: wiretest.ClosesAfter("HTTP/1.1 204"), want: cut},
		{name: "closed after the status line", script: wiretest.ClosesAfter("HTTP/1.1 204 No Content\r\n"), want: cut},
		{name: "closed in a header", script: wiretest.ClosesAfter("HTTP/1.1 204 No Content\r\nDat"), want: brokenTwice},
		{name: "closed before the headers' end", script: wiretest.ClosesAfter("HTTP/1.1 204 No Content\r\nServer: x\r\n"), want: cut},
		{name: "closed in the body of a 404", script: wiretest.ClosesAfter(jsonHead + "Content-Length: 500\r\n\r\n" + wiretest.ErrorBody(404)), want: cut},
		{name: "closed in the body of a 500", script: wiretest.ClosesAfter("HTTP/1.1 500 Oops\r\nContent-Length: 500\r\n\r\n{"), want: cut},
		{name: "closed in the body of a 200", script: wiretest.ClosesAfter("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 200, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},
		{name: "closed in the body of a 302", script: wiretest.ClosesAfter("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 302, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Content-Length.
		{name: "length too short", script: wiretest.ClosesAfter(jsonHead + "Content-Length: 20\r\n\r\n" + wiretest.ErrorBody(404)),
			want: wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}},
		{name: "length zero", script: wiretest.ClosesAfter(jsonHead + "Content-Length: 0\r\n\r\n" + wiretest.ErrorBody(404)),
			want: wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}},
		{name: "length negative", script: wiretest.ClosesAfter(jsonHead + "Content-Length: -1\r\n\r\n" + wiretest.ErrorBody(404)), want: brokenTwice},
		{name: "length not a number", script: wiretest.ClosesAfter(jsonHead + "Content-Length: ten\r\n\r\n" + wiretest.ErrorBody(404)), want: brokenTwice},
		{name: "length beyond 64 bits", script: wiretest.ClosesAfter(jsonHead + "Content-Length: 99999999999999999999\r\n\r\n" + wiretest.ErrorBody(404)), want: brokenTwice},
		{name: "two lengths", script: wiretest.ClosesAfter(jsonHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" + wiretest.ErrorBody(404)), want: brokenTwice},
		{name: "204 with two lengths", script: wiretest.ClosesAfter("HTTP/1.1 204 No Content\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), want: brokenTwice},
		{name: "204 in chunks", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), want: removed},
		{name: "204 of HTTP/1.0", script: wiretest.HoldsAfter("HTTP/1.0 204 No Content\r\n\r\nhello"), want: removed},
		{name: "204 with a length and a body", script: wiretest.ClosesAfter("HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello"), want: removed},
		{name: "204 with a length and no body", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), want: removed},

		// Chunks.
		{name: "chunks", script: wiretest.Responds(chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(wiretest.ErrorBody(404)), wiretest.ErrorBody(404))),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "chunk size not a number", script: wiretest.ClosesAfter(chunked + "zz\r\n"), want: brokenTwice},
		{name: "chunk size empty", script: wiretest.ClosesAfter(chunked + "\r\n\r\n"), want: brokenTwice},
		{name: "chunk size beyond 64 bits", script: wiretest.ClosesAfter(chunked + "fffffffffffffffff\r\n"), want: brokenTwice},
		{name: "chunk longer than its size", script: wiretest.ClosesAfter(chunked + "2\r\n{}{}\r\n0\r\n\r\n"), want: brokenTwice},
		{name: "chunk cut", script: wiretest.ClosesAfter(chunked + "ff\r\n{}"), want: cut},
		{name: "last chunk missing", script: wiretest.ClosesAfter(chunked + fmt.Sprintf("%x\r\n%s\r\n", len(wiretest.ErrorBody(404)), wiretest.ErrorBody(404))), want: cut},
		{name: "trailer cut", script: wiretest.ClosesAfter(chunked + fmt.Sprintf("%x\r\n%s\r\n0\r\n", len(wiretest.ErrorBody(404)), wiretest.ErrorBody(404))), want: brokenTwice},
		{name: "trailer too long", script: wiretest.ClosesAfter(chunked + "0\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n"), want: brokenTwice},
		{name: "unknown transfer encoding", script: wiretest.ClosesAfter(jsonHead + "Transfer-Encoding: x\r\n\r\n"), want: brokenTwice},

		// Not HTTP.
		{name: "SSH that speaks first", unread: true, script: func(c *wiretest.Conn) {
			c.Say("SSH-2.0-OpenSSH_9.6\r\n")
			c.Hold()
		}, want: brokenTwice},
		{name: "SSH", script: wiretest.HoldsAfter("SSH-2.0-OpenSSH_9.6\r\n"), want: garbled},
		{name: "SMTP", script: wiretest.HoldsAfter("220 mail.example.org ESMTP\r\n"), want: garbled},
		{name: "TLS", script: wiretest.ClosesAfter("\x15\x03\x01\x00\x02\x02\x46"), want: brokenTwice},
		{name: "garbage", script: wiretest.HoldsAfter("\xff\x00\xfe\r\n\r\n"), want: garbled},
		{name: "HTML without a head", script: wiretest.HoldsAfter("<html>204 No Content</html>\r\n\r\n"), want: garbled},
		{name: "status that is no number", script: wiretest.HoldsAfter("HTTP/1.1 2O4 No Content\r\n\r\n"), want: garbled},
		{name: "status with a sign", script: wiretest.HoldsAfter("HTTP/1.1 -04 No Content\r\n\r\n"), want: garbled},
		{name: "status with four digits", script: wiretest.HoldsAfter("HTTP/1.1 2040 No Content\r\n\r\n"), want: garbled},
		{name: "HTTP version that is none", script: wiretest.HoldsAfter("HTTP/x 204 No Content\r\n\r\n"), want: garbled},
		{name: "header without a colon", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nServer\r\n\r\n"), want: brokenTwice},
		{name: "answer to nothing behind the answer", script: wiretest.ClosesAfter(wiretest.RawResponse(404, wiretest.ErrorBody(404)) + wiretest.NoContent),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "status that does not exist", script: wiretest.Responds("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
			want: wireWant{status: 999, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Silence.
		{name: "no answer", script: wiretest.HoldsAfter(""), want: silentTwice},
		{name: "silent in the status line", script: wiretest.HoldsAfter("H"), want: silent},
		{name: "silent in the headers", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nDate"), want: silent},
		{name: "silent after a 100", script: wiretest.HoldsAfter("HTTP/1.1 100 Continue\r\n\r\n"), want: silent},
		{name: "silent in the body", script: wiretest.HoldsAfter(jsonHead + "Content-Length: 500\r\n\r\n{"), want: silent},
		{name: "silent in the body of a 200", script: wiretest.HoldsAfter("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 200, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Informational answers.
		{name: "100s", script: wiretest.Responds(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + wiretest.NoContent), want: removed},
		{name: "102s", script: wiretest.Responds(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 100) + wiretest.NoContent), want: removed},
		{name: "103s", script: wiretest.Responds(strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", 100) + wiretest.NoContent), want: removed},
		{name: "100s and a 404", script: wiretest.Responds(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + wiretest.RawResponse(404, wiretest.ErrorBody(404))),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "100s for ever", script: wiretest.KeepsSaying("", "HTTP/1.1 100 Continue\r\n\r\n"), want: tooLong},
		{name: "103s for ever", script: wiretest.KeepsSaying("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), want: tooLong},
		{name: "101", script: wiretest.HoldsAfter("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"),
			want: wireWant{status: 101, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Headers of at most 64 KiB.
		{name: "60 KiB of headers", script: wiretest.Responds("HTTP/1.1 204 No Content\r\nX: " + strings.Repeat("x", 60<<10) + "\r\n\r\n"), want: removed},
		{name: "one long header", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nX: " + strings.Repeat("x", 68<<10) + "\r\n\r\n"), want: tooLong},
		{name: "long headers of a 503", script: wiretest.HoldsAfter("HTTP/1.1 503 Busy\r\nX: " + strings.Repeat("x", 68<<10) + "\r\n\r\n"), want: tooLong},
		{name: "many headers", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\n" + strings.Repeat("X: x\r\n", 12<<10) + "\r\n"), want: tooLong},
		{name: "a header for ever", script: wiretest.KeepsSaying("HTTP/1.1 204 No Content\r\nX: ", strings.Repeat("x", 1<<10)), want: tooLong},
		{name: "headers for ever", script: wiretest.KeepsSaying("HTTP/1.1 204 No Content\r\n", strings.Repeat("X: x\r\n", 100)), want: tooLong},
		{name: "a status line for ever", script: wiretest.KeepsSaying("HTTP/1.1 204 ", strings.Repeat("x", 1<<10)), want: tooLong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, tt.script)
			doer := &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt}
			if strings.HasPrefix(tt.name, "silent") {
				doer.MaxAttempts = 1 // One row waits twice; that is enough.
			}
			if strings.HasPrefix(tt.name, "silent") || tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "http://"+server.Address, doer)

			tt.want.require(t, response, err)
			sent := int64(max(tt.want.attempts, 1))
			if tt.name == "broken once" {
				sent = 2
			}
			if tt.unread {
				require.Equal(t, sent, server.Connections.Load())
			} else {
				require.Equal(t, sent, server.Requests.Load())
			}
		})
	}
}

func TestConnectionRefused(t *testing.T) {
	t.Parallel()
	response, err := removeFrom(t, "http://"+wiretest.RefusingAddress(t), &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt})
	wireWant{is: syscall.ECONNREFUSED, attempts: 2, retryable: true}.require(t, response, err)
}

// TestUnaskedCompression has a 404 of the API compressed, though nobody asked
// for that: what was not decoded cannot say "not found".
func TestUnaskedCompression(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	_, err := io.WriteString(writer, wiretest.ErrorBody(404))
	require.NoError(t, err)
	require.NoError(t, writer.Close())
	var accepted atomic.Value
	server := wiretest.NewServer(t, func(c *wiretest.Conn) {
		for r := c.Next(); r != nil; r = c.Next() {
			accepted.Store(r.Header.Values("Accept-Encoding"))
			c.Say(strings.Replace(wiretest.RawResponse(404, zipped.String()), "\r\n", "\r\nContent-Encoding: gzip\r\n", 1))
		}
	})

	response, err := removeFrom(t, "http://"+server.Address, &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt})

	wireWant{status: 404, is: signalwire.ErrUnexpectedResponse, attempts: 1}.require(t, response, err)
	require.Empty(t, accepted.Load())
	require.Equal(t, int64(1), server.Requests.Load())
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
	servers := make([]*wiretest.Server, clients)
	for i := range servers {
		servers[i] = wiretest.NewServer(t, func(c *wiretest.Conn) {
			c.Next()
			c.Say(wiretest.NoContent)
			c.Next()
		})
		client, err := signalwire.New("example", testProject, testToken,
			signalwire.WithBaseURL("http://"+servers[i].Address), signalwire.WithHTTPClient(doer))
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
		require.Equal(t, int64(calls+calls-1), server.Requests.Load()) // All calls but the first found a stale connection.
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
			server := wiretest.NewServer(t, func(c *wiretest.Conn) {
				c.Next()
				c.Say(tt.start)
				for n, err := 0, error(nil); err == nil && said.Load() < size; said.Add(int64(n)) {
					n, err = c.Write(more)
				}
			})
			doer := &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)

			response, err := removeFrom(t, "http://"+server.Address, doer)

			runtime.ReadMemStats(&after)
			tt.want.require(t, response, err)
			require.Equal(t, int64(1), server.Requests.Load())
			maxAlloc := uint64(8 << 20)
			if strings.HasPrefix(tt.start, head(tt.want.status, declared)) {
				maxAlloc = 1 << 20 // What is declared to be too long is not even begun.
			}
			require.Less(t, after.TotalAlloc-before.TotalAlloc, maxAlloc)
			var answer *signalwire.Error
			if errors.As(err, &answer) {
				require.Nil(t, answer.Body())
			}
			server.Close()
			require.Less(t, said.Load(), int64(size/2), "what buffers hold, and not the whole answer, is read")
		})
	}
}

// TestBodyLimit wants a body of 1 MiB whole, and none of a longer one.
func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 1 << 20
	padded := func(size int) string {
		return strings.Replace(wiretest.ErrorBody(404), "{", "{"+strings.Repeat(" ", size-len(wiretest.ErrorBody(404))), 1)
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
			"declared":  wiretest.RawResponse(404, padded(tt.size)),
			"in chunks": fmt.Sprintf("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", tt.size, padded(tt.size)),
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				t.Parallel()
				server := wiretest.NewServer(t, wiretest.Responds(answer))
				response, err := removeFrom(t, "http://"+server.Address, &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt})
				tt.want.require(t, response, err)
				require.Equal(t, int64(1), server.Requests.Load())
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
		{"no answer", func(*wiretest.H2Conn, uint32) bool { return true }, silent, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, wiretest.SpeakH2(config, tt.request))
			doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: 2, AttemptTimeout: longAttempt}
			if tt.want.timeout {
				doer.AttemptTimeout = shortAttempt
			}

			response, err := removeFrom(t, "https://"+server.Address, doer)

			tt.want.require(t, response, err)
			require.Equal(t, tt.requests, server.Requests.Load())
			// Where one ends, net/http may have dialled a spare one.
			require.GreaterOrEqual(t, server.Connections.Load(), tt.connections)
			if tt.connections == 1 {
				require.Equal(t, int64(1), server.Connections.Load())
			}
		})
	}
}

// TestHTTP2SilentPeer has a peer that does not even answer pings: without them,
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
	transport.HTTP2.PingTimeout = 100 * time.Millisecond
	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 1, AttemptTimeout: time.Minute, MaxElapsed: time.Minute}

	began := time.Now()
	response, err := removeFrom(t, "https://"+server.Address, doer)

	wireWant{attempts: 1, maybeApplied: true, retryable: true}.require(t, response, err)
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, int64(1), server.Requests.Load())
}
