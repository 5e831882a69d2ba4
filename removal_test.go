package signalwire_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// A pair of scripts, one for each method, says how requests are responded to. The
// last response is for all that follow. A response is a status, and a body if it is
// not the API's error; "cut" and "hang" are no response at all.
type pair struct {
	deletes, gets []string
	sent          []string
}

func (s *pair) Do(r *http.Request) (*http.Response, error) {
	s.sent = append(s.sent, r.Method)
	script := &s.deletes
	if r.Method == http.MethodGet {
		script = &s.gets
	}
	if len(*script) == 0 {
		return nil, errors.New("nothing is scripted for " + r.Method)
	}
	now := (*script)[0]
	if len(*script) > 1 {
		*script = (*script)[1:]
	}
	header := []string{"Content-Type", "application/json"}
	status, _ := strconv.Atoi(strings.Fields(now)[0])
	switch kind, what, _ := strings.Cut(now, " "); {
	case kind == "cut":
		return nil, io.ErrUnexpectedEOF
	case kind == "hang":
		<-r.Context().Done()
		return nil, r.Context().Err()
	case what == "html":
		return wiretest.Response(r, status, "<html></html>", "Content-Type", "text/html"), nil
	case kind == "200":
		return wiretest.Response(r, 200, what, header...), nil
	case kind == "204":
		return wiretest.Response(r, 204, ""), nil
	default:
		if after, ok := strings.CutPrefix(what, "after "); ok {
			header = append(header, "Retry-After", after)
		}
		return wiretest.Response(r, status, apiReply(status, 20000+status).body, header...), nil
	}
}

func TestEnsureRemoved(t *testing.T) {
	t.Parallel()
	inProgress, completed := "200 "+conferenceJSON("in-progress"), "200 "+conferenceJSON("completed")
	another := strings.Replace(inProgress, testConference.String(), testProject, 1)
	six := func(response string, then ...string) []string {
		return append([]string{response, response, response, response, response, response}, then...)
	}
	for _, tt := range []struct {
		name          string
		deletes, gets []string
		want          signalwire.Removal
		is            error // or nil
		maybe         bool
		sent          string // the first letters of the methods
	}{
		{"removed", []string{"204"}, nil, signalwire.Removed, nil, false, "D"},
		{"not there", []string{"404"}, []string{inProgress}, signalwire.Absent, nil, false, "DG"},
		{"not there, and it has ended", []string{"404"}, []string{completed}, signalwire.Absent, nil, false, "DG"},
		{"ended", []string{"400"}, []string{completed}, signalwire.Absent, nil, false, "DG"},
		{"ended, says a proxy", []string{"400 html"}, []string{completed}, signalwire.Absent, nil, false, "DG"},
		{"not there after a cut response", []string{"cut", "404"}, []string{inProgress}, signalwire.Removed, nil, false, "DDG"},
		{"ended after a cut response", []string{"cut", "400"}, []string{completed}, signalwire.Removed, nil, false, "DDG"},
		{"ending", []string{"400", "400"}, []string{inProgress, completed}, signalwire.Absent, nil, false, "DGDG"},
		{"refused, then removed", []string{"400", "204"}, []string{inProgress}, signalwire.Removed, nil, false, "DGD"},
		{"removed in the second round", six("503", "204"), nil, signalwire.Removed, nil, false, "DDDDDDD"},
		{"not there in the second round", six("cut", "404"), []string{inProgress}, signalwire.Removed, nil, false, "DDDDDDDG"},
		{"HTML before it", []string{"404 html", "403 html"}, nil, signalwire.RemovalUnknown, signalwire.ErrForbidden, false, "DD"},
		{"HTML, then removed", []string{"404 html", "405 html", "204"}, nil, signalwire.Removed, nil, false, "DDD"},
		{"no response about the conference", []string{"404"}, six("cut", inProgress), signalwire.Absent, nil, false, "DGGGGGGG"},
		{"HTML about the conference", []string{"404"}, []string{"404 html", "200 html", inProgress}, signalwire.Absent, nil, false, "DGGG"},
		{"another conference", []string{"404"}, []string{another, inProgress}, signalwire.Absent, nil, false, "DGG"},
		{"nothing about the conference", []string{"404"}, []string{"200", "200 null", "200 {}", inProgress}, signalwire.Absent, nil, false, "DGGGG"},

		{"unknown conference", []string{"404"}, []string{"404"}, signalwire.RemovalUnknown, signalwire.ErrUnknownConference, false, "DG"},
		{"unknown conference after a cut response", []string{"cut", "404"}, []string{"404"}, signalwire.RemovalUnknown, signalwire.ErrUnknownConference, true, "DDG"},
		{"unknown conference after a 400", []string{"400"}, []string{"404"}, signalwire.RemovalUnknown, signalwire.ErrUnknownConference, false, "DG"},
		{"unauthorized", []string{"401"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnauthorized, false, "D"},
		{"forbidden", []string{"403"}, nil, signalwire.RemovalUnknown, signalwire.ErrForbidden, false, "D"},
		{"unauthorized after a cut response", []string{"cut", "401"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnauthorized, true, "DD"},
		{"the conference is unauthorized", []string{"cut", "404"}, []string{"401"}, signalwire.RemovalUnknown, signalwire.ErrUnauthorized, true, "DDG"},
		{"unprocessable", []string{"422"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnprocessable, false, "D"},
		{"conflict", []string{"409"}, nil, signalwire.RemovalUnknown, signalwire.ErrConflict, false, "D"},
		{"conflict after a cut response", []string{"cut", "409", "204"}, nil, signalwire.Removed, nil, false, "DDD"},
		{"come back in an hour", []string{"503 after 3600"}, nil, signalwire.RemovalUnknown, signalwire.ErrUnavailable, true, "D"},
		{"come back in 30 s", []string{"429 after 30", "204"}, nil, signalwire.Removed, nil, false, "DD"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &pair{deletes: tt.deletes, gets: tt.gets}
				client := newMemoryClient(t, &signalwire.Doer{HTTPClient: service})
				removal, err := client.EnsureRemoved(t.Context(), testAccount, testConference, testCall)
				sent := ""
				for _, method := range service.sent {
					sent += method[:1]
				}
				require.Equal(t, tt.want, removal, "%v", err)
				require.Equal(t, tt.sent, sent)
				if tt.is == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, tt.is)
				require.Equal(t, tt.maybe, signalwire.MaybeApplied(err))
				require.NotErrorIs(t, err, signalwire.ErrNotFound)
			})
		})
	}
}

// TestEnsureRemovedGivesUp bounds the time by 60 seconds and by the context, and
// returns the error of the last request.
func TestEnsureRemovedGivesUp(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		response string
		deadline time.Duration
		least    time.Duration
		text     string
	}{
		{"hangs", "hang", time.Hour, 55 * time.Second, "the request timed out after"},
		{"hangs, with a deadline", "hang", 5 * time.Second, 4 * time.Second, "the request timed out after"},
		{"responds HTML", "404 html", 20 * time.Second, 15 * time.Second, "404 Not Found"},
		{"breaks", "cut", time.Hour, 50 * time.Second, "unexpected EOF"},
		{"a moment", "cut", time.Millisecond, 0, "unexpected EOF"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.deadline)
				defer cancel()
				began := time.Now()
				client := newMemoryClient(t, &signalwire.Doer{HTTPClient: &pair{deletes: []string{tt.response}}})
				removal, err := client.EnsureRemoved(ctx, testAccount, testConference, testCall)
				require.Equal(t, signalwire.RemovalUnknown, removal)
				require.ErrorContains(t, err, tt.text)
				require.Equal(t, tt.response != "404 html", signalwire.MaybeApplied(err))
				require.NotErrorIs(t, err, context.DeadlineExceeded, "it gives up before that")
				require.LessOrEqual(t, time.Since(began), min(tt.deadline, time.Minute))
				require.GreaterOrEqual(t, time.Since(began), tt.least)
				require.NoError(t, ctx.Err())
			})
		})
	}
}

// TestEnsureRemovedIsCancelled ends while a request is under way, and while it waits
// for the next round.
func TestEnsureRemovedIsCancelled(t *testing.T) {
	t.Parallel()
	cause := errors.New("the caller hung up")
	for name, response := range map[string]string{"request": "hang", "wait": "429 after 30"} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(cause) })
			began := time.Now()
			client := newMemoryClient(t, &signalwire.Doer{HTTPClient: &pair{deletes: []string{response}}})
			removal, err := client.EnsureRemoved(ctx, testAccount, testConference, testCall)
			require.Equal(t, signalwire.RemovalUnknown, removal, name)
			require.ErrorIs(t, err, context.Canceled, name)
			require.ErrorIs(t, err, cause, name)
			var failure *signalwire.TransportError
			require.ErrorAs(t, err, &failure, name)
			require.Equal(t, 1, failure.Attempts, name)
			require.Equal(t, response == "hang", failure.MaybeApplied, name)
			require.Equal(t, time.Second, time.Since(began), name)
		})
	}
}

// TestEnsureRemovedSendsNothing has callers that make a mistake.
func TestEnsureRemovedSendsNothing(t *testing.T) {
	t.Parallel()
	nothing := wiretest.Sender(func(*http.Request) (*http.Response, error) {
		t.Error("something was sent")
		return nil, io.EOF
	})
	guarded := newMemoryClient(t, &signalwire.Doer{HTTPClient: nothing})
	unguarded, err := signalwire.NewClientWithResponses("https://example.org", signalwire.WithHTTPClient(nothing))
	require.NoError(t, err)
	doer, err := signalwire.NewClientWithResponses("https://example.org", signalwire.WithHTTPClient(&signalwire.Doer{HTTPClient: nothing}))
	require.NoError(t, err)
	wrapped := &signalwire.ClientWithResponses{ClientInterface: struct{ signalwire.ClientInterface }{guarded.ClientInterface}}
	refuses, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(nothing),
		signalwire.WithRequestEditorFn(func(context.Context, *http.Request) error { return errors.New("no token") }))
	require.NoError(t, err)
	done, cancel := context.WithCancel(t.Context())
	cancel()
	const madeByNew = "nothing was sent: EnsureRemoved needs a client that New made"
	for _, tt := range []struct {
		name   string
		client *signalwire.ClientWithResponses
		ctx    context.Context
		call   signalwire.CallSid
		want   string
	}{
		{"NewClientWithResponses", unguarded, t.Context(), testCall, madeByNew},
		{"NewClientWithResponses and a Doer", doer, t.Context(), testCall, madeByNew},
		{"wrapped client", wrapped, t.Context(), testCall, madeByNew},
		{"zero client", &signalwire.ClientWithResponses{}, t.Context(), testCall, madeByNew},
		{"nil context", guarded, nil, testCall, "the context is nil"},
		{"done context", guarded, done, testCall, "context canceled"},
		{"zero SID", guarded, t.Context(), signalwire.CallSid{}, "the call SID is zero"},
		{"editor", refuses, t.Context(), testCall, "no token"},
	} {
		removal, err := tt.client.EnsureRemoved(tt.ctx, testAccount, testConference, tt.call)
		require.Equal(t, signalwire.RemovalUnknown, removal, tt.name)
		require.ErrorContains(t, err, tt.want, tt.name)
		require.False(t, signalwire.MaybeApplied(err), tt.name)
		var failure *signalwire.TransportError
		require.ErrorAs(t, err, &failure, tt.name)
		require.Zero(t, failure.Attempts, tt.name)
	}
}

func TestUnknownConference(t *testing.T) {
	t.Parallel()
	client := newMemoryClient(t, &signalwire.Doer{HTTPClient: &pair{deletes: []string{"404"}, gets: []string{"404"}}})
	_, err := client.EnsureRemoved(t.Context(), testAccount, testConference, testCall)
	var response *signalwire.Error
	require.ErrorAs(t, err, &response)
	require.Equal(t, 404, response.StatusCode)
	for name, sentinel := range allSentinels {
		require.NotErrorIs(t, err, sentinel, name)
	}
	require.EqualError(t, err, "signalwire: 404 Not Found: the account has no such conference: code 20404: m")
	require.Contains(t, response.LogValue().String(), "the account has no such conference")
}

func TestRemovalString(t *testing.T) {
	t.Parallel()
	for removal, want := range map[signalwire.Removal]string{
		signalwire.RemovalUnknown: "unknown", signalwire.Removed: "removed", signalwire.Absent: "absent", 3: "Removal(3)", -1: "Removal(-1)",
	} {
		require.Equal(t, want, removal.String())
	}
}
