package signalwire_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// The program of the README.
func Example() {
	if len(os.Args) != 3 {
		log.Fatal("usage: remove CONFERENCE_NAME CALL_SID")
	}
	client, err1 := signalwire.NewFromEnv()
	account, err2 := signalwire.AccountFromEnv()
	call, err3 := signalwire.ParseCallSid(os.Args[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		log.Fatal(err)
	}
	ctx, inProgress := context.Background(), signalwire.ConferenceStatusInProgress
	find := &signalwire.ListAllConferencesParams{FriendlyName: &os.Args[1], Status: &inProgress}
	for conference, err := range client.ListAllConferencesItems(ctx, account, find) {
		if err != nil {
			log.Fatal(err)
		}
		removal, err := client.EnsureRemoved(ctx, account, conference.Sid, call)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(removal, "from", conference.Sid) // "removed", or "absent": not there
	}
}

// Each attempt becomes a line of a structured log.
func ExampleDoer_onAttempt() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey || attr.Key == "elapsed" || attr.Key == "retry_in" {
				return slog.Attr{} // They differ from run to run.
			}
			return attr
		},
	}))
	doer := &signalwire.Doer{
		OnAttempt: func(ctx context.Context, attempt signalwire.Attempt) {
			level := slog.LevelDebug
			if attempt.Err != nil {
				level = slog.LevelWarn
			}
			logger.Log(ctx, level, "signalwire", "attempt", attempt)
		},
	}

	sandbox.Script(signalwiretest.Unavailable())
	client, err := signalwire.New("example", projectID, apiToken,
		signalwire.WithBaseURL(sandbox.URL), signalwire.WithHTTPClient(doer))
	if err != nil {
		log.Fatal(err)
	}
	conference, calls := sandbox.AddConference(3)
	_, err = client.DeleteParticipantWithResponse(context.Background(), account, conference, calls[0])
	fmt.Println(err)

	// Output:
	// level=WARN msg=signalwire attempt.number=1 attempt.method=DELETE attempt.status=503 attempt.error.status=503 attempt.error.unexpected="not in the API's error shape" attempt.error.attempts=1 attempt.error.maybe_applied=true
	// level=DEBUG msg=signalwire attempt.number=2 attempt.method=DELETE attempt.status=204
	// <nil>
}

func ExampleNewFromEnv() {
	for name, value := range map[string]string{
		"SIGNALWIRE_SPACE":      "example",
		"SIGNALWIRE_PROJECT_ID": "6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24",
		"SIGNALWIRE_API_TOKEN":  "",
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
		defer os.Unsetenv(name)
	}
	_, err := signalwire.NewFromEnv()
	fmt.Println(err)

	// Output:
	// signalwire: not set in the environment: SIGNALWIRE_API_TOKEN
}

// A participant who is gone and a space that does not exist both get 404. Only
// the first matches ErrNotFound.
func ExampleError() {
	remove := func(err error) {
		var apiError *signalwire.Error
		switch {
		case err == nil:
			fmt.Println("removed")
		case errors.Is(err, signalwire.ErrNotFound):
			fmt.Println("already gone")
		case signalwire.MaybeApplied(err):
			fmt.Println("perhaps removed:", err)
		case errors.Is(err, signalwire.ErrUnauthorized), errors.Is(err, signalwire.ErrForbidden):
			fmt.Println("check the credentials and the token's scope")
		case errors.As(err, &apiError) && apiError.StatusCode == http.StatusNotFound:
			fmt.Println("this is not the API; check the space")
		default:
			fmt.Println("not removed:", err)
		}
	}
	conference, calls := sandbox.AddConference(1)

	_, err := client.DeleteParticipantWithResponse(context.Background(), account, conference, calls[0])
	remove(err)
	_, err = client.DeleteParticipantWithResponse(context.Background(), account, conference, calls[0])
	remove(err)
	sandbox.Script(signalwiretest.HTML(http.StatusNotFound))
	_, err = client.DeleteParticipantWithResponse(context.Background(), account, conference, calls[0])
	remove(err)
	sandbox.Script(signalwiretest.Redirect("https://example.com/"))
	_, err = client.DeleteParticipantWithResponse(context.Background(), account, conference, calls[0])
	remove(err)

	// Output:
	// removed
	// already gone
	// this is not the API; check the space
	// perhaps removed: signalwire: 302 Found (the request may have been carried out): unexpected response: not a documented status
}

// The response to the first attempt is lost, and the second attempt gets 404: the
// person is out, and most likely by this call.
func ExampleMaybeApplied() {
	conference, calls := sandbox.AddConference(1)
	sandbox.Script(signalwiretest.ActThenDisconnect())

	_, err := client.DeleteParticipantWithResponse(context.Background(), account, conference, calls[0])
	if errors.Is(err, signalwire.ErrNotFound) && signalwire.MaybeApplied(err) {
		fmt.Println("out, and most likely by this call")
	}

	// Output:
	// out, and most likely by this call
}

// Eight calls at a time, and every error is checked.
func ExampleClientWithResponses_many() {
	conference, calls := sandbox.AddConference(100)

	errs := make([]error, len(calls))
	slots := make(chan struct{}, 8)
	var group sync.WaitGroup
	for i, call := range calls {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			_, errs[i] = client.DeleteParticipantWithResponse(context.Background(), account, conference, call)
		})
	}
	group.Wait()

	fmt.Println(errors.Join(errs...), len(sandbox.Participants(conference)))

	// Output:
	// <nil> 0
}

// Fewer attempts, and shorter time limits.
func ExampleDoer() {
	client, err := signalwire.New("example", projectID, apiToken, signalwire.WithHTTPClient(&signalwire.Doer{
		MaxAttempts: 3, // 1 means no retry
		MaxElapsed:  15 * time.Second,
	}))
	fmt.Println(client != nil, err)

	// Output:
	// true <nil>
}

// A private certificate authority, and shorter time limits.
func ExampleNewTransport() {
	pool := x509.NewCertPool() // Add the authority's certificate to it.
	transport := signalwire.NewTransport()
	transport.TLSClientConfig.RootCAs = pool

	_, err := signalwire.New("example", projectID, apiToken, signalwire.WithHTTPClient(&signalwire.Doer{
		HTTPClient:     &http.Client{Transport: transport},
		AttemptTimeout: 3 * time.Second,
		MaxElapsed:     10 * time.Second,
	}))
	fmt.Println(err)

	// Output:
	// <nil>
}

// What an application has, with a test server in the place of the service.
var (
	sandbox   = signalwiretest.NewServer(exampleTB{})
	client    = sandbox.Client()
	account   = sandbox.Account()
	projectID = sandbox.ProjectID()
	apiToken  = sandbox.APIToken()
)

// exampleTB stands in for a *testing.T, which examples do not have.
type exampleTB struct{}

func (exampleTB) Name() string                      { return "Example" }
func (exampleTB) Helper()                           {}
func (exampleTB) Cleanup(func())                    {}
func (exampleTB) Errorf(format string, args ...any) { log.Printf(format, args...) }
func (exampleTB) Fatalf(format string, args ...any) { log.Fatalf(format, args...) }
