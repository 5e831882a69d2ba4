package signalwire_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
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
	response, err := client.DeleteParticipantWithResponse(context.Background(), account, conference, call)
	if err != nil {
		log.Fatal(err)
	}
	if response.StatusCode() != http.StatusNoContent {
		log.Fatal("not removed: ", response.Status())
	}
	fmt.Println("removed", call)
}
