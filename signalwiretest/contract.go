package signalwiretest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"

	"example.com/signalwire/api"
)

// maxValidatedBody is how much of a body is read to validate it.
const maxValidatedBody = 16 << 20

// A contract validates traffic with kin-openapi, and checks the rules that
// kin-openapi does not.
type contract struct {
	router routers.Router
}

var loadContract = sync.OnceValues(func() (*contract, error) { return newContract(api.Contract) })

func newContract(data []byte) (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("signalwiretest: contract: %w", err)
	}
	// Requests come to a test server's address, so only the path can match.
	document.Servers = openapi3.Servers{{URL: BasePath}}
	for path, item := range document.Paths.Map() {
		item.Servers = nil
		// The router compares with the escaped path of a request.
		document.Paths.Delete(path)
		document.Paths.Set(escapePercent(path), item)
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("signalwiretest: contract: %w", err)
	}
	return &contract{router}, nil
}

// escapePercent escapes each percent sign that does not escape something.
func escapePercent(path string) string {
	first, rest, found := strings.Cut(path, "%")
	if !found {
		return path
	}
	if _, err := url.PathUnescape("%" + rest[:min(2, len(rest))]); err != nil {
		first += "%25"
	} else {
		first += "%"
	}
	return first + escapePercent(rest)
}

var validationOptions = &openapi3filter.Options{
	AuthenticationFunc: func(_ context.Context, input *openapi3filter.AuthenticationInput) error {
		// Which credentials they are is the server's business, not the contract's.
		if _, _, ok := input.RequestValidationInput.Request.BasicAuth(); !ok {
			return errors.New("the request carries no Basic credentials")
		}
		return nil
	},
	SkipSettingDefaults: true, // It would change the request.
	SchemaValidationOptions: []openapi3.SchemaValidationOption{
		// Without a definition here kin-openapi lets anything pass as a uuid.
		openapi3.WithStringFormatValidator("uuid", openapi3.NewCallbackValidator(func(s string) error {
			if _, err := uuid.Parse(s); err != nil || len(s) != 36 {
				return errors.New("not a UUID of 36 characters")
			}
			return nil
		})),
	},
}

var errUnknownOperation = errors.New("the contract has no operation of this method and path")

// route finds the operation of a request. It returns nil if the contract has
// none.
func (c *contract) route(r *http.Request) *openapi3filter.RequestValidationInput {
	route, pathParams, err := c.router.FindRoute(r)
	if err != nil {
		return nil
	}
	return &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: pathParams,
		Route:      route,
		Options:    validationOptions,
	}
}

func validateRequest(request *openapi3filter.RequestValidationInput) error {
	r, route := request.Request, request.Route
	// What url.URL.Query cannot parse, it leaves out.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fmt.Errorf("the query is malformed: %w", err)
	}
	for name := range query {
		declares := func(parameter *openapi3.ParameterRef) bool { return hasQueryName(parameter.Value, name) }
		if !slices.ContainsFunc(route.Operation.Parameters, declares) && !slices.ContainsFunc(route.PathItem.Parameters, declares) {
			return fmt.Errorf("query parameter %q is not in the contract", name)
		}
	}
	if len(r.Header.Values("Authorization")) > 1 {
		return errors.New("the request has more than one Authorization header")
	}
	body, err := readRequestBody(request)
	switch {
	case err != nil:
		return err
	case len(body) > 0 && route.Operation.RequestBody == nil:
		return errors.New("the request has a body, and none is in the contract")
	}
	if err := checkBody(r.Header, body); err != nil {
		return err
	}
	isForm, err := validateForm(request, body)
	if err != nil {
		return fmt.Errorf("the form: %w", err)
	}
	if isForm {
		withoutBody, options := *request, *request.Options
		options.ExcludeRequestBody = true
		withoutBody.Options = &options
		request = &withoutBody
	}
	return openapi3filter.ValidateRequest(r.Context(), request)
}

// hasQueryName reports whether a parameter can have a name in a query. An object
// has several: name[property], or its properties' names.
func hasQueryName(parameter *openapi3.Parameter, name string) bool {
	if parameter.In != openapi3.ParameterInQuery {
		return false
	}
	if parameter.Name == name {
		return true
	}
	method, err := parameter.SerializationMethod()
	if err != nil || parameter.Schema == nil {
		return false
	}
	if method.Style == openapi3.SerializationDeepObject {
		return strings.HasPrefix(name, parameter.Name+"[") && strings.HasSuffix(name, "]")
	}
	return method.Explode && hasProperty(parameter.Schema, name, 0)
}

func hasProperty(schema *openapi3.SchemaRef, name string, depth int) bool {
	if schema.Value == nil || depth > maxDepth {
		return false
	}
	further := schema.Value.AdditionalProperties
	if schema.Value.Properties[name] != nil || further.Schema != nil || further.Has != nil && *further.Has {
		return true
	}
	return slices.ContainsFunc(slices.Concat(schema.Value.AllOf, schema.Value.OneOf, schema.Value.AnyOf),
		func(part *openapi3.SchemaRef) bool { return hasProperty(part, name, depth+1) })
}

// readRequestBody returns the body and leaves it to be read again.
func readRequestBody(request *openapi3filter.RequestValidationInput) ([]byte, error) {
	r := request.Request
	if r.Body == nil || request.Options.ExcludeRequestBody {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxValidatedBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	case len(body) > maxValidatedBody:
		return nil, fmt.Errorf("the body is longer than %d MiB", maxValidatedBody>>20)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

func validateStatus(request *openapi3filter.RequestValidationInput, status int) error {
	if documentedResponse(request, status) == nil {
		return fmt.Errorf("status %d is not in the contract", status)
	}
	return nil
}

func validateResponse(request *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	if err := validateStatus(request, status); err != nil {
		return err
	}
	if len(documentedResponse(request, status).Value.Content) == 0 && len(body) > 0 {
		return fmt.Errorf("status %d has no body in the contract", status)
	}
	if err := checkBody(header, body); err != nil {
		return err
	}
	return openapi3filter.ValidateResponse(request.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                validationOptions,
	})
}

// documentedResponse returns nil if the contract has no response of a status.
func documentedResponse(request *openapi3filter.RequestValidationInput, status int) *openapi3.ResponseRef {
	responses := request.Route.Operation.Responses
	if response := responses.Status(status); response != nil {
		return response
	}
	return responses.Default()
}

// checkBody checks of a body what kin-openapi lets through: more than one
// media type, and JSON with bytes after it or with a key given twice.
func checkBody(header http.Header, body []byte) error {
	if len(header.Values("Content-Type")) > 1 {
		return errors.New("there is more than one Content-Type header")
	}
	if len(body) == 0 || !isJSON(header.Get("Content-Type")) {
		return nil
	}
	if !json.Valid(body) {
		return errors.New("the body is not one JSON value")
	}
	return uniqueKeys(json.NewDecoder(bytes.NewReader(body)))
}

// uniqueKeys reads a JSON value, and returns an error if an object in it gives
// a key twice.
func uniqueKeys(decoder *json.Decoder) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	delimiter, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := make(map[json.Token]bool)
	for decoder.More() {
		if delimiter == '{' {
			key, err := decoder.Token()
			if err != nil {
				return err
			}
			if seen[key] {
				return fmt.Errorf("the body gives the key %q twice", key)
			}
			seen[key] = true
		}
		if err := uniqueKeys(decoder); err != nil {
			return err
		}
	}
	_, err = decoder.Token() // The end of it.
	return err
}

// placeOf names the operation of a request as the contract spells it.
func placeOf(request *openapi3filter.RequestValidationInput) string {
	return request.Route.Method + " " + request.Route.Path
}
