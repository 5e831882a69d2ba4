// Command check-live asks the live service two questions that touch nobody,
// and reports how its answers differ from the contract.
//
// It removes a participant that does not exist, named by SIDs made up on the
// spot, and expects 404; then it does so with a spoiled token, and expects 401.
// What it prints holds no secret and no ID. The exit status is 0 if the answers
// are as expected, 1 if they are not, and 2 if the environment is not set.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("check-live", flag.ContinueOnError)
	flags.SetOutput(stderr)
	baseURL := flags.String("base-url", "", "`URL` to ask instead of the space's, for tests of this program")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	var options []signalwire.ClientOption
	if *baseURL != "" {
		options = append(options, signalwire.WithBaseURL(*baseURL))
	}
	// The client is made once without a transport, so that a mistake in the
	// environment is reported before anything is sent.
	if _, err := signalwire.NewFromEnv(options...); err != nil {
		fmt.Fprintf(stderr, "check-live: %v\n", err)
		return 2
	}
	account, err := signalwire.ParseAccountSid(os.Getenv("SIGNALWIRE_PROJECT_ID"))
	if err != nil {
		fmt.Fprintf(stderr, "check-live: %v\n", err)
		return 2
	}
	asExpected := true
	for _, question := range []struct {
		title    string
		expected error
		editors  []signalwire.RequestEditorFn
	}{
		{"A participant that does not exist: expecting 404", signalwire.ErrNotFound, nil},
		{"A spoiled token: expecting 401", signalwire.ErrUnauthorized, []signalwire.RequestEditorFn{
			signalwire.BasicAuth(os.Getenv("SIGNALWIRE_PROJECT_ID"), "spoiled-"+uuid.NewString()),
		}},
	} {
		observed := &observer{}
		client, err := signalwire.NewFromEnv(append(options, signalwire.WithHTTPClient(&signalwire.Doer{
			HTTPClient:  &http.Client{Transport: signalwiretest.ValidateTraffic(observed, observed.found)},
			MaxAttempts: 1,
		}))...)
		if err != nil {
			fmt.Fprintf(stderr, "check-live: %v\n", err)
			return 2
		}
		conference, err1 := signalwire.ParseConferenceSid(uuid.NewString())
		call, err2 := signalwire.ParseCallSid(uuid.NewString())
		if err := errors.Join(err1, err2); err != nil {
			fmt.Fprintf(stderr, "check-live: %v\n", err)
			return 1
		}
		_, err = client.DeleteParticipantWithResponse(ctx, account, conference, call, question.editors...)
		good := errors.Is(err, question.expected) && len(observed.findings) == 0
		asExpected = asExpected && good
		fmt.Fprintf(stdout, "%s\n%s\n", question.title, withoutIDs(observed.report(err, good)))
	}
	if !asExpected {
		return 1
	}
	return 0
}

// observer sends a request and keeps what is worth reporting of the answer.
type observer struct {
	findings []string
	status   int
	header   http.Header
	body     []byte
}

func (o *observer) found(finding error) {
	o.findings = append(o.findings, strings.TrimPrefix(finding.Error(), "signalwiretest: "))
}

var transport = signalwire.NewTransport()

func (o *observer) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	o.status, o.header = response.StatusCode, response.Header.Clone()
	response.Body = readCloser{io.TeeReader(response.Body, o), response.Body}
	return response, nil
}

type readCloser struct {
	io.Reader
	io.Closer
}

// Write keeps the first 64 KiB of the body.
func (o *observer) Write(p []byte) (int, error) {
	const most = 64 << 10
	o.body = append(o.body, p[:min(len(p), most-len(o.body))]...)
	return len(p), nil
}

func (o *observer) report(err error, good bool) string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "  %-13s %s\n", name+":", value) }
	if good {
		line("result", "as expected")
	} else {
		line("result", "NOT as expected")
	}
	line("client", fmt.Sprint(err))
	if o.status == 0 {
		return b.String()
	}
	line("status", fmt.Sprint(o.status))
	line("content type", or(o.header.Get("Content-Type"), "none"))
	line("body", shape(o.body))
	var names []string
	for name := range o.header {
		names = append(names, name)
		if limitHeader.MatchString(name) {
			line("limit header", name+" = "+o.header.Get(name))
		}
	}
	slices.Sort(names)
	line("headers", strings.Join(names, ", "))
	for _, finding := range o.findings {
		line("difference", finding)
	}
	return b.String()
}

// limitHeader matches the headers in which services say how much they allow.
var limitHeader = regexp.MustCompile(`(?i)limit|retry|throttl|quota`)

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// shape describes a body by the names and types of its fields.
func shape(body []byte) string {
	if len(body) == 0 {
		return "none"
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Sprintf("%d bytes, not JSON", len(body))
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return "JSON " + typeOf(value)
	}
	var parts []string
	for name, field := range fields {
		parts = append(parts, name+" "+typeOf(field))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ", ") + "}"
}

func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	}
	return "object"
}

var identifier = regexp.MustCompile(`[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}`)

// withoutIDs removes what the service may have repeated.
func withoutIDs(report string) string {
	for _, secret := range []string{os.Getenv("SIGNALWIRE_API_TOKEN"), os.Getenv("SIGNALWIRE_PROJECT_ID")} {
		report = strings.ReplaceAll(report, secret, "[redacted]")
	}
	return identifier.ReplaceAllString(report, "[ID]")
}
