package signalwiretest_test

import (
	"context"
	"errors"
	"fmt"
	"log"

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

// In a test, t is its *testing.T.
var t exampleTB

type exampleTB struct{}

func (exampleTB) Name() string                      { return "Example" }
func (exampleTB) Helper()                           {}
func (exampleTB) Cleanup(func())                    {}
func (exampleTB) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (exampleTB) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
