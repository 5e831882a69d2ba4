package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/signalwire/signalwiretest"
)

// A response is the JSON of one in a script. Each kind has only some of the fields.
type response struct {
	Kind       string            `json:"kind"`
	Delay      string            `json:"delay"`
	Act        bool              `json:"act"`
	Status     int               `json:"status"`
	Code       int               `json:"code"`
	Message    string            `json:"message"`
	RetryAfter string            `json:"retry_after"`
	Location   string            `json:"location"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
}

var kinds = map[string]struct {
	fields string // beside kind and delay
	make   func(*response) (signalwiretest.Response, error)
}{
	"normal":       {"", func(*response) (made signalwiretest.Response, err error) { return made, nil }},
	"api-error":    {"act status code message", (*response).apiError},
	"html":         {"act status", func(r *response) (signalwiretest.Response, error) { return signalwiretest.HTML(r.Status), nil }},
	"rate-limited": {"act retry_after", (*response).rateLimited},
	"redirect":     {"act location", (*response).redirect},
	"raw":          {"act status headers body", (*response).raw},
	"disconnect":   {"act", func(*response) (signalwiretest.Response, error) { return signalwiretest.Disconnect(), nil }},
	"hang":         {"act", func(*response) (signalwiretest.Response, error) { return signalwiretest.Hang(), nil }},
}

// parseResponse makes a response from its JSON.
func parseResponse(text json.RawMessage) (made signalwiretest.Response, err error) {
	var r response
	var fields map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(text, &r), json.Unmarshal(text, &fields)); err != nil {
		return made, explain(err)
	}
	kind, ok := kinds[r.Kind]
	if !ok {
		return made, fmt.Errorf("kind: give one of %s", strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(strings.Fields("kind delay "+kind.fields), field) {
			return made, fmt.Errorf("%.100q: leave this field out; the kind %s has not got it", field, r.Kind)
		}
	}
	delay, err := parseDuration("delay", r.Delay)
	if err != nil {
		return made, err
	}
	if made, err = kind.make(&r); err != nil {
		return made, err
	}
	made = signalwiretest.After(delay, made)
	if r.Act {
		made = signalwiretest.ActThen(made)
	}
	return made, nil
}

func (r *response) apiError() (signalwiretest.Response, error) {
	code := map[int]int{http.StatusUnauthorized: 20003, http.StatusNotFound: 20404, http.StatusTooManyRequests: 20429}[r.Status]
	return signalwiretest.APIError(r.Status, cmp.Or(r.Code, code, 10000), cmp.Or(r.Message, http.StatusText(r.Status), "Error")), nil
}

func (r *response) rateLimited() (signalwiretest.Response, error) {
	retryAfter, err := parseDuration("retry_after", r.RetryAfter)
	return signalwiretest.RateLimited(retryAfter), err
}

func (r *response) redirect() (made signalwiretest.Response, err error) {
	if r.Location == "" {
		return made, errors.New("location: give the URL to redirect to")
	}
	return signalwiretest.Redirect(r.Location), nil
}

func (r *response) raw() (made signalwiretest.Response, err error) {
	if r.Status < 200 || r.Status > 599 {
		return made, errors.New("status: give one from 200 to 599")
	}
	return signalwiretest.Handle(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range r.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(r.Status)
		_, _ = io.WriteString(w, r.Body)
	})), nil
}

const maxDuration = 24 * time.Hour

// parseDuration parses the value of a field. "" means 0.
func parseDuration(field, value string) (time.Duration, error) {
	d, err := time.ParseDuration(cmp.Or(value, "0"))
	if err != nil || d < 0 || d > maxDuration {
		return 0, errors.New(field + `: give a time with its unit, such as "200ms", up to "24h"`)
	}
	return d, nil
}
