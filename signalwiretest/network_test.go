package signalwiretest_test

import (
	"context"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// inBubble runs a subtest in virtual time.
func inBubble(t *testing.T, name string, test func(*testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, test)
	})
}

var inMemory = signalwiretest.InMemory()

// serverOptions are the ways to serve.
var serverOptions = map[string][]signalwiretest.ServerOption{
	"loopback":                nil,
	"loopback with TLS":       {signalwiretest.TLS()},
	"loopback with HTTP/2":    {signalwiretest.HTTP2()},
	"memory":                  {inMemory},
	"memory with TLS":         {signalwiretest.TLS(), inMemory},
	"memory with HTTP/2":      {inMemory, signalwiretest.HTTP2()},
	"memory with HTTP/2, TLS": {signalwiretest.HTTP2(), inMemory, signalwiretest.TLS()},
}

// TestServeInEachWay removes, stops, and removes again, in virtual time where that
// is possible.
func TestServeInEachWay(t *testing.T) {
	t.Parallel()
	for name, options := range serverOptions {
		test := func(t *testing.T) {
			server := signalwiretest.NewServer(t, options...)
			conference, calls := server.AddConference(4)
			protocol := "HTTP/1.1"
			if slices.Contains([]string{"loopback with HTTP/2", "memory with HTTP/2", "memory with HTTP/2, TLS"}, name) {
				protocol = "HTTP/2.0"
			}
			client := server.Client()
			once := func() *signalwire.ClientWithResponses {
				doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: server.Transport()}, MaxAttempts: 1}
				return server.Client(signalwire.WithHTTPClient(doer))
			}

			response, err := client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])
			require.NoError(t, err)
			require.Equal(t, 204, response.StatusCode())
			server.Script(signalwiretest.ActThenDisconnect())
			_, err = once().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])
			require.True(t, signalwire.MaybeApplied(err), "%v", err)

			url := server.URL
			server.Stop()
			server.Stop()
			_, err = once().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[2])
			require.ErrorIs(t, err, syscall.ECONNREFUSED)
			server.Start()
			server.Start()
			require.Equal(t, url, server.URL)

			for _, call := range calls[2:] {
				_, err = client.DeleteParticipantWithResponse(t.Context(), server.Account(), conference, call)
				require.NoError(t, err)
			}
			require.Empty(t, server.Participants(conference))
			server.OnViolation = func(error) {}
			plain, err := (&http.Client{Transport: server.Transport()}).Get(server.URL)
			require.NoError(t, err)
			require.NoError(t, plain.Body.Close())
			require.Equal(t, protocol, plain.Proto)
		}
		if name[:4] == "memo" {
			inBubble(t, name, test)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// TestStopEndsWhatIsUnderWay: a server that stops cuts what hangs, and nothing is
// removed by it.
func TestStopEndsWhatIsUnderWay(t *testing.T) {
	for name, options := range serverOptions {
		if name[:4] != "memo" {
			continue
		}
		inBubble(t, name, func(t *testing.T) {
			server := signalwiretest.NewServer(t, options...)
			conference, calls := server.AddConference(1)
			server.Script(signalwiretest.Hang())
			began := time.Now()
			time.AfterFunc(time.Second, server.Stop)
			time.AfterFunc(2*time.Second, server.Start)

			_, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[0])

			require.NoError(t, err)
			require.GreaterOrEqual(t, time.Since(began), 2*time.Second)
			require.LessOrEqual(t, time.Since(began), 8*time.Second, "the client tries again, and TLS connections take 5 s to close at most")
			require.Len(t, server.Requests(), 2)
		})
	}
}

// TestLoopbackInABubble says what to use there, instead of hanging.
func TestLoopbackInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tb := newTB(t)
		signalwiretest.NewServer(tb)
		require.Equal(t, []string{"fatal: signalwiretest: Start: a server on a loopback address hangs in a bubble of testing/synctest; " +
			"use NewServer(t, signalwiretest.InMemory())"}, tb.failed())
		tb.end()
	})
}

// TestDialGivesUp with the call.
func TestDialGivesUp(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t, inMemory)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := server.Transport().DialContext(ctx, "tcp", "")
	require.ErrorIs(t, err, context.Canceled)
}
