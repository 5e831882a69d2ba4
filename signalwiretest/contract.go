package signalwiretest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"

	"example.com/signalwire/api"
)

// A contract validates traffic with kin-openapi, and checks what kin-openapi
// lets through.
type contract struct {
	router routers.Router
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(api.Contract)
	if err != nil {
		return nil, fmt.Errorf("signalwiretest: contract: %w", err)
	}
	// Requests come to a test server's address, so only the path can match.
	document.Servers = openapi3.Servers{{URL: BasePath}}
	for _, item := range document.Paths.Map() {
		item.Servers = nil
	}
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		return nil, fmt.Errorf("signalwiretest: contract: %w", err)
	}
	return &contract{router}, nil
})

var validationOptions = &openapi3filter.Options{
	AuthenticationFunc: func(_ context.Context, input *openapi3filter.AuthenticationInput) error {
		// Which credentials they are is the server's business, not the contract's.
		if _, _, ok := input.RequestValidationInput.Request.BasicAuth(); !ok {
			return errors.New("the request carries no Basic credentials")
		}
		return nil
	},
	IncludeResponseStatus:             true,
	RejectWhenRequestBodyNotSpecified: true,
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
	route := request.Route
	for name := range request.GetQueryParams() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil &&
			route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("query parameter %q is not in the contract", name)
		}
	}
	return openapi3filter.ValidateRequest(request.Request.Context(), request)
}

func validateResponse(request *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	documented := request.Route.Operation.Responses.Status(status)
	switch {
	case documented == nil:
		return fmt.Errorf("status %d is not in the contract", status)
	case len(documented.Value.Content) == 0 && len(body) > 0:
		return fmt.Errorf("status %d has no body in the contract", status)
	case strings.Contains(header.Get("Content-Type"), "json") && len(body) > 0 && !json.Valid(body):
		return errors.New("the body is not one JSON value")
	}
	return openapi3filter.ValidateResponse(request.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 status,
		Header:                 header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                validationOptions,
	})
}

// breach says how one side of an exchange breaks the contract. The validator's
// rule is the first line of its text; the schema follows over many.
func breach(side, place string, err error) error {
	rule, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New("signalwiretest: the " + side + " breaks the contract: " + place + ": " + rule)
}

// placeOf names the operation of a request as the contract spells it.
func placeOf(request *openapi3filter.RequestValidationInput) string {
	return request.Route.Method + " " + request.Route.Path
}
