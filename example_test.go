package signalwire_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"example.com/signalwire"
)

// The program of the README.
func Example() {
	client, err := signalwire.NewFromEnv()
	if err != nil {
		log.Fatal(err)
	}
	if len(os.Args) != 3 {
		log.Fatal("usage: remove CONFERENCE_SID CALL_SID")
	}
	account, err := signalwire.ParseAccountSid(os.Getenv("SIGNALWIRE_PROJECT_ID"))
	if err != nil {
		log.Fatal(err)
	}
	conference, err := signalwire.ParseConferenceSid(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	call, err := signalwire.ParseCallSid(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.DeleteParticipantWithResponse(context.Background(), account, conference, call)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("removed", call)
}

// Each attempt becomes a line of a structured log.
func ExampleDoer_onAttempt() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, attr slog.Attr) slog.Attr {
			if attr.Key == slog.TimeKey || attr.Key == "elapsed" {
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
			logger.Log(ctx, level, "signalwire request",
				"attempt", attempt.Number, "method", attempt.Method, "status", attempt.StatusCode,
				"elapsed", attempt.Elapsed, "retry_in", attempt.RetryIn, "err", attempt.Err)
		},
	}

	server := httptest.NewServer(http.NotFoundHandler()) // Not the API, so this is no "not found".
	defer server.Close()
	client, err := signalwire.New("example", projectID, apiToken,
		signalwire.WithBaseURL(server.URL), signalwire.WithHTTPClient(doer))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.DeleteParticipantWithResponse(context.Background(), account, conference, call)
	fmt.Println(errors.Is(err, signalwire.ErrNotFound), errors.Is(err, signalwire.ErrUnexpectedResponse))

	// Output:
	// level=WARN msg="signalwire request" attempt=1 method=DELETE status=404 retry_in=0s err="signalwire: 404 Not Found: unexpected response: not in the API's error shape"
	// false true
}

// What the examples remove, in place of what an application knows.
var (
	projectID, apiToken       = testProject, testToken
	account, conference, call = testAccount, testConference, testCall
)
