package signalwire_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// A wireWant is what must come of a call.
type wireWant struct {
	status       int // 0: no complete response
	is           error
	attempts     int
	maybeApplied bool
	retryable    bool
	timeout      bool
	text         string
}

func (w wireWant) require(t *testing.T, response *signalwire.DeleteParticipantResponse, err error) {
	t.Helper()
	if w.status == http.StatusNoContent {
		require.NoError(t, err)
		require.Equal(t, http.StatusNoContent, response.StatusCode())
		require.Empty(t, response.Body)
		return
	}
	require.Nil(t, response)
	require.ErrorContains(t, err, w.text)
	if w.is != nil {
		require.ErrorIs(t, err, w.is)
	}
	if w.status != 0 {
		responded := requireAPIError(t, err)
		require.Equal(t, w.status, responded.StatusCode)
		require.Equal(t, w.attempts, responded.Attempts)
		require.Equal(t, w.maybeApplied, responded.MaybeApplied, "MaybeApplied of %v", err)
		require.Equal(t, w.retryable, responded.Retryable(), "Retryable of %v", err)
		require.Equal(t, w.is == signalwire.ErrUnexpectedResponse, errors.Is(err, signalwire.ErrUnexpectedResponse), "ErrUnexpectedResponse in %v", err)
		require.Equal(t, w.is == signalwire.ErrNotFound, errors.Is(err, signalwire.ErrNotFound), "ErrNotFound in %v", err)
		return
	}
	failure := requireTransportError(t, err)
	require.Equal(t, w.attempts, failure.Attempts, "%v", err)
	require.Equal(t, w.maybeApplied, failure.MaybeApplied, "MaybeApplied of %v", err)
	require.Equal(t, w.retryable, failure.Retryable(), "Retryable of %v", err)
	require.Equal(t, w.timeout, failure.Timeout(), "Timeout of %v", err)
	require.NotErrorIs(t, err, context.Canceled, "the caller's context was not")
}

// requireFrom removes with two attempts, whose time limit is short if it has to
// fire.
func (w wireWant) requireFrom(t *testing.T, baseURL string, transport *http.Transport) error {
	t.Helper()
	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 2, AttemptTimeout: longAttempt}
	if w.timeout {
		doer.AttemptTimeout = shortAttempt
	}
	t.Cleanup(transport.CloseIdleConnections)
	response, err := removeFrom(t, baseURL, doer)
	w.require(t, response, err)
	return err
}

var brokenTwice = wireWant{attempts: 2, maybeApplied: true, retryable: true}

// removeFrom calls a server with a Doer of its own, and checks that the Doer's time
// limits were kept.
func removeFrom(t *testing.T, baseURL string, doer *signalwire.Doer) (*signalwire.DeleteParticipantResponse, error) {
	t.Helper()
	if doer.HTTPClient == nil {
		transport := signalwire.NewTransport()
		t.Cleanup(transport.CloseIdleConnections)
		doer.HTTPClient = &http.Client{Transport: transport}
	}
	client := newClientAt(t, baseURL, doer)
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
		// The controls: what a response as it should be comes to.
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
		{name: "closed without a response", script: wiretest.ClosesAfter(""),
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
		{name: "response to nothing after the response", script: wiretest.ClosesAfter(wiretest.RawResponse(404, wiretest.ErrorBody(404)) + wiretest.NoContent),
			want: wireWant{status: 404, is: signalwire.ErrNotFound, attempts: 1}},
		{name: "status that does not exist", script: wiretest.Responds("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"),
			want: wireWant{status: 999, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Silence.
		{name: "no response", script: wiretest.HoldsAfter(""), want: silentTwice},
		{name: "silent in the status line", script: wiretest.HoldsAfter("H"), want: silent},
		{name: "silent in the headers", script: wiretest.HoldsAfter("HTTP/1.1 204 No Content\r\nDate"), want: silent},
		{name: "silent after a 100", script: wiretest.HoldsAfter("HTTP/1.1 100 Continue\r\n\r\n"), want: silent},
		{name: "silent in the body", script: wiretest.HoldsAfter(jsonHead + "Content-Length: 500\r\n\r\n{"), want: silent},
		{name: "silent in the body of a 200", script: wiretest.HoldsAfter("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"),
			want: wireWant{status: 200, is: signalwire.ErrUnexpectedResponse, attempts: 1, maybeApplied: true}},

		// Informational responses.
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
	wireWant{is: syscall.ECONNREFUSED, attempts: 2, retryable: true}.requireFrom(t, "http://"+wiretest.RefusingAddress(t), signalwire.NewTransport())
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		doer  *signalwire.Doer
		field string // that is wrong, or ""
	}{
		{"zero", &signalwire.Doer{}, ""},
		{"the least", &signalwire.Doer{MaxAttempts: 1, AttemptTimeout: time.Millisecond, MaxElapsed: time.Millisecond}, ""},
		{"the most", &signalwire.Doer{MaxAttempts: 20, AttemptTimeout: time.Hour, MaxElapsed: time.Hour}, ""},
		{"MaxAttempts -1", &signalwire.Doer{MaxAttempts: -1}, "MaxAttempts"},
		{"MaxAttempts 21", &signalwire.Doer{MaxAttempts: 21}, "MaxAttempts"},
		{"AttemptTimeout negative", &signalwire.Doer{AttemptTimeout: -time.Second}, "AttemptTimeout"},
		{"AttemptTimeout without a unit", &signalwire.Doer{AttemptTimeout: 30}, "AttemptTimeout"},
		{"AttemptTimeout just too short", &signalwire.Doer{AttemptTimeout: time.Millisecond - 1}, "AttemptTimeout"},
		{"AttemptTimeout too long", &signalwire.Doer{AttemptTimeout: time.Hour + 1}, "AttemptTimeout"},
		{"MaxElapsed negative", &signalwire.Doer{MaxElapsed: -time.Second}, "MaxElapsed"},
		{"MaxElapsed without a unit", &signalwire.Doer{MaxElapsed: 30}, "MaxElapsed"},
		{"MaxElapsed too long", &signalwire.Doer{MaxElapsed: time.Hour + 1}, "MaxElapsed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(tt.doer))
			request := newRequest(t, http.MethodGet)
			if tt.field == "" {
				require.NoError(t, err)
				return
			}
			require.Nil(t, client)
			requireClearError(t, err, "", tt.field)
			for range 2 { // It stays wrong.
				response, err := tt.doer.Do(request)
				require.Nil(t, response)
				require.ErrorContains(t, err, tt.field)
				require.False(t, requireTransportError(t, err).Retryable(), "Retryable of %v", err)
			}
		})
	}
}

func TestNewNamesEverySetting(t *testing.T) {
	t.Parallel()
	_, err := signalwire.New("example", testProject, testToken,
		signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: -1, AttemptTimeout: -1, MaxElapsed: -1}))
	for _, field := range []string{"MaxAttempts", "AttemptTimeout", "MaxElapsed"} {
		require.ErrorContains(t, err, field)
	}
}

type mapClient map[string]*http.Response

func (m mapClient) Do(r *http.Request) (*http.Response, error) { return m[r.URL.Path], nil }

type pointerClient struct{}

func (*pointerClient) Do(*http.Request) (*http.Response, error) { panic("called") }

func TestTypedNils(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		client signalwire.HttpRequestDoer
		want   string
	}{
		{"Doer", (*signalwire.Doer)(nil), "HTTP client is nil"},
		{"http.Client", (*http.Client)(nil), "HTTP client is nil"},
		{"own client", (*pointerClient)(nil), "HTTP client is nil"},
		{"transport", &http.Client{Transport: (*http.Transport)(nil)}, "transport is nil"},
		{"function", wiretest.Sender(nil), "HTTP client is nil"},
		{"function as transport", &http.Client{Transport: wiretest.Sender(nil)}, "transport is nil"},
		{"map", mapClient(nil), "HTTP client is nil"},
		{"http.Client in a Doer", &signalwire.Doer{HTTPClient: (*http.Client)(nil)}, "HTTP client is nil"},
		{"own client in a Doer", &signalwire.Doer{HTTPClient: (*pointerClient)(nil)}, "HTTP client is nil"},
		{"transport in a Doer", &signalwire.Doer{HTTPClient: &http.Client{Transport: (*http.Transport)(nil)}}, "transport is nil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(tt.client))
			require.Nil(t, client)
			requireClearError(t, err, "", tt.want)
			if doer, ok := tt.client.(*signalwire.Doer); ok && doer != nil {
				_, err := doer.Do(newRequest(t, http.MethodGet))
				require.ErrorContains(t, err, tt.want)
				requireTransportError(t, err)
			}
		})
	}
}

// TestHTTPClientsThatBreakTheRules of HttpRequestDoer or of http.RoundTripper.
func TestHTTPClientsThatBreakTheRules(t *testing.T) {
	t.Parallel()
	errBroken := errors.New("broken")
	for _, tt := range []struct {
		name     string
		send     wiretest.Sender
		status   int // of the response, or 0 for no complete response
		requests int
	}{
		{"neither", func(*http.Request) (*http.Response, error) { return nil, nil }, 0, defaultAttempts},
		{"both", func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 204, ""), errBroken }, 0, defaultAttempts},
		{"204 without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, nil }, 204, 1},
		{"404 without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 404}, nil }, 404, 1},
		{"503 without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 503}, nil }, 503, defaultAttempts},
		{"error without a body", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, errBroken }, 0, defaultAttempts},
		{"zero response", func(*http.Request) (*http.Response, error) { return &http.Response{}, nil }, 0, 1},
		{"negative status", func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: -204}, nil }, -204, 1},
	} {
		for name, client := range map[string]func(wiretest.Sender) signalwire.HttpRequestDoer{
			"HttpRequestDoer": func(s wiretest.Sender) signalwire.HttpRequestDoer { return s },
			"RoundTripper":    func(s wiretest.Sender) signalwire.HttpRequestDoer { return &http.Client{Transport: s} },
			"RoundTripper and jar": func(s wiretest.Sender) signalwire.HttpRequestDoer {
				return &http.Client{Transport: s, Jar: must(cookiejar.New(nil))}
			},
		} {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					var requests int
					_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: client(func(r *http.Request) (*http.Response, error) {
						requests++
						return tt.send(r)
					})}))

					require.Equal(t, tt.requests, requests)
					switch {
					case tt.status == 204:
						require.NoError(t, err)
					case tt.status != 0 || tt.name == "zero response":
						require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
						require.ErrorIs(t, err, signalwire.ErrUnexpectedResponse)
						require.Equal(t, tt.status == 503, errors.Is(err, signalwire.ErrUnavailable), "ErrUnavailable in %v", err)
						require.NotErrorIs(t, err, signalwire.ErrNotFound)
					default:
						require.True(t, requireTransportError(t, err).MaybeApplied, "MaybeApplied of %v", err)
					}
				})
			})
		}
	}
}

// TestDoerInADoer: what the inner one came to is the result, also when it is
// wrapped on the way.
func TestDoerInADoer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		step     wiretest.Sender
		requests int
		maybe    bool
		matches  []string
	}{
		{"404", wiretest.Says(404), 1, false, []string{"not found"}},
		{"503", wiretest.Says(503), 2, true, []string{"unavailable"}},
		{"refused", wiretest.Fails(net.ErrClosed), 2, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				server := wiretest.InTurn(tt.step)
				inner := &signalwire.Doer{HTTPClient: server, MaxAttempts: 2}
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					response, err := inner.Do(r)
					if err != nil {
						err = fmt.Errorf("logged: %w", err)
					}
					return response, err
				})}))

				require.Equal(t, tt.requests, server.Requests)
				if tt.name == "refused" {
					failed := requireTransportError(t, err)
					require.Equal(t, tt.maybe, failed.MaybeApplied, "MaybeApplied of %v", err)
					require.Equal(t, 2, failed.Attempts)
					require.ErrorIs(t, err, net.ErrClosed)
					return
				}
				responded := requireAPIError(t, err)
				require.Equal(t, tt.maybe, responded.MaybeApplied, "MaybeApplied of %v", err)
				require.Equal(t, tt.requests, responded.Attempts)
				require.Subset(t, tt.matches, matched(err))
			})
		})
	}
}

func TestDoerWithoutRequest(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]*http.Request{"nil": nil, "zero": {}, "without URL": {Method: http.MethodGet}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.InTurn(wiretest.Says(204))
			response, err := (&signalwire.Doer{HTTPClient: server}).Do(request)
			require.Nil(t, response)
			failed := requireTransportError(t, err)
			require.False(t, failed.Retryable(), "Retryable of %v", err)
			require.False(t, failed.MaybeApplied, "MaybeApplied of %v", err)
			require.Zero(t, server.Requests)
		})
	}
}

// TestRequestsMadeByHand may lack what http.NewRequest sets.
func TestRequestsMadeByHand(t *testing.T) {
	t.Parallel()
	server := must(url.Parse(wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
	})))
	for name, doer := range map[string]*signalwire.Doer{
		"zero Doer": {}, "with a jar": {HTTPClient: &http.Client{Jar: must(cookiejar.New(nil))}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // The second time, there is a cookie.
				request := &http.Request{Method: http.MethodGet, URL: server}
				_, err := doer.Do(request)
				require.NoError(t, err)
				require.Nil(t, request.Header)
			}
		})
	}
}

// TestRequestBodyIsClosed when nothing is sent, as http.Client does.
func TestRequestBodyIsClosed(t *testing.T) {
	t.Parallel()
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for _, tt := range []struct {
		name   string
		doer   *signalwire.Doer
		ctx    context.Context
		change func(*http.Request)
	}{
		{"wrong settings", &signalwire.Doer{MaxAttempts: -1}, context.Background(), func(*http.Request) {}},
		{"context is done", &signalwire.Doer{}, done, func(*http.Request) {}},
		{"no URL", &signalwire.Doer{}, context.Background(), func(r *http.Request) { r.URL = nil }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			body := &wiretest.CountingBody{Left: 10}
			request := must(http.NewRequestWithContext(tt.ctx, http.MethodPut, "https://example.org/x", body))
			tt.change(request)

			_, err := tt.doer.Do(request)

			require.Zero(t, requireTransportError(t, err).Attempts)
			require.True(t, body.Closed, "the body is closed")
		})
	}
	t.Run("given up in line", func(t *testing.T) {
		bubble(t, func(t *testing.T) {
			doer := &signalwire.Doer{HTTPClient: wiretest.InTurn(wiretest.Says(503, "Retry-After", "20"))}
			client := newMemoryClient(t, doer)
			var group sync.WaitGroup
			for range 2 {
				group.Go(func() { _, _ = remove(t, client) })
			}
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			body := &wiretest.CountingBody{Left: 10}
			_, err := doer.Do(must(http.NewRequestWithContext(ctx, http.MethodPut, "https://example.org/x", body)))
			require.ErrorIs(t, err, context.Canceled)
			require.True(t, body.Closed, "the body is closed")
			group.Wait()
		})
	})
}

// TestRequestIsNotChanged, nor does the response lead back to it.
func TestRequestIsNotChanged(t *testing.T) {
	t.Parallel()
	doer := &signalwire.Doer{HTTPClient: &http.Client{
		Jar: must(cookiejar.New(nil)), Timeout: time.Minute,
		Transport: wiretest.Returns(200, `{}`),
	}}
	request := must(http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.org/secret/path?secret=query", nil))
	request.SetBasicAuth(testProject, testToken)
	before := request.Clone(t.Context())

	response, err := doer.Do(request)

	require.NoError(t, err)
	require.Equal(t, before.Header, request.Header)
	require.Equal(t, before.URL, request.URL)
	require.Empty(t, response.Request.Header)
	require.Equal(t, http.MethodGet, response.Request.Method)
	require.Equal(t, &url.URL{Scheme: "https", Host: "example.org"}, response.Request.URL)
}

// TestAttemptsHaveHeadersOfTheirOwn has a client change the request that it
// sends, as an http.Client with a cookie jar does.
func TestAttemptsHaveHeadersOfTheirOwn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var cookies [][]string
		server := wiretest.InTurn(wiretest.Says(503), wiretest.Says(503), wiretest.Says(204))
		doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			r.AddCookie(&http.Cookie{Name: "a", Value: "b"})
			cookies = append(cookies, r.Header["Cookie"])
			return server.Do(r)
		})}
		request := newRequest(t, http.MethodDelete)
		_, err := doer.Do(request)
		require.NoError(t, err)
		require.Equal(t, [][]string{{"a=b"}, {"a=b"}, {"a=b"}}, cookies)
		require.Empty(t, request.Header)
	})
}

func TestBodyIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		change   func(*http.Request)
		requests int
	}{
		{"rewindable", func(*http.Request) {}, defaultAttempts},
		{"without GetBody", func(r *http.Request) { r.GetBody = nil }, 1},
		{"GetBody fails", func(r *http.Request) {
			r.GetBody = func() (io.ReadCloser, error) { return nil, errors.New("gone") }
		}, 1},
		{"http.NoBody", func(r *http.Request) { r.Body, r.GetBody, r.ContentLength = http.NoBody, nil, 0 }, defaultAttempts},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var bodies []string
				doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					bodies = append(bodies, string(must(io.ReadAll(r.Body))))
					_ = r.Body.Close()
					return wiretest.Response(r, 503, wiretest.ErrorBody(503)), nil
				})}
				request := must(http.NewRequestWithContext(t.Context(), http.MethodPut, "https://example.org/x", strings.NewReader("hello")))
				tt.change(request)
				noBody := request.Body == http.NoBody

				_, err := doer.Do(request)

				require.Len(t, bodies, tt.requests)
				for _, body := range bodies {
					require.Equal(t, !noBody, body == "hello", "%q", body)
				}
				if tt.name == "GetBody fails" {
					require.ErrorContains(t, err, "gone")
					require.True(t, requireTransportError(t, err).MaybeApplied, "the first attempt")
					return
				}
				require.Equal(t, 503, requireAPIError(t, err).StatusCode)
			})
		})
	}
}

// TestOtherMethods: a Doer knows no operation.
func TestOtherMethods(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, method, body, contentType string
		status, requests                int
		want                            []string // nil for a success
	}{
		{"GET 200 JSON", "GET", `{"a":1}`, "application/json", 200, 1, nil},
		{"GET 200 JSON as text", "GET", `{"a":1}`, "text/plain", 200, 1, nil},
		{"GET 200 empty", "GET", "", "application/json", 200, 1, nil},
		{"GET 204", "GET", "", "application/json", 204, 1, nil},
		{"POST 200 JSON", "POST", `[]`, "application/json", 200, 1, nil},
		{"POST 201 JSON", "POST", `{"a":1}`, "application/json", 201, 1, nil},
		{"PUT 200 JSON", "PUT", `1`, "application/json", 200, 1, nil},
		{"PUT 202 empty", "PUT", "", "", 202, 1, nil},
		{"HEAD 200", "HEAD", "", "application/json", 200, 1, nil},
		{"GET 200 HTML", "GET", wiretest.HTML, "text/html", 200, 1, []string{"unexpected response"}},
		{"GET 200 HTML as JSON", "GET", wiretest.HTML, "application/json", 200, 1, []string{"unexpected response"}},
		{"GET 200 truncated", "GET", `{"a":`, "application/json", 200, 1, []string{"unexpected response"}},
		{"GET 200 two values", "GET", `{}{}`, "application/json", 200, 1, []string{"unexpected response"}},
		{"POST 201 HTML", "POST", wiretest.HTML, "text/html", 201, 1, []string{"unexpected response"}},
		{"GET 302", "GET", "", "", 302, 1, []string{"unexpected response"}},
		{"GET 404 of the API", "GET", wiretest.ErrorBody(404), "application/json", 404, 1, []string{"not found"}},
		{"GET 404 HTML", "GET", wiretest.HTML, "text/html", 404, 1, []string{"unexpected response"}},
		{"HEAD 404", "HEAD", "", "application/json", 404, 1, []string{"unexpected response"}},
		{"POST 422", "POST", wiretest.ErrorBody(422), "application/json", 422, 1, []string{"unprocessable"}},
		{"GET 503", "GET", wiretest.ErrorBody(503), "application/json", 503, defaultAttempts, []string{"unavailable"}},
		{"HEAD 503", "HEAD", "", "application/json", 503, defaultAttempts, []string{"unavailable", "unexpected response"}},
		{"PUT 503", "PUT", wiretest.ErrorBody(503), "application/json", 503, defaultAttempts, []string{"unavailable"}},
		{"DELETE 503", "DELETE", wiretest.ErrorBody(503), "application/json", 503, defaultAttempts, []string{"unavailable"}},
		{"POST 503", "POST", wiretest.ErrorBody(503), "application/json", 503, 1, []string{"unavailable"}},
		{"POST 429", "POST", wiretest.ErrorBody(429), "application/json", 429, 1, []string{"too many requests"}},
		{"PATCH 503", "PATCH", wiretest.ErrorBody(503), "application/json", 503, 1, []string{"unavailable"}},
		{"OPTIONS 503", "OPTIONS", wiretest.ErrorBody(503), "application/json", 503, 1, []string{"unavailable"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var requests int
				doer := &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
					requests++
					return wiretest.Response(r, tt.status, tt.body, "Content-Type", tt.contentType), nil
				})}
				request := newRequest(t, tt.method)

				response, err := doer.Do(request)

				require.Equal(t, tt.requests, requests)
				if tt.want == nil {
					require.NoError(t, err)
					require.Equal(t, tt.status, response.StatusCode)
					require.Equal(t, tt.body, string(must(io.ReadAll(response.Body))))
					require.EqualValues(t, len(tt.body), response.ContentLength)
					if tt.body == "" {
						require.Empty(t, response.Header.Values("Content-Type"))
					} else {
						require.Equal(t, tt.contentType, response.Header.Get("Content-Type"))
					}
					return
				}
				require.Nil(t, response)
				responded := requireAPIError(t, err)
				require.Equal(t, tt.status, responded.StatusCode)
				require.Equal(t, tt.requests, responded.Attempts)
				require.ElementsMatch(t, tt.want, matched(err))
				safe := tt.method == "GET" || tt.method == "HEAD"
				require.Equal(t, tt.status >= 500 && !safe || tt.name == "POST 201 HTML", responded.MaybeApplied, "MaybeApplied of %v", err)
			})
		})
	}
}

func TestOnAttempt(t *testing.T) {
	bubble(t, func(t *testing.T) {
		type key struct{}
		ctx := context.WithValue(t.Context(), key{}, "caller's")
		var attempts []signalwire.Attempt
		slow := func(r *http.Request) (*http.Response, error) {
			time.Sleep(3 * time.Second)
			return nil, io.EOF
		}
		server := wiretest.InTurn(wiretest.Says(503, "Retry-After", "1"), slow, wiretest.Says(404))
		client := newMemoryClient(t, &signalwire.Doer{HTTPClient: server, OnAttempt: func(ctx context.Context, a signalwire.Attempt) {
			require.Equal(t, "caller's", ctx.Value(key{}))
			require.Equal(t, server.Requests, a.Number, "right after it")
			attempts = append(attempts, a)
		}})

		_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

		require.ErrorIs(t, err, signalwire.ErrNotFound)
		require.Len(t, attempts, 3)
		for i, want := range []struct {
			status      int
			elapsed     time.Duration
			least, most time.Duration
		}{
			{503, 0, time.Second, 1200 * time.Millisecond},
			{0, 3 * time.Second, 1, 400 * time.Millisecond},
			{404, 0, 0, 0},
		} {
			got := attempts[i]
			require.Equal(t, i+1, got.Number)
			require.Equal(t, http.MethodDelete, got.Method)
			require.Equal(t, want.status, got.StatusCode)
			require.Equal(t, want.elapsed, got.Elapsed)
			require.GreaterOrEqual(t, got.RetryIn, want.least)
			require.LessOrEqual(t, got.RetryIn, want.most)
			requireLogLine(t, got.Err)
			for _, text := range []string{fmt.Sprintf("%+v", got), fmt.Sprintf("%#v", got)} {
				require.NotContains(t, text, "://")
				require.NotContains(t, text, testProject)
			}
		}
		require.Equal(t, 503, requireAPIError(t, attempts[0].Err).StatusCode)
		require.ErrorIs(t, attempts[1].Err, io.EOF)
		require.Same(t, err, attempts[2].Err)
		require.Equal(t, 1, requireAPIError(t, attempts[0].Err).Attempts, "as it was then")
	})
}

func TestOnAttemptOfSuccess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var attempts []signalwire.Attempt
		_, err := remove(t, newMemoryClient(t, &signalwire.Doer{
			HTTPClient: wiretest.InTurn(wiretest.Says(204)),
			OnAttempt:  func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
		}))
		require.NoError(t, err)
		require.Equal(t, []signalwire.Attempt{{Number: 1, Method: http.MethodDelete, StatusCode: 204}}, attempts)
	})
}

// TestZeroDoerIsConcurrent is for the race detector.
func TestZeroDoerIsConcurrent(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	server := wiretest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1)%20 == 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	var doer signalwire.Doer
	var succeeded atomic.Int64
	var group sync.WaitGroup
	const workers, calls = 64, 5
	for range workers {
		group.Go(func() {
			for range calls {
				request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, server, nil))
				if _, err := doer.Do(request); err == nil {
					succeeded.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.Greater(t, succeeded.Load(), int64(workers*calls*9/10))
}

// behaviours are what a server, or the way to it, may do. Only the ones that
// are successes respond to a DELETE with a complete 204.
var behaviours = []struct {
	name    string
	success bool
	send    wiretest.Sender
}{
	{"204", true, wiretest.Says(204)},
	{"204 with a body", true, wiretest.Returns(204, wiretest.HTML)},
	{"204, slowly", true, wiretest.Slowly(3*time.Second, wiretest.Says(204))},
	{"204 too late", false, wiretest.Slowly(time.Minute, wiretest.Says(204))},
	{"204 with an error", false, func(r *http.Request) (*http.Response, error) { return wiretest.Response(r, 204, ""), io.EOF }},
	{"200", false, wiretest.Returns(200, `{}`)},
	{"202", false, wiretest.Returns(202, "")},
	{"302", false, wiretest.Returns(302, "", "Location", "https://example.org/")},
	{"101", false, wiretest.Says(101)},
	{"404", false, wiretest.Says(404)},
	{"404 HTML", false, wiretest.Returns(404, wiretest.HTML)},
	{"422", false, wiretest.Says(422)},
	{"408", false, wiretest.Says(408)},
	{"429", false, wiretest.Says(429)},
	{"429, wait", false, wiretest.Says(429, "Retry-After", "4")},
	{"503", false, wiretest.Says(503)},
	{"503, wait", false, wiretest.Says(503, "Retry-After", "2")},
	{"503, wait long", false, wiretest.Says(503, "Retry-After", "3600")},
	{"503, wait nonsense", false, wiretest.Says(503, "Retry-After", "-1")},
	{"500, slowly", false, wiretest.Slowly(2*time.Second, wiretest.Says(500))},
	{"501", false, wiretest.Says(501)},
	{"reset", false, wiretest.Fails(syscall.ECONNRESET)},
	{"cut", false, func(r *http.Request) (*http.Response, error) {
		response := wiretest.Response(r, 404, "")
		response.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
		return response, nil
	}},
	{"hangs", false, wiretest.Hangs},
	{"hangs in the body", false, wiretest.HangsInBody(404)},
	{"over-long", false, func(r *http.Request) (*http.Response, error) {
		response := wiretest.Response(r, 500, "")
		response.ContentLength = 1 << 40
		return response, nil
	}},
	{"nothing", false, func(*http.Request) (*http.Response, error) { return nil, nil }},
}

// TestRandomServers holds the promises against servers that do anything.
func TestRandomServers(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	for n := range 500 {
		random := rand.New(rand.NewPCG(seed, uint64(n)))
		synctest.Test(t, func(t *testing.T) {
			doer := &signalwire.Doer{
				MaxAttempts:    random.IntN(8), // 0 is the default.
				AttemptTimeout: time.Duration(random.IntN(15)) * time.Second,
				MaxElapsed:     time.Duration(random.IntN(40)) * time.Second,
			}
			most, longest := doer.MaxAttempts, doer.MaxElapsed
			if most == 0 {
				most = defaultAttempts
			}
			if longest == 0 {
				longest = 30 * time.Second
			}
			ctx, cancel := t.Context(), context.CancelFunc(func() {})
			if random.IntN(3) == 0 {
				limit := time.Duration(random.IntN(20_000)) * time.Millisecond
				ctx, cancel = context.WithTimeout(ctx, limit)
				longest = min(longest, limit)
			}
			defer cancel()
			var log []string
			var last, succeeded bool
			send := wiretest.Sender(func(r *http.Request) (*http.Response, error) {
				behaviour := behaviours[random.IntN(len(behaviours))]
				log = append(log, behaviour.name)
				response, err := behaviour.send(r)
				last = behaviour.success && err == nil
				succeeded = succeeded || last
				return response, err
			})
			doer.HTTPClient = send
			if random.IntN(2) == 0 {
				doer.HTTPClient = &http.Client{Transport: send}
			}
			attempts := 0
			doer.OnAttempt = func(_ context.Context, a signalwire.Attempt) {
				attempts++
				require.Equal(t, attempts, a.Number)
			}
			client := newMemoryClient(t, doer)
			began := time.Now()

			response, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

			script := fmt.Sprintf("seed %d, script %d: %s", seed, n, strings.Join(log, "; "))
			require.NotEqual(t, err == nil, response == nil, script)
			require.Equal(t, last, err == nil, script)
			require.Equal(t, succeeded, err == nil, "nothing follows a success: %s", script)
			require.LessOrEqual(t, len(log), most, script)
			require.Equal(t, len(log), attempts, script)
			require.LessOrEqual(t, time.Since(began), longest, script)
			if err != nil {
				requireLogLine(t, err)
			}
		})
	}
}

// maxAllocs is how often a guarded call may allocate; see bench/RESULTS.md for
// how often it does. The race detector adds some, because it empties pools.
const maxAllocs = 26

// TestAllocations counts, so it does not depend on speed. It is not parallel,
// because others would be counted, too.
func TestAllocations(t *testing.T) {
	transport := wiretest.Sender(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	})
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	least := math.Inf(1) // What other goroutines allocate meanwhile is counted, too.
	for range 5 {
		least = min(least, testing.AllocsPerRun(100, func() {
			_, err = client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)
		}))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, least, float64(maxAllocs))
}
