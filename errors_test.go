package signalwire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

func TestSentinels(t *testing.T) {
	t.Parallel()
	want := map[int]string{
		400: "bad request", 401: "unauthorized", 403: "forbidden", 404: "not found", 409: "conflict",
		422: "unprocessable", 429: "too many requests", 503: "unavailable",
	}
	for status := 400; status < 600; status++ {
		_, err := remove(t, newMemoryClient(t, &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Says(status)}))
		var names []string
		if name := want[status]; name != "" {
			names = []string{name}
		}
		require.Equal(t, names, matched(err), "%d", status)
	}
}

func TestMaybeAppliedOfErrors(t *testing.T) {
	t.Parallel()
	applied, not := &signalwire.Error{MaybeApplied: true}, &signalwire.Error{StatusCode: 404}
	lost, refused := &signalwire.TransportError{MaybeApplied: true, Err: io.EOF}, &signalwire.TransportError{Err: io.EOF}
	for _, tt := range []struct {
		name string
		err  error
		want bool
	}{
		{"none", nil, false},
		{"another error", io.EOF, false},
		{"context", context.Canceled, false},
		{"Error", applied, true},
		{"Error, not", not, false},
		{"TransportError", lost, true},
		{"TransportError, not", refused, false},
		{"wrapped", fmt.Errorf("removing: %w", fmt.Errorf("x: %w", lost)), true},
		{"wrapped, not", fmt.Errorf("removing: %w", refused), false},
		{"joined, the last one", errors.Join(io.EOF, not, refused, applied), true},
		{"joined, none", errors.Join(io.EOF, not, refused), false},
		{"joined below", fmt.Errorf("%w and %w", not, errors.Join(refused, lost)), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tt.want, signalwire.MaybeApplied(tt.err), "MaybeApplied of %v", tt.err)
		})
	}
}

// TestCauseIsAnotherCallsError: a group of calls cancels its context with the
// error of the first call that fails. That error says nothing about the others.
func TestCauseIsAnotherCallsError(t *testing.T) {
	t.Parallel()
	_, notFound := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Says(404)}))
	mine := errors.New("mine")
	for _, tt := range []struct {
		name  string
		cause error
		is    []error
	}{
		{"Error", notFound, nil},
		{"wrapped Error", fmt.Errorf("removing: %w: %w", mine, notFound), []error{mine}},
		{"TransportError", &signalwire.TransportError{MaybeApplied: true, Err: io.EOF}, []error{io.EOF}},
		{"URL", &url.Error{Op: "Get", URL: "https://example.org/secret-location", Err: io.EOF}, []error{io.EOF}},
		{"neither", mine, nil},
	} {
		for _, when := range []string{"before", "meanwhile", "in the delay"} {
			t.Run(tt.name+" "+when, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					ctx, cancel := context.WithCancelCause(t.Context())
					send := wiretest.Sender(wiretest.Hangs)
					switch when {
					case "before":
						cancel(tt.cause)
					case "in the delay":
						send = wiretest.Says(503, "Retry-After", "15")
						fallthrough
					default:
						time.AfterFunc(5*time.Second, func() { cancel(tt.cause) })
					}
					_, err := newMemoryClient(t, &signalwire.Doer{HTTPClient: send}).
						DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

					failed := requireTransportError(t, err)
					require.Equal(t, when != "before", failed.MaybeApplied, "MaybeApplied of %v", err)
					require.False(t, failed.Retryable(), "Retryable of %v", err)
					require.NotErrorAs(t, failed.Err, new(*signalwire.TransportError))
					for _, want := range append(tt.is, tt.cause, context.Canceled) {
						require.ErrorIs(t, err, want)
					}
					require.Equal(t, when == "in the delay", strings.Contains(err.Error(), "; before that: 503 Service Unavailable"), "%v", err)
					for rendering, text := range renderings(err) {
						require.NotContains(t, text, "secret-location", rendering)
					}
				})
			})
		}
	}
}

// TestErrorsInLogs: log/slog gets fields, as clean as the text.
func TestErrorsInLogs(t *testing.T) {
	t.Parallel()
	logged := func(err error) (string, map[string]any) {
		var text, object bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("m", "err", err)
		slog.New(slog.NewJSONHandler(&object, nil)).Info("m", "err", err)
		var entry struct{ Err map[string]any }
		require.NoError(t, json.Unmarshal(object.Bytes(), &entry))
		return text.String(), entry.Err
	}
	for _, tt := range []struct {
		name string
		send wiretest.Sender
		want map[string]any
	}{
		{"of the API", wiretest.Says(404, "X-Request-Id", "id", "Retry-After", "60"), map[string]any{
			"status": 404.0, "code": 20404.0, "message": "Said plainly.", "request_id": "id", "retry_after": 6e10, "attempts": 1.0, "maybe_applied": false,
		}},
		{"HTML", wiretest.Returns(502, wiretest.HTML), map[string]any{
			"status": 502.0, "unexpected": "not in the API's error shape", "attempts": 1.0, "maybe_applied": true,
		}},
		{"long and dirty", wiretest.Returns(404, `{"message":"a\nhttps://example.org/x `+strings.Repeat("m", 1000)+`"}`), map[string]any{
			"status": 404.0, "unexpected": "not in the API's error shape", "message": "a [URL] " + strings.Repeat("m", 489) + "…", "attempts": 1.0, "maybe_applied": false,
		}},
		{"no response", wiretest.Fails(errors.New("dial https://example.org/x\nrefused")), map[string]any{
			"error": "dial [URL] refused", "timeout": false, "attempts": 1.0, "maybe_applied": true,
		}},
		{"timed out", wiretest.Hangs, map[string]any{"timeout": true, "attempts": 1.0, "maybe_applied": true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{MaxAttempts: 1, HTTPClient: tt.send}))
				text, group := logged(err)
				if tt.name == "timed out" {
					require.NotEmpty(t, group["error"]) // It is the Doer's.
					delete(group, "error")
				}
				require.Equal(t, tt.want, group)
				require.Equal(t, 1, strings.Count(text, "\n"))
			})
		})
	}
	_, group := logged(&signalwire.TransportError{})
	require.Equal(t, map[string]any{"error": "", "timeout": false, "attempts": 0.0, "maybe_applied": false}, group)
	require.Equal(t, "signalwire: nothing was sent", (&signalwire.TransportError{}).Error())
}

// TestErrorsAsJSON keeps what programs log readable.
func TestErrorsAsJSON(t *testing.T) {
	t.Parallel()
	doer := &signalwire.Doer{HTTPClient: wiretest.Returns(404, wiretest.ErrorBody(404))}
	_, err := remove(t, newMemoryClient(t, doer))
	require.JSONEq(t, `{"StatusCode":404,"Code":20404,"Message":"Said plainly.","MoreInfo":"https://example.org/more",
		"RequestID":"","RetryAfter":0,"Attempts":1,"MaybeApplied":false}`, string(must(json.Marshal(err))))
}
