package signalwire_test

import (
	"context"
	"crypto/tls"
	"errors"
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
				require.False(t, responded.MaybeApplied, "MaybeApplied of %v", err)
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
			client := newClientAt(t, "http://"+server.Address, doer)
			var group sync.WaitGroup
			for range dead {
				group.Go(func() {
					_, err := remove(t, client)
					require.NoError(t, err)
				})
			}
			group.Wait()

			_, err := remove(t, client)

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
	client := newClientAt(t, "https://"+server.Address, &signalwire.Doer{
		HTTPClient: &http.Client{Transport: authority.Transport(t)}, MaxAttempts: 2, AttemptTimeout: longAttempt,
	})
	_, err := remove(t, client)
	require.NoError(t, err)

	_, err = remove(t, client)

	require.Equal(t, 2, requireTransportError(t, err).Attempts)
	require.Equal(t, int64(1+2), server.Requests.Load())
}

func TestTimeLimits(t *testing.T) {
	t.Parallel()
	const second = time.Second
	for _, tt := range []struct {
		name        string
		doer        *signalwire.Doer
		steps       []wiretest.Sender
		attempts    int
		least, most time.Duration
		status      int // of the error, or 0 for no complete response
	}{
		{"attempts of 10 s in 30 s", &signalwire.Doer{}, []wiretest.Sender{wiretest.Hangs}, 3, 30 * second, 30 * second, 0},
		{"AttemptTimeout", &signalwire.Doer{AttemptTimeout: 2 * second}, []wiretest.Sender{wiretest.Hangs}, 6, 15 * second, 18200 * time.Millisecond, 0},
		{"AttemptTimeout in the body", &signalwire.Doer{AttemptTimeout: 2 * second}, []wiretest.Sender{wiretest.HangsInBody(404)}, 6, 15 * second, 18200 * time.Millisecond, 0},
		{"AttemptTimeout, 1 attempt", &signalwire.Doer{AttemptTimeout: 2 * second, MaxAttempts: 1}, []wiretest.Sender{wiretest.Hangs}, 1, 2 * second, 2 * second, 0},
		{"AttemptTimeout, then a response", &signalwire.Doer{AttemptTimeout: 2 * second}, []wiretest.Sender{wiretest.Hangs, wiretest.Says(401)}, 2, 2 * second, 2200 * time.Millisecond, 401},
		{"MaxElapsed in an attempt", &signalwire.Doer{MaxElapsed: 5 * second}, []wiretest.Sender{wiretest.Hangs}, 1, 5 * second, 5 * second, 0},
		{"MaxElapsed between attempts", &signalwire.Doer{MaxElapsed: 15 * second}, []wiretest.Sender{wiretest.Says(503, "Retry-After", "10")}, 2, 10 * second, 10200 * time.Millisecond, 503},
		{"MaxElapsed before the delay", &signalwire.Doer{MaxElapsed: 5 * second}, []wiretest.Sender{wiretest.Says(503, "Retry-After", "5")}, 1, 0, 0, 503},
		{"Retry-After thrice", &signalwire.Doer{MaxAttempts: 3}, []wiretest.Sender{wiretest.Says(429, "Retry-After", "4")}, 3, 8 * second, 8600 * time.Millisecond, 429},
		{"MaxAttempts 1", &signalwire.Doer{MaxAttempts: 1}, []wiretest.Sender{wiretest.Says(503)}, 1, 0, 0, 503},
		{"MaxAttempts 2", &signalwire.Doer{MaxAttempts: 2}, []wiretest.Sender{wiretest.Says(503)}, 2, 1, 200 * time.Millisecond, 503},
		{"no limits given", &signalwire.Doer{}, []wiretest.Sender{wiretest.Says(503)}, 6, 3100 * time.Millisecond, 6200 * time.Millisecond, 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				began := time.Now()
				server := wiretest.InTurn(tt.steps...)
				tt.doer.HTTPClient = server
				_, err := remove(t, newMemoryClient(t, tt.doer))
				elapsed := time.Since(began)

				require.GreaterOrEqual(t, elapsed, tt.least)
				require.LessOrEqual(t, elapsed, tt.most)
				require.Equal(t, tt.attempts, server.Requests)
				if tt.status != 0 {
					require.Equal(t, tt.status, requireAPIError(t, err).StatusCode)
					return
				}
				failed := requireTransportError(t, err)
				require.Equal(t, tt.attempts, failed.Attempts)
				require.True(t, failed.Timeout(), "Timeout of %v", err)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context is not done")
			})
		})
	}
}

// TestTimeLimitsOfTheCallersOwn bound an attempt, too. Only those of the transport
// match context.DeadlineExceeded, as the package comment says.
func TestTimeLimitsOfTheCallersOwn(t *testing.T) {
	t.Parallel()
	dialer := &net.Dialer{Deadline: time.Unix(1, 0)}
	for _, tt := range []struct {
		name    string
		client  *http.Client
		matches bool
		most    time.Duration
	}{
		{"http.Client's Timeout", &http.Client{Timeout: time.Second, Transport: wiretest.Sender(wiretest.Hangs)}, false, 12200 * time.Millisecond},
		{"dialer", &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}, true, 6200 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				began := time.Now()
				_, err := remove(t, newMemoryClient(t, &signalwire.Doer{HTTPClient: tt.client}))
				failed := requireTransportError(t, err)
				require.True(t, failed.Timeout(), "a time limit ended it: %v", err)
				require.Equal(t, defaultAttempts, failed.Attempts)
				require.Equal(t, tt.matches, errors.Is(err, context.DeadlineExceeded), "%v", err)
				require.LessOrEqual(t, time.Since(began), tt.most)
			})
		})
	}
}

func TestContextDone(t *testing.T) {
	t.Parallel()
	errCause := errors.New("the moderator left")
	type ended struct {
		name  string
		after func(time.Duration) (context.Context, context.CancelFunc)
		want  []error
	}
	ends := []ended{
		{"cancelled", func(d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(d, cancel)
			return ctx, cancel
		}, []error{context.Canceled}},
		{"cancelled with a cause", func(d time.Duration) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(context.Background())
			time.AfterFunc(d, func() { cancel(errCause) })
			return ctx, func() { cancel(nil) }
		}, []error{context.Canceled, errCause}},
		{"deadline", func(d time.Duration) (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), d)
		}, []error{context.DeadlineExceeded}},
		{"deadline with a cause", func(d time.Duration) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(context.Background(), d, errCause)
		}, []error{context.DeadlineExceeded, errCause}},
	}
	for _, end := range ends {
		for _, tt := range []struct {
			name     string
			after    time.Duration
			steps    []wiretest.Sender
			requests int
			maybe    bool
		}{
			{"before", 0, []wiretest.Sender{wiretest.Says(204)}, 0, false},
			{"while waiting for the response", 5 * time.Second, []wiretest.Sender{wiretest.Hangs}, 1, true},
			{"in the body of a 404", 5 * time.Second, []wiretest.Sender{wiretest.HangsInBody(404)}, 1, true},
			{"in the second attempt", 5 * time.Second, []wiretest.Sender{wiretest.Says(429), wiretest.Hangs}, 2, true},
			{"in the delay", 5 * time.Second, []wiretest.Sender{wiretest.Says(429, "Retry-After", "10")}, 1, false},
			{"in the delay after a 503", 5 * time.Second, []wiretest.Sender{wiretest.Says(503, "Retry-After", "10")}, 1, true},
		} {
			t.Run(end.name+" "+tt.name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					began := time.Now()
					ctx, cancel := end.after(tt.after)
					defer cancel()
					synctest.Wait()
					server := wiretest.InTurn(tt.steps...)
					client := newMemoryClient(t, &signalwire.Doer{HTTPClient: server})
					if tt.after == 0 {
						<-ctx.Done()
					}

					response, err := client.DeleteParticipantWithResponse(ctx, testAccount, testConference, testCall)

					require.Nil(t, response)
					require.Equal(t, tt.requests, server.Requests)
					if _, bounded := ctx.Deadline(); bounded && strings.HasPrefix(tt.name, "in the delay") {
						responded := requireAPIError(t, err)
						require.Zero(t, time.Since(began), "the delay would pass the deadline")
						require.Equal(t, 10*time.Second, responded.RetryAfter)
						return
					}
					require.Equal(t, tt.after, time.Since(began))
					failed := requireTransportError(t, err)
					require.Equal(t, tt.requests, failed.Attempts)
					require.Equal(t, tt.maybe, failed.MaybeApplied, "MaybeApplied of %v", err)
					require.False(t, failed.Retryable(), "Retryable of %v", err)
					require.Equal(t, end.want[0] == context.DeadlineExceeded, failed.Timeout(), "Timeout of %v", err)
					for _, want := range end.want {
						require.ErrorIs(t, err, want)
						require.ErrorContains(t, err, want.Error())
					}
				})
			})
		}
	}
}

// TestMaybeApplied: after an attempt whose end is not known, "not found" may
// mean that it was this call that removed the participant.
func TestMaybeApplied(t *testing.T) {
	t.Parallel()
	cutInBody := strings.TrimSuffix(wiretest.Raw(404), "}")
	const htmlOnWire = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\n<p/>"
	for _, tt := range []struct {
		name    string
		steps   []string
		status  int // 0 for no complete response
		matches []string
		maybe   bool
	}{
		{"404", []string{wiretest.Raw(404)}, 404, []string{"not found"}, false},
		{"502, then 404", []string{wiretest.Raw(502), wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"500, 503, then 404", []string{wiretest.Raw(500), wiretest.Raw(503), wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"408, then 404", []string{wiretest.Raw(408), wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"429, then 404", []string{wiretest.Raw(429), wiretest.Raw(404)}, 404, []string{"not found"}, false},
		{"429, 503, then 404", []string{wiretest.Raw(429), wiretest.Raw(503), wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"503, 429, then 404", []string{wiretest.Raw(503), wiretest.Raw(429), wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"cut, then 404", []string{wiretest.Cut, wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"cut in the response, then 404", []string{wiretest.CutInHeader, wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"cut in the body, then 404", []string{cutInBody, wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"silent, then 404", []string{wiretest.Silent, wiretest.Raw(404)}, 404, []string{"not found"}, true},
		{"refused, then 404", []string{wiretest.Refused, wiretest.Raw(404)}, 404, []string{"not found"}, false},
		{"dial timeout, then 404", []string{wiretest.NoDial, wiretest.Raw(404)}, 404, []string{"not found"}, false},
		{"502, then 401", []string{wiretest.Raw(502), wiretest.Raw(401)}, 401, []string{"unauthorized"}, true},
		{"502, then 404 from elsewhere", []string{wiretest.Raw(502), htmlOnWire}, 404, []string{"unexpected response"}, true},
		{"503", []string{wiretest.Raw(503)}, 503, []string{"unavailable"}, true},
		{"429", []string{wiretest.Raw(429)}, 429, []string{"too many requests"}, false},
		{"refused", []string{wiretest.Refused}, 0, nil, false},
		{"dial timeout", []string{wiretest.NoDial}, 0, nil, false},
		{"cut", []string{wiretest.Cut}, 0, nil, true},
		{"silent", []string{wiretest.Silent}, 0, nil, true},
		{"cut, then refused", []string{wiretest.Cut, wiretest.Refused}, 0, nil, true},
		{"503, then refused", []string{wiretest.Raw(503), wiretest.Refused}, 0, nil, true},
		{"503, then 204", []string{wiretest.Raw(503), wiretest.Raw(204)}, 204, nil, false},
		{"cut, then 204", []string{wiretest.Cut, wiretest.Raw(204)}, 204, nil, false},
		{"refused, then 204", []string{wiretest.Refused, wiretest.Raw(204)}, 204, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				network := &wiretest.Pipes{Steps: tt.steps}
				response, err := remove(t, newPipesClient(t, network, &signalwire.Doer{AttemptTimeout: 2 * time.Second}))

				switch tt.status {
				case 204:
					require.NoError(t, err)
					require.Equal(t, 204, response.StatusCode())
				case 0:
					failed := requireTransportError(t, err)
					require.Equal(t, tt.maybe, failed.MaybeApplied, "MaybeApplied of %v", err)
					require.Equal(t, defaultAttempts, failed.Attempts)
				default:
					responded := requireAPIError(t, err)
					require.Equal(t, tt.status, responded.StatusCode)
					require.Equal(t, tt.maybe, responded.MaybeApplied, "MaybeApplied of %v", err)
					require.ElementsMatch(t, tt.matches, matched(err))
					require.Equal(t, network.Dialled, responded.Attempts)
				}
				if err != nil {
					require.Equal(t, tt.maybe, strings.Contains(err.Error(), "may have been carried out"), "%v", err)
				}
			})
		})
	}
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
		client := newClientAt(t, "http://"+servers[i].Address, doer)
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

// TestDelayAfterADeadConnection: an attempt that does not count lengthens no delay.
func TestDelayAfterADeadConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		network := &wiretest.Pipes{Steps: []string{wiretest.Raw(204), wiretest.Raw(503), wiretest.Raw(204)}}
		var attempts []signalwire.Attempt
		client := newPipesClient(t, network, &signalwire.Doer{
			MaxAttempts: 3, OnAttempt: func(_ context.Context, a signalwire.Attempt) { attempts = append(attempts, a) },
		})
		for range 2 {
			_, err := remove(t, client)
			require.NoError(t, err)
		}
		require.Len(t, attempts, 4, "a removal; a dead connection, a failure and a removal")
		require.Less(t, attempts[1].RetryIn, time.Millisecond, "the service is well")
		require.GreaterOrEqual(t, attempts[2].RetryIn, 100*time.Millisecond, "the first that counts")
		require.LessOrEqual(t, attempts[2].RetryIn, 200*time.Millisecond, "the first that counts")
	})
}
