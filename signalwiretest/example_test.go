package signalwiretest_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"
	"testing"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// moderate is the code under test: it makes sure that a caller is out, and says
// what it knows.
func moderate(ctx context.Context, client *signalwire.ClientWithResponses,
	account signalwire.AccountSid, conference signalwire.ConferenceSid, call signalwire.CallSid,
) string {
	_, err := client.DeleteParticipantWithResponse(ctx, account, conference, call)
	switch {
	case err == nil:
		return "removed"
	case errors.Is(err, signalwire.ErrNotFound):
		return "already gone"
	default:
		return "service down, call them"
	}
}

func Example() {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(3)
	client := srv.Client(signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 3}))

	fmt.Println(moderate(context.Background(), client, srv.Account(), conference, calls[0]))
	fmt.Println(moderate(context.Background(), client, srv.Account(), conference, calls[0]))

	srv.Script(signalwiretest.Unavailable(), signalwiretest.Unavailable(), signalwiretest.Unavailable())
	fmt.Println(moderate(context.Background(), client, srv.Account(), conference, calls[1]))
	fmt.Println(len(srv.Participants(conference)), "are left")

	// Output:
	// removed
	// already gone
	// service down, call them
	// 2 are left
}

// The requests for one participant fail, whoever else is removed meanwhile.
func ExampleHandler_ScriptFor() {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(10)
	srv.ScriptFor(calls[3], signalwiretest.Unprocessable())

	var workers sync.WaitGroup
	for _, call := range calls {
		workers.Go(func() {
			_, err := srv.Client().DeleteParticipantWithResponse(context.Background(), srv.Account(), conference, call)
			if err != nil {
				fmt.Println(err)
			}
		})
	}
	workers.Wait()
	fmt.Println(len(srv.Participants(conference)), "is left")

	// Output:
	// signalwire: 422 Unprocessable Entity: code 10000: The request could not be processed due to validation errors.
	// 1 is left
}

// A participant is removed, the response is late, and it does not say so.
func ExampleActThen() {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(1)
	srv.Script(signalwiretest.After(50*time.Millisecond, signalwiretest.ActThen(signalwiretest.APIError(500, 20500, "Try later."))))

	_, err := srv.Client().DeleteParticipantWithResponse(context.Background(), srv.Account(), conference, calls[0])
	fmt.Println(errors.Is(err, signalwire.ErrNotFound), signalwire.MaybeApplied(err))
	fmt.Println(len(srv.Requests()), "requests,", len(srv.Participants(conference)), "are left")

	// Output:
	// true true
	// 2 requests, 0 are left
}

// A tenant's credentials do not reach another's conference.
func ExampleHandler_AddProject() {
	srv := signalwiretest.NewServer(t)
	tenant, other := srv.AddProject("tenant"), srv.AddProject("other")
	conference, calls := other.AddConference(1)

	_, err := srv.ClientOf(tenant).DeleteParticipantWithResponse(context.Background(), other.Account(), conference, calls[0])
	fmt.Println(errors.Is(err, signalwire.ErrUnauthorized))
	_, err = srv.ClientOf(other).DeleteParticipantWithResponse(context.Background(), other.Account(), conference, calls[0])
	fmt.Println(err)

	// Output:
	// true
	// <nil>
}

// A service that is down refuses connections. This one knows what it knew when it
// is back.
func ExampleServer_Stop() {
	srv := signalwiretest.NewServer(t, signalwiretest.HTTP2())
	conference, calls := srv.AddConference(1)
	srv.Stop()
	time.AfterFunc(50*time.Millisecond, srv.Start)

	response, err := srv.Client().DeleteParticipantWithResponse(context.Background(), srv.Account(), conference, calls[0])
	fmt.Println(response.HTTPResponse.Status, err)

	// Output:
	// 204 No Content <nil>
}

// In memory, a server works in a bubble of testing/synctest, where waiting takes
// no time. A test calls bubble by synctest.Test(t, bubble).
func ExampleInMemory() {
	bubble := func(t *testing.T) {
		srv := signalwiretest.NewServer(t, signalwiretest.InMemory())
		conference, calls := srv.AddConference(1)
		srv.Script(signalwiretest.Hang(), signalwiretest.RateLimited(5*time.Second))

		began := time.Now()
		_, err := srv.Client().DeleteParticipantWithResponse(t.Context(), srv.Account(), conference, calls[0])
		if err != nil || time.Since(began) < 15*time.Second {
			t.Error(err, time.Since(began))
		}
	}
	_ = bubble
}

// A service that carries out 20 requests a second is used by 8 workers.
func ExampleHandler_UseProfile() {
	srv := signalwiretest.NewServer(t)
	conference, calls := srv.AddConference(40)
	srv.UseProfile(signalwiretest.RateLimit, 1)

	client, next := srv.Client(), make(chan signalwire.CallSid)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for call := range next {
				if _, err := client.DeleteParticipantWithResponse(context.Background(), srv.Account(), conference, call); err != nil {
					fmt.Println(err)
				}
			}
		})
	}
	for _, call := range calls {
		next <- call
	}
	close(next)
	workers.Wait()
	fmt.Println(len(srv.Participants(conference)), "are left")

	// Output:
	// 0 are left
}

// In a test, t is its *testing.T.
var t exampleTB

type exampleTB struct{}

func (exampleTB) Name() string                      { return "Example" }
func (exampleTB) Helper()                           {}
func (exampleTB) Cleanup(func())                    {}
func (exampleTB) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (exampleTB) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
