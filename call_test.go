package signalwire_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// TestHopelessRetries: a retry that cannot finish is not begun, so that a
// definite response stays one.
func TestHopelessRetries(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		responds  time.Duration
		onAttempt time.Duration
		requests  int
		ends      time.Duration
	}{
		{"the next attempt would be cut off", 3 * time.Second, 0, 1, 3 * time.Second},
		{"OnAttempt takes the rest of the time", 0, 6 * time.Second, 1, 6 * time.Second},
		{"OnAttempt leaves too little", time.Second, 3500 * time.Millisecond, 1, 4500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				server := wiretest.InTurn(wiretest.Slowly(tt.responds, wiretest.Says(429)), wiretest.Hangs)
				var reported []signalwire.Attempt
				client := newMemoryClient(t, &signalwire.Doer{HTTPClient: server, OnAttempt: func(_ context.Context, a signalwire.Attempt) {
					reported = append(reported, a)
					if len(reported) == 1 {
						time.Sleep(tt.onAttempt)
					}
				}})
				began := time.Now()

				_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

				require.Equal(t, tt.ends, time.Since(began))
				responded := requireAPIError(t, err)
				require.Equal(t, 429, responded.StatusCode)
				require.False(t, responded.MaybeApplied)
				require.Equal(t, tt.requests, server.Requests)
				last := reported[len(reported)-1]
				require.Zero(t, last.RetryIn)
				require.Same(t, err, last.Err)
				require.Equal(t, 1, last.Number)
			})
		})
	}
}

// TestAnnouncedRetryThatIsNotBegun: counting the attempts that announce no retry
// counts calls.
func TestAnnouncedRetryThatIsNotBegun(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var reported []signalwire.Attempt
		client := newMemoryClient(t, &signalwire.Doer{
			HTTPClient: wiretest.InTurn(wiretest.Says(503, "Retry-After", "5")),
			OnAttempt:  func(_ context.Context, a signalwire.Attempt) { reported = append(reported, a) },
		})
		time.AfterFunc(time.Second, cancel)

		_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

		require.Len(t, reported, 2)
		require.Equal(t, []int{1, 1}, []int{reported[0].Number, reported[1].Number})
		require.Greater(t, reported[0].RetryIn, 5*time.Second)
		require.Equal(t, 503, reported[0].StatusCode)
		require.Zero(t, reported[1].RetryIn)
		require.Zero(t, reported[1].StatusCode)
		require.Same(t, err, reported[1].Err)
		require.ErrorContains(t, err, "503", "what happened before stays visible")
	})
}

// TestCallsOfADeadServiceAreCounted, whatever ends them.
func TestCallsOfADeadServiceAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const calls = 300
		var ended atomic.Int64
		s := &service{respond: downUntil(time.Hour, 503)}
		s.use(t, &signalwire.Doer{OnAttempt: func(_ context.Context, a signalwire.Attempt) {
			if a.RetryIn == 0 {
				ended.Add(1)
			}
		}}, 100, calls)
		require.Equal(t, int64(calls), ended.Load())
	})
}

// TestGivenUpCallsEarnNothing: a caller who gives up does not show that the
// service is well.
func TestGivenUpCallsEarnNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &service{respond: downUntil(time.Hour, 503)}
		s.began = time.Now()
		client := newMemoryClient(t, &signalwire.Doer{HTTPClient: wiretest.Sender(func(r *http.Request) (*http.Response, error) {
			if r.Header.Get("X-Hang") != "" {
				return wiretest.Hangs(r)
			}
			return s.Do(r)
		})})
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() { _, _ = remove(t, client) })
		}
		for range 300 {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall, wantHeader("X-Hang", "1"))
				require.Error(t, err)
			})
		}
		time.Sleep(5 * time.Second)
		require.LessOrEqual(t, len(s.requests), 100+10+5*10, "the calls and the retries of five seconds")
		group.Wait()
	})
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
					require.Equal(t, tt.maybe, failed.MaybeApplied)
					require.Equal(t, 2, failed.Attempts)
					require.ErrorIs(t, err, net.ErrClosed)
					return
				}
				responded := requireAPIError(t, err)
				require.Equal(t, tt.maybe, responded.MaybeApplied)
				require.Equal(t, tt.requests, responded.Attempts)
				require.Subset(t, tt.matches, matched(err))
			})
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
			for range 2 {
				go func() { _, _ = remove(t, client) }()
			}
			synctest.Wait()
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			body := &wiretest.CountingBody{Left: 10}
			_, err := doer.Do(must(http.NewRequestWithContext(ctx, http.MethodPut, "https://example.org/x", body)))
			require.ErrorIs(t, err, context.Canceled)
			require.True(t, body.Closed, "the body is closed")
			time.Sleep(time.Minute)
		})
	})
}

// staleServer responds once on each connection, and closes the first some of
// them when another request comes.
func staleServer(t *testing.T, dying int64) *wiretest.Server {
	var together sync.WaitGroup
	together.Add(int(dying))
	return wiretest.NewServer(t, func(c *wiretest.Conn) {
		if c.Number > dying {
			for c.Next() != nil {
				c.Say(wiretest.NoContent)
			}
			return
		}
		c.Next()
		together.Done()
		together.Wait() // so that as many connections are needed
		c.Say(wiretest.NoContent)
		c.Next()
	})
}

// TestDeadIdleConnections: however many of them there are, a healthy service
// removes.
func TestDeadIdleConnections(t *testing.T) {
	t.Parallel()
	const dead = 8
	for name, own := range map[string]bool{"own transport": true, "a caller's transport": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := staleServer(t, dead)
			doer := &signalwire.Doer{MaxAttempts: 2, AttemptTimeout: longAttempt}
			if !own {
				transport := signalwire.NewTransport()
				t.Cleanup(transport.CloseIdleConnections)
				doer.HTTPClient = &http.Client{Transport: transport}
			}
			t.Cleanup(doer.CloseIdleConnections)
			client, err := signalwire.New("example", testProject, testToken,
				signalwire.WithBaseURL("http://"+server.Address), signalwire.WithHTTPClient(doer))
			require.NoError(t, err)
			var group sync.WaitGroup
			for range dead {
				group.Go(func() {
					_, err := remove(t, client)
					require.NoError(t, err)
				})
			}
			group.Wait()

			_, err = remove(t, client)

			require.NoError(t, err)
			most := int64(dead + dead + 1)
			if own {
				most = dead + 1 + 1
			}
			require.LessOrEqual(t, server.Requests.Load(), most)
			doer.CloseIdleConnections()
			wiretest.RequireSoon(t, func() bool { return server.Open() == 0 }, "CloseIdleConnections closes all")
		})
	}
}

// TestDyingConnectionsEnd: a server that closes every connection it has kept
// does not keep a call for ever.
func TestDyingConnectionsEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		network := &wiretest.Pipes{Steps: []string{wiretest.Raw(204)}}
		client := newPipesClient(t, network, &signalwire.Doer{MaxAttempts: 2})
		const calls = 100
		for range calls {
			_, err := remove(t, client)
			require.NoError(t, err)
		}
		require.Equal(t, calls, network.Dialled)
		require.Equal(t, 2*calls-1, network.Requests)

		network = &wiretest.Pipes{Steps: []string{wiretest.Raw(204)}}
		client = newPipesClient(t, network, &signalwire.Doer{MaxAttempts: 1})
		_, err := remove(t, client)
		require.NoError(t, err)
		_, err = remove(t, client)
		require.Equal(t, 1, requireTransportError(t, err).Attempts, "1 means no retry")
	})
}

// TestSentAgainByNetHTTP: net/http itself sends again what a new HTTP/2
// connection resets with PROTOCOL_ERROR, for ever and without a pause.
func TestSentAgainByNetHTTP(t *testing.T) {
	t.Parallel()
	const protocolError = 1
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	for _, tt := range []struct {
		name     string
		resets   int64 // connections that reset
		code     byte
		requests int64 // at most
		removed  bool
	}{
		{"for ever", 1 << 40, protocolError, 3, false},
		{"refused for ever", 1 << 40, wiretest.H2Refused, 3, false},
		{"once", 1, protocolError, 2, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, wiretest.SpeakH2(config, func(c *wiretest.H2Conn, stream uint32) bool {
				if c.Number <= tt.resets {
					c.Reset(stream, tt.code)
				} else {
					c.NoContent(stream)
				}
				return true
			}))
			response, err := removeFrom(t, "https://"+server.Address, &signalwire.Doer{
				HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: 1, AttemptTimeout: longAttempt,
			})

			require.LessOrEqual(t, server.Requests.Load(), tt.requests)
			if tt.removed {
				require.NoError(t, err)
				require.Equal(t, 204, response.StatusCode())
				return
			}
			failed := requireTransportError(t, err)
			require.True(t, failed.MaybeApplied, "it may have been applied")
			require.True(t, failed.Retryable(), "the same request may succeed later")
			require.False(t, failed.Timeout(), "no time limit was exceeded")
			require.ErrorContains(t, err, "sent it again")
		})
	}
}

// TestStreamFailuresCount: on HTTP/2, a stream that fails is no dead idle
// connection.
func TestStreamFailuresCount(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	server := wiretest.NewServer(t, wiretest.SpeakH2(config, func(c *wiretest.H2Conn, stream uint32) bool {
		if stream == 1 {
			c.NoContent(stream)
		} else {
			c.Reset(stream, wiretest.H2Cancel)
		}
		return true
	}))
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithBaseURL("https://"+server.Address), signalwire.WithHTTPClient(&signalwire.Doer{
			HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: 2, AttemptTimeout: longAttempt,
		}))
	require.NoError(t, err)
	_, err = remove(t, client)
	require.NoError(t, err)

	_, err = remove(t, client)

	require.Equal(t, 2, requireTransportError(t, err).Attempts)
	require.Equal(t, int64(1+2), server.Requests.Load())
}

// TestConnectionOfACancelledCall: a connection that another call has dialled
// and not waited for carries requests, too, although net/http does not say that
// one was asked for.
func TestConnectionOfACancelledCall(t *testing.T) {
	t.Parallel()
	authority := wiretest.NewAuthority(t)
	config := &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, nil)}}
	// The call may come before net/http has put the connection aside.
	for range 20 {
		server := wiretest.NewServer(t, wiretest.SpeakH2(config, func(c *wiretest.H2Conn, stream uint32) bool {
			c.Reset(stream, wiretest.H2Cancel)
			return true
		}))
		transport := authority.Transport(t)
		dialling, release := make(chan bool), make(chan bool)
		var dials atomic.Int64
		dial := transport.DialContext
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				close(dialling)
				<-release
			}
			return dial(ctx, network, address)
		}
		client, err := signalwire.New("example", testProject, testToken,
			signalwire.WithBaseURL("https://"+server.Address), signalwire.WithHTTPClient(&signalwire.Doer{
				HTTPClient: &http.Client{Transport: transport}, MaxAttempts: 1, AttemptTimeout: longAttempt,
			}))
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := make(chan error)
		go func() {
			_, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)
			cancelled <- err
		}()
		<-dialling
		cancel()
		require.False(t, requireTransportError(t, <-cancelled).MaybeApplied, "nothing was sent yet")
		close(release)
		wiretest.RequireSoon(t, func() bool { return server.Settled.Load() == 1 }, "the connection is made all the same")

		_, err = remove(t, client)

		failed := requireTransportError(t, err)
		require.True(t, failed.MaybeApplied, "it was sent")
		require.True(t, failed.Retryable(), "it may succeed later")
		if dials.Load() == 1 {
			return
		}
	}
	require.Fail(t, "no call was sent on the connection of the cancelled one")
}

// TestRefusedByNetHTTP goes by texts of net/http's errors, so it fails when a
// new Go version changes one.
func TestRefusedByNetHTTP(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*http.Request){
		"header name":  func(r *http.Request) { r.Header["X Y"] = []string{"z"} },
		"header value": func(r *http.Request) { r.Header["X"] = []string{"a\nb"} },
		"trailer":      func(r *http.Request) { r.Trailer = http.Header{"X": {"a\nb"}} },
		"method":       func(r *http.Request) { r.Method = "DELETE ME" },
		"scheme":       func(r *http.Request) { r.URL.Scheme = "gopher" },
		"host":         func(r *http.Request) { r.URL.Host = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := wiretest.NewServer(t, wiretest.Responds(wiretest.NoContent))
			request := must(http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+server.Address+"/x", strings.NewReader("")))
			request.Body = io.NopCloser(request.Body)
			change(request)

			_, err := (&signalwire.Doer{}).Do(request)

			failed := requireTransportError(t, err)
			require.False(t, failed.MaybeApplied, "nothing was sent")
			require.False(t, failed.Retryable(), "it would be refused again")
			require.Equal(t, 1, failed.Attempts)
			require.ErrorContains(t, err, "nothing was sent")
			require.Zero(t, server.Connections.Load())
		})
	}
}
