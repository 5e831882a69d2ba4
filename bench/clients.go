package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	twilioclient "github.com/twilio/twilio-go/client"
	twilioapi "github.com/twilio/twilio-go/rest/api/v2010"

	"example.com/signalwire"
)

const (
	project    = "6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24"
	token      = "PTa9f3c1e7d5b2088664"
	conference = "0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81"
	call       = "d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"

	apiPath         = signalwire.BasePath
	participantPath = "/Accounts/" + project + "/Conferences/" + conference + "/Participants/" + call

	// Every other client that retries sends a request up to 3 times, with the
	// delays that it chooses itself, and every other that takes a time limit has
	// this client's default. This client has its defaults.
	attempts  = 3
	timeLimit = 30 * time.Second
)

// A remove asks for one participant to be removed, and says whether the client
// reported that this was done. It is what a caller writes who follows the
// client's documentation.
type remove func(context.Context) (removed bool, err error)

// A client is one of those that are measured.
type client struct {
	name string
	// transport returns what the client sends with if it is given nothing else.
	transport func() *http.Transport
	// connect makes a client that sends to a host through a round tripper: to
	// measure on a network what transport returned, and else one in memory.
	connect func(host string, through http.RoundTripper) remove
}

const (
	floor     = "floor"
	byHand    = "by-hand"
	generated = "generated"
	guarded   = "this"
	twilio    = "twilio-go"
	restyV2   = "resty"
	retryable = "retryablehttp"
	openaiV3  = "openai-go"
)

var clients = []client{
	{floor, defaultTransport, connectFloor},
	{byHand, defaultTransport, connectByHand},
	{generated, defaultTransport, connectGenerated},
	{guarded, signalwire.NewTransport, connectGuarded},
	{twilio, defaultTransport, connectTwilio},
	{restyV2, func() *http.Transport { return resty.New().GetClient().Transport.(*http.Transport).Clone() }, connectResty},
	{retryable, func() *http.Transport {
		return retryablehttp.NewClient().HTTPClient.Transport.(*http.Transport).Clone()
	}, connectRetryable},
	{openaiV3, func() *http.Transport {
		transport := defaultTransport()
		transport.ResponseHeaderTimeout = 10 * time.Minute
		return transport
	}, connectOpenAI},
}

func defaultTransport() *http.Transport {
	return http.DefaultTransport.(*http.Transport).Clone()
}

// connectFloor is the vendor's own sample, with authentication: it ignores
// errors and does not look at the status.
func connectFloor(host string, through http.RoundTripper) remove {
	client := &http.Client{Transport: through}
	return func(context.Context) (bool, error) {
		request, _ := http.NewRequest(http.MethodDelete, host+apiPath+participantPath, nil)
		request.Header.Add("Accept", "application/json")
		request.SetBasicAuth(project, token)
		response, _ := client.Do(request)
		if response == nil {
			return false, errors.New("the sample would panic here")
		}
		defer response.Body.Close()
		_, _ = io.ReadAll(response.Body)
		return true, nil
	}
}

// connectByHand is what a careful caller writes on net/http.
func connectByHand(host string, through http.RoundTripper) remove {
	client := &http.Client{
		Transport:     through,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, timeLimit)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodDelete, host+apiPath+participantPath, nil)
		if err != nil {
			return false, err
		}
		request.Header.Set("Accept", "application/json")
		request.SetBasicAuth(project, token)
		response, err := client.Do(request)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		if err != nil {
			return false, err
		}
		if response.StatusCode != http.StatusNoContent {
			var answer struct {
				Code    int    `json:"code"`
				Message string `json:"message"`
			}
			if err := json.Unmarshal(body, &answer); err != nil {
				return false, errors.New(response.Status)
			}
			return false, errors.New(response.Status + ": " + answer.Message)
		}
		return true, nil
	}
}

var (
	accountSid    = must(signalwire.ParseAccountSid(project))
	conferenceSid = must(signalwire.ParseConferenceSid(conference))
	callSid       = must(signalwire.ParseCallSid(call))
)

func connectGenerated(host string, through http.RoundTripper) remove {
	client := must(signalwire.NewClientWithResponses(host+apiPath,
		signalwire.WithHTTPClient(&http.Client{Transport: through}),
		signalwire.WithRequestEditorFn(signalwire.BasicAuth(project, token))))
	return func(ctx context.Context) (bool, error) {
		response, err := client.DeleteParticipantWithResponse(ctx, accountSid, conferenceSid, callSid)
		if err != nil {
			return false, err
		}
		return response.StatusCode() == http.StatusNoContent, nil
	}
}

func connectGuarded(host string, through http.RoundTripper) remove {
	client := must(signalwire.New("example", project, token,
		signalwire.WithBaseURL(host+apiPath),
		signalwire.WithHTTPClient(&http.Client{Transport: through})))
	return func(ctx context.Context) (bool, error) {
		_, err := client.DeleteParticipantWithResponse(ctx, accountSid, conferenceSid, callSid)
		return err == nil, err
	}
}

// connectTwilio gives twilio-go the credentials that it accepts, and leads what
// it sends to api.twilio.com to the host. It takes no context. In
// memory it has no time limit, because http.Client.Timeout costs a goroutine
// with anything but an *http.Transport.
func connectTwilio(host string, through http.RoundTripper) remove {
	sid, conferenceSid, callSid := "AC"+hex(project), "CF"+hex(conference), "CA"+hex(call)
	httpClient := &http.Client{
		Transport:     through,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if transport, ok := through.(*http.Transport); ok {
		httpClient.Transport = leadTo{must(url.Parse(host)), transport}
		httpClient.Timeout = timeLimit
	}
	base := &twilioclient.Client{Credentials: twilioclient.NewCredentials(sid, token), HTTPClient: httpClient}
	base.SetAccountSid(sid)
	api := twilioapi.NewApiServiceWithClient(base)
	return func(context.Context) (bool, error) {
		err := api.DeleteParticipant(conferenceSid, callSid, &twilioapi.DeleteParticipantParams{})
		return err == nil, err
	}
}

func hex(id string) string { return strings.ReplaceAll(id, "-", "") }

// leadTo sends every request to one host.
type leadTo struct {
	host      *url.URL
	transport *http.Transport
}

func (l leadTo) RoundTrip(request *http.Request) (*http.Response, error) {
	led, to := *request, *request.URL
	to.Scheme, to.Host = l.host.Scheme, l.host.Host
	led.URL, led.Host = &to, ""
	return l.transport.RoundTrip(&led)
}

func connectResty(host string, through http.RoundTripper) remove {
	client := resty.New().
		SetTransport(through).
		SetBaseURL(host+apiPath).
		SetBasicAuth(project, token).
		SetHeader("Accept", "application/json").
		SetLogger(quiet{}).
		SetDisableWarn(true).
		SetRetryCount(attempts - 1).
		AddRetryCondition(func(response *resty.Response, err error) bool {
			return err != nil || response.StatusCode() == http.StatusTooManyRequests || response.StatusCode() >= 500
		})
	return func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, timeLimit)
		defer cancel()
		response, err := client.R().SetContext(ctx).SetPathParams(map[string]string{
			"AccountSid": project, "ConferenceSid": conference, "CallSid": call,
		}).Delete("/Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}")
		return err == nil && response.IsSuccess(), err
	}
}

type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}

func connectRetryable(host string, through http.RoundTripper) remove {
	client := retryablehttp.NewClient()
	client.Logger = nil
	client.RetryMax = attempts - 1
	client.HTTPClient.Transport = through
	return func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, timeLimit)
		defer cancel()
		request, err := retryablehttp.NewRequestWithContext(ctx, http.MethodDelete, host+apiPath+participantPath, nil)
		if err != nil {
			return false, err
		}
		request.Header.Set("Accept", "application/json")
		request.SetBasicAuth(project, token)
		response, err := client.Do(request)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		if _, err := io.ReadAll(response.Body); err != nil {
			return false, err
		}
		return response.StatusCode == http.StatusNoContent, nil
	}
}

// connectOpenAI stands for the clients that Stainless generates.
func connectOpenAI(host string, through http.RoundTripper) remove {
	request := must(http.NewRequest(http.MethodDelete, host, nil))
	request.SetBasicAuth(project, token)
	client := openai.NewClient(
		option.WithBaseURL(host+apiPath),
		option.WithHTTPClient(&http.Client{Transport: through}),
		option.WithUnsafeAllowHTTP(), // on loopback
		option.WithHeader("Authorization", request.Header.Get("Authorization")),
		option.WithMaxRetries(attempts-1),
		option.WithRequestTimeout(timeLimit))
	return func(ctx context.Context) (bool, error) {
		err := client.Delete(ctx, participantPath, nil, nil)
		return err == nil, err
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
