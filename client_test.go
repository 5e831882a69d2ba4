package signalwire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/api"
	"example.com/signalwire/signalwiretest"
)

const (
	testProject = "6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24"
	testToken   = "PTa9f3c1e7d5b2088664"
)

// Three different SIDs, so that no two can be swapped unnoticed.
var (
	testAccount    = must(signalwire.ParseAccountSid(testProject))
	testConference = must(signalwire.ParseConferenceSid("0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81"))
	testCall       = must(signalwire.ParseCallSid("d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"))
)

const deletePath = signalwire.BasePath + "/Accounts/6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24" +
	"/Conferences/0b8f2f6e-6f0c-4f43-9a57-5a3c1d6f7e81/Participants/d2c7a9b4-13e5-4f68-8a0b-7c9d1e2f3a4b"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// newClient returns a client made by New that sends to a handler over loopback.
func newClient(t *testing.T, handler http.Handler, opts ...signalwire.ClientOption) *signalwire.ClientWithResponses {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	opts = append([]signalwire.ClientOption{signalwire.WithBaseURL(server.URL + signalwire.BasePath)}, opts...)
	client, err := signalwire.New("example", testProject, testToken, opts...)
	require.NoError(t, err)
	return client
}

func TestDeleteParticipantRemoves(t *testing.T) {
	t.Parallel()
	server := signalwiretest.NewServer(t)
	conference, calls := server.AddConference(3)

	response, err := server.Client().DeleteParticipantWithResponse(t.Context(), server.Account(), conference, calls[1])

	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, response.StatusCode())
	require.Empty(t, response.Body)
	require.Equal(t, []signalwire.CallSid{calls[0], calls[2]}, server.Participants(conference))
}

func TestDeleteParticipantRequest(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Clone(context.Background())
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))

	_, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)

	require.NoError(t, err)
	require.Equal(t, http.MethodDelete, got.Method)
	require.Equal(t, deletePath, got.URL.EscapedPath())
	require.Empty(t, got.URL.RawQuery)
	require.Empty(t, body)
	require.Empty(t, got.TransferEncoding)
	user, password, ok := got.BasicAuth()
	require.True(t, ok)
	require.Equal(t, testProject, user)
	require.Equal(t, testToken, password)
	require.Empty(t, got.Header.Values("Content-Type"))
	got.Body = http.NoBody
	require.NoError(t, openapi3filter.ValidateRequest(t.Context(), validationInput(t, got)))
}

// What the service answers, as the vendor documents it.
var documentedErrors = []struct {
	status, code int
	typed        func(*signalwire.DeleteParticipantResponse) *signalwire.CompatibilityErrorResponse
}{
	{400, 10000, (*signalwire.DeleteParticipantResponse).GetJSON400},
	{401, 20003, (*signalwire.DeleteParticipantResponse).GetJSON401},
	{404, 20404, (*signalwire.DeleteParticipantResponse).GetJSON404},
	{422, 10000, (*signalwire.DeleteParticipantResponse).GetJSON422},
}

// TestDocumentedErrorsDecode drives the generated client without New's guard,
// which turns these answers into errors before they are decoded.
func TestDocumentedErrorsDecode(t *testing.T) {
	t.Parallel()
	for _, documented := range documentedErrors {
		t.Run(strconv.Itoa(documented.status), func(t *testing.T) {
			t.Parallel()
			want := signalwire.CompatibilityErrorResponse{
				Code: documented.code, Message: "Said plainly.", MoreInfo: "https://example.org/more", Status: documented.status,
			}
			body := must(json.Marshal(want))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(documented.status)
				_, _ = w.Write(body)
			}))
			defer server.Close()
			client, err := signalwire.NewClientWithResponses(server.URL+signalwire.BasePath,
				signalwire.WithRequestEditorFn(signalwire.BasicAuth(testProject, testToken)))
			require.NoError(t, err)

			response, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall)

			require.NoError(t, err)
			require.Equal(t, documented.status, response.StatusCode())
			require.Equal(t, &want, documented.typed(response))
			for _, other := range documentedErrors {
				if other.status != documented.status {
					require.Nil(t, other.typed(response))
				}
			}
			require.NoError(t, validateAnswer(t, documented.status, response.HTTPResponse.Header, body))
		})
	}
}

// TestContractRejects shows that the validation above can fail.
func TestContractRejects(t *testing.T) {
	t.Parallel()
	jsonHeader := http.Header{"Content-Type": {"application/json"}}
	for _, tt := range []struct {
		name   string
		status int
		body   string
	}{
		{"undocumented status", 418, `{"code":1,"message":"m","more_info":"i","status":418}`},
		{"string code", 404, `{"code":"20404","message":"m","more_info":"i","status":404}`},
		{"missing field", 404, `{"code":20404,"message":"m","status":404}`},
		{"other shape", 422, `{"errors":[{"code":"30010"}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Error(t, validateAnswer(t, tt.status, jsonHeader, []byte(tt.body)))
		})
	}
	swapped := httptest.NewRequest(http.MethodDelete, "https://example.signalwire.com"+deletePath+"x", nil)
	swapped.SetBasicAuth(testProject, testToken)
	require.Error(t, openapi3filter.ValidateRequest(t.Context(), validationInput(t, swapped)))
}

func TestContractIsValid(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.Contract)
	require.NoError(t, err)
	require.NoError(t, document.Validate(t.Context()))
}

// TestContractSaysWhatThePageSays holds what the vendor's page says of the
// operation, in whatever dialect the contract has it. Other operations may come:
// they are not looked at.
func TestContractSaysWhatThePageSays(t *testing.T) {
	t.Parallel()
	document, err := openapi3.NewLoader().LoadFromData(api.Contract)
	require.NoError(t, err)
	require.Regexp(t, `^3\.1\.`, document.OpenAPI)
	require.Regexp(t, `^https://\{\w+\}\.signalwire\.com`+regexp.QuoteMeta(signalwire.BasePath)+`$`, document.Servers[0].URL)
	const path = "/Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants/{CallSid}"
	item := document.Paths.Value(path)
	require.NotNil(t, item, "the contract has no path %s", path)
	operation := item.Delete
	require.Equal(t, "delete-participant", strings.ReplaceAll(operation.OperationID, "_", "-"))

	security := document.Security
	if operation.Security != nil {
		security = *operation.Security
	}
	require.Len(t, security, 1)
	for name := range security[0] {
		scheme := document.Components.SecuritySchemes[name].Value
		require.Equal(t, []string{"http", "basic"}, []string{scheme.Type, scheme.Scheme})
	}

	var parameters []string
	for _, parameter := range slices.Concat(item.Parameters, operation.Parameters) {
		p, schema := parameter.Value, parameter.Value.Schema.Value
		parameters = append(parameters, fmt.Sprint(p.In, " ", p.Name, " ", p.Required, " ", schema.Type.Slice(), " ", schema.Format))
	}
	require.Equal(t, []string{"path AccountSid true [string] uuid", "path ConferenceSid true [string] uuid", "path CallSid true [string] uuid"}, parameters)

	types := map[string]string{"code": "integer", "message": "string", "more_info": "string", "status": "integer"}
	require.Empty(t, operation.Responses.Value("204").Value.Content)
	for _, status := range []string{"400", "401", "404", "422"} {
		response := operation.Responses.Value(status)
		require.NotNil(t, response, status)
		schema := response.Value.Content["application/json"].Schema.Value
		require.ElementsMatch(t, slices.Collect(maps.Keys(types)), schema.Required, status)
		got := map[string]string{}
		for name, property := range schema.Properties {
			got[name] = strings.Join(property.Value.Type.Slice(), " ")
		}
		require.Equal(t, types, got, status)
	}
}

func contractRouter(t *testing.T) routers.Router {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(api.Contract)
	require.NoError(t, err)
	document.Servers = openapi3.Servers{{URL: signalwire.BasePath}}
	return must(gorillamux.NewRouter(document))
}

func validationInput(t *testing.T, r *http.Request) *openapi3filter.RequestValidationInput {
	t.Helper()
	route, pathParams, err := contractRouter(t).FindRoute(r)
	require.NoError(t, err)
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: pathParams, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
			IncludeResponseStatus: true,
			SchemaValidationOptions: []openapi3.SchemaValidationOption{
				openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC4122)),
			},
		},
	}
}

func validateAnswer(t *testing.T, status int, header http.Header, body []byte) error {
	t.Helper()
	input := validationInput(t, httptest.NewRequest(http.MethodDelete, "https://example.signalwire.com"+deletePath, nil))
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: status, Header: header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: input.Options,
	})
}
