// Package suites has the suites that users of signalwiretest write, in a module
// of their own.
package suites

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
	"example.com/signalwire/webhook"
)

// A bot removes whoever joins from a blocked number.
func TestModerationBot(t *testing.T) {
	srv := signalwiretest.NewServer(t)
	client := srv.Client()
	verifier := webhook.Verifier{URL: "https://example.com/joined", Keys: []string{"key"}}
	bot := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := verifier.Verify(r); err != nil {
			t.Error(err)
		}
		event, err := webhook.ParseConferenceEvent(r)
		if err == nil && event.Event == webhook.ParticipantJoin && event.From == "+12025550100" {
			_, err = client.EnsureRemoved(r.Context(), event.AccountSid, event.ConferenceSid, event.CallSid)
		}
		if err != nil {
			t.Error(err)
		}
	})
	srv.PostCallbacks(signalwiretest.Callbacks{URL: verifier.URL, SigningKey: "key", Receiver: bot})
	conference, calls := srv.AddConference(2)
	srv.Join(conference, signalwiretest.Participant{From: "+12025550100"})
	srv.WaitForCallbacks()
	if left := srv.Participants(conference); len(left) != len(calls) {
		t.Error("left:", left)
	}
}

// Workers remove everybody from a service that fails half of the time.
func TestBulkRemovalWithRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := signalwiretest.NewServer(t, signalwiretest.InMemory())
		srv.UseProfile(signalwiretest.DeadBackend, 1)
		conference, calls := srv.AddConference(200)
		client, work := srv.Client(), make(chan signalwire.CallSid)
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for call := range work {
					if _, err := client.EnsureRemoved(t.Context(), srv.Account(), conference, call); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for _, call := range calls {
			work <- call
		}
		close(work)
		workers.Wait()
	})
}

// Somebody is called when it is not known whether a participant was removed.
func TestAlertOnMaybeApplied(t *testing.T) {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(3)
	srv.ScriptFor(calls[1], signalwiretest.ActThen(signalwiretest.HTML(200)))
	srv.ScriptFor(calls[2], signalwiretest.APIError(403, 20003, "The token has no Voice scope."))
	var alerts []signalwire.CallSid
	for _, call := range calls {
		_, err := srv.Client().DeleteParticipantWithResponse(t.Context(), srv.Account(), conference, call)
		if signalwire.MaybeApplied(err) {
			alerts = append(alerts, call)
		}
	}
	if len(alerts) != 1 || alerts[0] != calls[1] {
		t.Error("alerts:", alerts)
	}
}

// A job that ran before finds nothing left to do.
func TestIdempotentRun(t *testing.T) {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(5)
	for _, want := range []signalwire.Removal{signalwire.Removed, signalwire.Absent} {
		for _, call := range calls {
			got, err := srv.Client().EnsureRemoved(t.Context(), srv.Account(), conference, call)
			if err != nil || got != want {
				t.Error(got, err)
			}
		}
	}
}

// No tenant reaches another's conference, and the operator reaches all.
func TestTenants(t *testing.T) {
	srv := signalwiretest.NewServer(t)
	tenants := []*signalwiretest.Project{srv.AddSubproject("one"), srv.AddSubproject("two")}
	for i, tenant := range tenants {
		conference, calls := tenant.AddConference(1)
		other := srv.ClientOf(tenants[1-i])
		_, err := other.DeleteParticipantWithResponse(t.Context(), tenant.Account(), conference, calls[0])
		if !errors.Is(err, signalwire.ErrUnauthorized) {
			t.Error("another tenant:", err)
		}
		_, err = srv.Client().DeleteParticipantWithResponse(t.Context(), tenant.Account(), conference, calls[0])
		if err != nil {
			t.Error("the operator:", err)
		}
	}
}

// Subtests share a server, each with a fault of its own.
func TestParallelSubtests(t *testing.T) {
	srv := signalwiretest.NewServer(t)
	client := srv.Client()
	for name, fault := range map[string]struct {
		response signalwiretest.Response
		want     error
	}{
		"gone":    {signalwiretest.NotFound(), signalwire.ErrNotFound},
		"refused": {signalwiretest.Unauthorized(), signalwire.ErrUnauthorized},
		"proxy":   {signalwiretest.HTML(404), signalwire.ErrUnexpectedResponse},
		"retried": {signalwiretest.Unavailable(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conference, calls := srv.AddConference(1)
			srv.ScriptFor(calls[0], fault.response)
			_, err := client.DeleteParticipantWithResponse(t.Context(), srv.Account(), conference, calls[0])
			if !errors.Is(err, fault.want) {
				t.Error(err)
			}
		})
	}
}

// The client speaks HTTP/2 over TLS, through a Doer of the caller's own.
func TestHTTP2(t *testing.T) {
	srv := signalwiretest.NewServer(t, signalwiretest.HTTP2())
	conference, calls := srv.AddConference(1)
	doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: srv.Transport()}, MaxAttempts: 1}
	seen := make(chan int, 1)
	srv.Script(signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- r.ProtoMajor
		w.WriteHeader(http.StatusNoContent)
	})))
	_, err := srv.Client(signalwire.WithHTTPClient(doer)).DeleteParticipantWithResponse(t.Context(), srv.Account(), conference, calls[0])
	if major := <-seen; err != nil || major != 2 {
		t.Error(major, err)
	}
}

// A hanging service and a rate limit cost 15 s, and no time at all here.
func TestVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := signalwiretest.NewServer(t, signalwiretest.InMemory())
		conference, calls := srv.AddConference(1)
		srv.Script(signalwiretest.Hang(), signalwiretest.RateLimited(5*time.Second))
		began := time.Now()
		_, err := srv.Client().DeleteParticipantWithResponse(t.Context(), srv.Account(), conference, calls[0])
		if took := time.Since(began); err != nil || took < 15*time.Second || took > 16*time.Second {
			t.Error(took, err)
		}
	})
}

// A slow service does not keep a caller longer than they want.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := signalwiretest.NewServer(t, signalwiretest.InMemory(), signalwiretest.TLS())
		conference, calls := srv.AddConference(1)
		srv.SetLatency(3 * time.Second)
		doer := &signalwire.Doer{HTTPClient: &http.Client{Transport: srv.Transport()}, AttemptTimeout: time.Second, MaxElapsed: 2 * time.Second}
		began := time.Now()
		_, err := srv.Client(signalwire.WithHTTPClient(doer)).DeleteParticipantWithResponse(t.Context(), srv.Account(), conference, calls[0])
		if !signalwire.MaybeApplied(err) || time.Since(began) > 2*time.Second {
			t.Error(time.Since(began), err)
		}
		if len(srv.Participants(conference)) != 1 {
			t.Error("removed by a request that was given up")
		}
	})
}

// Whoever was removed and comes back is removed again.
func TestRejoin(t *testing.T) {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(2)
	for range 3 {
		removal, err := srv.Client().EnsureRemoved(t.Context(), srv.Account(), conference, calls[0])
		if err != nil || removal != signalwire.Removed {
			t.Fatal(removal, err)
		}
		if !srv.Rejoin(conference, calls[0]) {
			t.Fatal("they were not out")
		}
	}
}

// A participant is removed, and the response is lost: that is a removal.
func TestRemovedButTheResponseIsLost(t *testing.T) {
	for name, lost := range map[string]signalwiretest.Response{
		"cut": signalwiretest.Disconnect(), "proxy": signalwiretest.HTML(502), "API": signalwiretest.APIError(500, 20500, "Oops."),
	} {
		t.Run(name, func(t *testing.T) {
			srv := signalwiretest.NewServer(t)
			conference, calls := srv.AddConference(2)
			srv.Script(signalwiretest.ActThen(lost))
			removal, err := srv.Client().EnsureRemoved(t.Context(), srv.Account(), conference, calls[0])
			if err != nil || removal != signalwire.Removed {
				t.Error(removal, err)
			}
			if n := len(srv.Requests()); n < 2 || len(srv.Participants(conference)) != 1 {
				t.Error("requests:", n)
			}
		})
	}
}

// A service restarts while it is used.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := signalwiretest.NewServer(t, signalwiretest.InMemory())
		conference, calls := srv.AddConference(40)
		srv.SetLatency(100 * time.Millisecond)
		time.AfterFunc(time.Second, srv.Stop)
		time.AfterFunc(3*time.Second, srv.Start)
		removed := 0
		for _, call := range calls {
			removal, err := srv.Client().EnsureRemoved(t.Context(), srv.Account(), conference, call)
			if err != nil {
				t.Error(err)
			}
			if removal == signalwire.Removed {
				removed++
			}
		}
		if removed != 40 || len(srv.Participants(conference)) != 0 {
			t.Error("removed:", removed, "left:", len(srv.Participants(conference)))
		}
	})
}
