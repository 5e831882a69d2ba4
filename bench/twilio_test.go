package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	twiliogo "github.com/twilio/twilio-go"
	twilioclient "github.com/twilio/twilio-go/client"
)

// What docs/from-twilio-go.md says of twilio-go.

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// removeWithTwilio removes a participant and returns the requests that were
// sent for it, each of which gets the same answer.
func removeWithTwilio(user string, status int, body string) (sent []*http.Request, err error) {
	client := &twilioclient.Client{
		Credentials: twilioclient.NewCredentials(user, "token"),
		HTTPClient: &http.Client{
			Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				sent = append(sent, r)
				return &http.Response{
					StatusCode: status,
					Header:     http.Header{"Location": {"https://elsewhere.test/"}},
					Body:       io.NopCloser(strings.NewReader(body)),
					Request:    r,
				}, nil
			}),
			// The one that it makes itself follows no redirect either.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	rest := twiliogo.NewRestClientWithParams(twiliogo.ClientParams{Client: client})
	err = rest.Api.DeleteParticipant("CF"+strings.Repeat("0", 32), "CA"+strings.Repeat("0", 32), nil)
	return sent, err
}

func TestTwilioRefusesProjectIDs(t *testing.T) {
	sent, err := removeWithTwilio(project, http.StatusNoContent, "")
	var restError *twilioclient.TwilioRestError
	if !errors.As(err, &restError) || restError.Code != 21222 || len(sent) != 0 {
		t.Fatal(err, len(sent))
	}
}

func TestTwilioHasAHostAndPathsOfItsOwn(t *testing.T) {
	sent, err := removeWithTwilio("user", http.StatusNoContent, "")
	if err != nil || len(sent) != 1 {
		t.Fatal(err, len(sent))
	}
	if u := sent[0].URL; u.Host != "api.twilio.com" || !strings.HasSuffix(u.Path, ".json") {
		t.Fatal(u)
	}
}

func TestTwilioTakesAnythingBelow400ForSuccess(t *testing.T) {
	for _, status := range []int{200, 202, 302, 307} {
		if sent, err := removeWithTwilio("user", status, "<html></html>"); err != nil || len(sent) != 1 {
			t.Error(status, err, len(sent))
		}
	}
}

func TestTwilioTriesOnce(t *testing.T) {
	if sent, err := removeWithTwilio("user", http.StatusServiceUnavailable, "{}"); err == nil || len(sent) != 1 {
		t.Fatal(err, len(sent))
	}
}
