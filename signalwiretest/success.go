package signalwiretest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// makeUp returns a success of an operation that is not imitated. The same
// request always gets the same.
func (e *exchange) makeUp(place string) Response {
	if e.handler.OnMadeUp != nil {
		e.handler.OnMadeUp(place)
	}
	status, documented := firstSuccess(e.validation.Route.Operation.Responses)
	if documented == nil {
		return unable("the contract has no success of " + place + ": script a response with Handle")
	}
	seed := sha256.New()
	fmt.Fprintln(seed, e.r.Method, e.r.URL.RequestURI())
	if e.r.Body != nil {
		_, _ = io.Copy(seed, e.r.Body)
	}
	sampler := newSampler([32]byte(seed.Sum(nil)))
	sampler.lastPage = true
	header, body, err := sampler.response(documented)
	if err != nil {
		return unable(place + ": " + err.Error() + ": script a response with Handle")
	}
	return Response{serve: func(e *exchange) { e.writeValid(status, header, body) }}
}

// firstSuccess returns the documented success of the lowest status. That of 2XX
// comes last.
func firstSuccess(responses *openapi3.Responses) (status int, response *openapi3.Response) {
	for status := 200; status < 300; status++ {
		if r := responses.Value(fmt.Sprint(status)); r != nil {
			return status, r.Value
		}
	}
	if r := responses.Value("2XX"); r != nil {
		return http.StatusOK, r.Value
	}
	return 0, nil
}

// response makes the headers that a response needs, and its body.
func (s *sampler) response(response *openapi3.Response) (header http.Header, body []byte, err error) {
	header = make(http.Header)
	for _, name := range slices.Sorted(maps.Keys(response.Headers)) {
		if documented := response.Headers[name].Value; documented.Required && documented.Schema != nil {
			value, err := s.sample(documented.Schema)
			if err != nil {
				return nil, nil, fmt.Errorf("header %s: %w", name, err)
			}
			header.Set(name, fmt.Sprint(value))
		}
	}
	if len(response.Content) == 0 {
		return header, nil, nil
	}
	mediaType, ok := jsonOf(response.Content)
	if !ok {
		return nil, nil, fmt.Errorf("the contract has no JSON for it")
	}
	value, err := s.sample(response.Content[mediaType].Schema)
	if err != nil {
		return nil, nil, err
	}
	header.Set("Content-Type", mediaType)
	body, err = json.Marshal(value)
	return header, body, err
}

// jsonOf returns the first media type that is JSON.
func jsonOf(content openapi3.Content) (mediaType string, ok bool) {
	for _, mediaType := range slices.Sorted(maps.Keys(content)) {
		if isJSON(mediaType) {
			return mediaType, true
		}
	}
	return "", false
}

func isJSON(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}
