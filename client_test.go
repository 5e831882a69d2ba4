package signalwire_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/api"
	"example.com/signalwire/internal/wiretest"
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

// defaultAttempts is what the zero MaxAttempts stands for.
const defaultAttempts = 6

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// bubble runs a test in virtual time.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Parallel()
	synctest.Test(t, f)
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

// newClientAt returns a client made by New for a server.
func newClientAt(t *testing.T, baseURL string, httpClient signalwire.HttpRequestDoer) *signalwire.ClientWithResponses {
	t.Helper()
	client, err := signalwire.New("example", testProject, testToken,
		signalwire.WithBaseURL(baseURL), signalwire.WithHTTPClient(httpClient))
	require.NoError(t, err)
	return client
}

// newMemoryClient returns a client made by New, for the real host, that sends
// with a Doer.
func newMemoryClient(t *testing.T, doer *signalwire.Doer) *signalwire.ClientWithResponses {
	t.Helper()
	client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(doer))
	require.NoError(t, err)
	return client
}

// newPipesClient returns a client whose Doer sends through a network in memory.
func newPipesClient(t *testing.T, network *wiretest.Pipes, doer *signalwire.Doer) *signalwire.ClientWithResponses {
	t.Helper()
	doer.HTTPClient = &http.Client{Transport: network.Transport(t)}
	return newClientAt(t, "http://127.0.0.1:1"+signalwire.BasePath, doer)
}

// newRequest returns a request that no client of ours has made.
func newRequest(t *testing.T, method string) *http.Request {
	t.Helper()
	return must(http.NewRequestWithContext(t.Context(), method, "https://example.org/x", nil))
}

// remove calls the operation, and wants either a response or an error.
func remove(t *testing.T, client *signalwire.ClientWithResponses, editors ...signalwire.RequestEditorFn) (*signalwire.DeleteParticipantResponse, error) {
	t.Helper()
	response, err := client.DeleteParticipantWithResponse(t.Context(), testAccount, testConference, testCall, editors...)
	require.NotEqual(t, err == nil, response == nil, "a response or an error")
	return response, err
}

func wantHeader(name, value string) signalwire.RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set(name, value)
		return nil
	}
}

var allSentinels = map[string]error{
	"bad request":         signalwire.ErrBadRequest,
	"unauthorized":        signalwire.ErrUnauthorized,
	"forbidden":           signalwire.ErrForbidden,
	"not found":           signalwire.ErrNotFound,
	"conflict":            signalwire.ErrConflict,
	"unprocessable":       signalwire.ErrUnprocessable,
	"too many requests":   signalwire.ErrTooManyRequests,
	"unavailable":         signalwire.ErrUnavailable,
	"unexpected response": signalwire.ErrUnexpectedResponse,
}

// matched names the sentinels that an error matches.
func matched(err error) []string {
	var names []string
	for name, sentinel := range allSentinels {
		if errors.Is(err, sentinel) {
			names = append(names, name)
		}
	}
	return names
}

// requireAPIError wants an *Error, and nothing that is a *TransportError too.
func requireAPIError(t *testing.T, err error) *signalwire.Error {
	t.Helper()
	var responded *signalwire.Error
	require.ErrorAs(t, err, &responded)
	require.NotErrorAs(t, err, new(*signalwire.TransportError))
	require.Equal(t, responded.MaybeApplied, signalwire.MaybeApplied(err), "MaybeApplied of %v", err)
	requireLogLine(t, err)
	return responded
}

// requireTransportError wants a *TransportError, and nothing that is an *Error
// too.
func requireTransportError(t *testing.T, err error) *signalwire.TransportError {
	t.Helper()
	var failed *signalwire.TransportError
	require.ErrorAs(t, err, &failed)
	require.NotErrorAs(t, err, new(*signalwire.Error))
	require.Equal(t, failed.MaybeApplied, signalwire.MaybeApplied(err), "MaybeApplied of %v", err)
	requireLogLine(t, err)
	require.Empty(t, matched(err))
	return failed
}

var testBasic = base64.StdEncoding.EncodeToString([]byte(testProject + ":" + testToken))

var anyURL = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://`)

// testCredentials are what no error and no proxy must see.
var testCredentials = []string{testToken, testProject, testBasic}

// requireLogLine wants an error text of one printable line of at most 500
// bytes, without URLs and credentials.
func requireLogLine(t *testing.T, err error) {
	t.Helper()
	text := err.Error()
	require.LessOrEqual(t, len(text), 500)
	require.True(t, utf8.ValidString(text), "%q", text)
	require.NotRegexp(t, anyURL, text)
	require.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", text)
	for _, secret := range append([]string{"Authorization", "/Accounts/", testConference.String(), testCall.String()}, testCredentials...) {
		require.NotContains(t, text, secret)
	}
}

// requireClearError wants an error of ours that names the field and does not
// repeat the rejected value.
func requireClearError(t *testing.T, err error, value, field string) {
	t.Helper()
	require.Error(t, err, "%q", value)
	require.Regexp(t, "^signalwire: ", err.Error())
	require.Contains(t, err.Error(), field, "%q", value)
	if len(value) > len(".signalwire.com") { // Shorter ones occur in any text.
		require.NotContains(t, err.Error(), value)
	}
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
	require.True(t, ok, "no basic authentication")
	require.Equal(t, testProject, user)
	require.Equal(t, testToken, password)
	require.Empty(t, got.Header.Values("Content-Type"))
	got.Body = http.NoBody
	require.NoError(t, openapi3filter.ValidateRequest(t.Context(), validationInput(t, got)))
}

// What the service responds, as the vendor documents it.
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
// which turns these responses into errors before they are decoded.
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
			require.NoError(t, validateResponse(t, documented.status, response.HTTPResponse.Header, body))
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
			require.Error(t, validateResponse(t, tt.status, jsonHeader, []byte(tt.body)))
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

func validateResponse(t *testing.T, status int, header http.Header, body []byte) error {
	t.Helper()
	input := validationInput(t, httptest.NewRequest(http.MethodDelete, "https://example.signalwire.com"+deletePath, nil))
	return openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: status, Header: header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: input.Options,
	})
}

// TestGeneratedDocs: generated methods and types say what a caller of New gets.
func TestGeneratedDocs(t *testing.T) {
	t.Parallel()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "client.gen.go", nil, parser.ParseComments)
	require.NoError(t, err)
	docs, err := doc.NewFromFiles(files, []*ast.File{file}, "example.com/signalwire")
	require.NoError(t, err)
	var methods, types int
	for _, typ := range docs.Types {
		require.NotEmpty(t, typ.Doc, typ.Name)
		if slices.ContainsFunc(typ.Methods, func(f *doc.Func) bool { return f.Name == "StatusCode" }) {
			types++
			require.Contains(t, typ.Doc, "[New]", typ.Name)
		}
		for _, method := range typ.Methods {
			if strings.HasSuffix(method.Name, "marshalJSON") || method.Name == "MarshalJSON" {
				continue // They are encoding/json's, and unions have them.
			}
			require.NotEmpty(t, method.Doc, method.Name)
			if typ.Name == "Client" || typ.Name == "ClientWithResponses" {
				methods++
				if strings.HasSuffix(method.Name, "Items") {
					require.Contains(t, method.Doc, "the same types as of List", method.Name)
					continue
				}
				require.Contains(t, method.Doc, "[New]", method.Name)
				require.Contains(t, method.Doc, "a nil error means", method.Name)
			}
		}
	}
	require.NotZero(t, methods)
	require.NotZero(t, types)
}

func TestNewRejectsCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, project, token, field string }{
		{"no project ID", "", testToken, "project ID"},
		{"no token", testProject, "", "API token"},
		{"swapped", testToken, testProject, "project ID"},
		{"project ID with a colon", testProject + ":x", testToken, "project ID"},
		{"project ID in braces", "{" + testProject + "}", testToken, "project ID"},
		{"project ID without hyphens", strings.ReplaceAll(testProject, "-", ""), testToken, "project ID"},
		{"project ID with a line end", testProject + "\n", testToken, "project ID"},
		{"token with a line end", testProject, testToken + "\n", "API token"},
		{"token with a space", testProject, "PT a9f3", "API token"},
		{"token with a tab", testProject, "PT\ta9f3", "API token"},
		{"token with a NUL", testProject, "PT\x00a9f3", "API token"},
		{"token with DEL", testProject, "PT\x7fa9f3", "API token"},
		{"token with an umlaut", testProject, "PTäa9f3", "API token"},
		{"token that is not UTF-8", testProject, "PT\xffa9f3", "API token"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", tt.project, tt.token)
			require.Nil(t, client)
			requireClearError(t, err, tt.project, tt.field)
			requireClearError(t, err, tt.token, tt.field)
		})
	}
}

func TestNewRejectsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	_, err := signalwire.New("", "", "")
	require.ErrorContains(t, err, "space")
	require.ErrorContains(t, err, "project ID")
	require.ErrorContains(t, err, "API token")
}

func TestNewRejectsOptions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		option signalwire.ClientOption
		want   string
	}{
		{"nil option", nil, "option 2 is nil"},
		{"nil HTTP client", signalwire.WithHTTPClient(nil), "HTTP client is nil"},
		{"nil editor", signalwire.WithRequestEditorFn(nil), "request editor is nil"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, err := signalwire.New("example", testProject, testToken,
				signalwire.WithBaseURL("http://127.0.0.1:1"), tt.option)
			require.Nil(t, client)
			requireClearError(t, err, "", tt.want)
		})
	}
}

func TestNewLeavesHTTPClientAlone(t *testing.T) {
	t.Parallel()
	mine := &http.Client{}
	newClient(t, http.NotFoundHandler(), signalwire.WithHTTPClient(mine))
	require.Equal(t, http.Client{}, *mine)
}

// setEnvironment sets the variables that a client is made from, and unsets those
// that are not named.
func setEnvironment(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range []string{"SPACE", "SPACE_URL", "PROJECT_ID", "API_TOKEN", "BASE_URL"} {
		t.Setenv("SIGNALWIRE_"+name, variables[name])
	}
}

func TestNewFromEnv(t *testing.T) {
	const ofAcme = "https://acme.signalwire.com" + signalwire.BasePath
	own := signalwire.WithBaseURL("https://example.org/own")
	for _, tt := range []struct {
		name                     string
		space, spaceURL, baseURL string
		options                  []signalwire.ClientOption
		want                     string
	}{
		{"space", "acme", "", "", nil, ofAcme},
		{"space and its URL", "acme", "other.signalwire.com", "", nil, ofAcme},
		{"space URL", "", "acme.signalwire.com", "", nil, ofAcme},
		{"base URL", "", "", "https://example.org/api", nil, "https://example.org/api"},
		{"base URL on loopback", "", "", "http://127.0.0.1:8080", nil, "http://127.0.0.1:8080"},
		{"base URL and space", "acme", "", "https://example.org", nil, "https://example.org"},
		{"option and space", "acme", "", "", []signalwire.ClientOption{own}, "https://example.org/own"},
		{"option and base URL", "", "", "https://example.org", []signalwire.ClientOption{own}, "https://example.org/own"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setEnvironment(t, map[string]string{
				"SPACE": tt.space, "SPACE_URL": tt.spaceURL, "BASE_URL": tt.baseURL, "PROJECT_ID": testProject, "API_TOKEN": testToken,
			})
			client, err := signalwire.NewFromEnv(tt.options...)
			require.NoError(t, err)
			require.Equal(t, tt.want, client.ClientInterface.(*signalwire.Client).Server)
		})
	}
}

func TestNewFromEnvRejects(t *testing.T) {
	for _, tt := range []struct {
		name      string
		variables map[string]string
		names     []string // what the error names, and nothing else of the list
	}{
		{"nothing set", nil, []string{"SPACE", "PROJECT_ID", "API_TOKEN"}},
		{"no token", map[string]string{"SPACE": "acme", "PROJECT_ID": testProject}, []string{"API_TOKEN"}},
		{"no space", map[string]string{"PROJECT_ID": testProject, "API_TOKEN": testToken}, []string{"SPACE"}},
		{"base URL alone", map[string]string{"BASE_URL": "https://example.org"}, []string{"PROJECT_ID", "API_TOKEN"}},
		{"base URL that is none", map[string]string{"BASE_URL": "http://example.org/hunter2", "PROJECT_ID": testProject, "API_TOKEN": testToken}, []string{"BASE_URL"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			setEnvironment(t, tt.variables)
			client, err := signalwire.NewFromEnv()
			require.Nil(t, client)
			for _, name := range []string{"SPACE", "PROJECT_ID", "API_TOKEN", "BASE_URL"} {
				require.Equal(t, slices.Contains(tt.names, name), strings.Contains(err.Error(), "SIGNALWIRE_"+name), "%s: %v", name, err)
			}
			for _, value := range tt.variables {
				requireClearError(t, err, value, "")
			}
		})
	}
	t.Run("New still wants a space", func(t *testing.T) {
		_, err := signalwire.New("", testProject, testToken, signalwire.WithBaseURL("https://example.org"))
		requireClearError(t, err, "", "space")
	})
}

func TestAccountFromEnv(t *testing.T) {
	setEnvironment(t, map[string]string{"PROJECT_ID": testProject})
	account, err := signalwire.AccountFromEnv()
	require.NoError(t, err)
	require.Equal(t, testAccount, account)

	for name, value := range map[string]string{"missing": "", "no UUID": "a project of mine that has a name", "the nil UUID": "00000000-0000-0000-0000-000000000000"} {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, map[string]string{"PROJECT_ID": value})
			account, err := signalwire.AccountFromEnv()
			require.True(t, account.IsZero(), "%v", account)
			requireClearError(t, err, value, "SIGNALWIRE_PROJECT_ID")
			require.Equal(t, 1, strings.Count(err.Error(), "signalwire:"))
		})
	}
}
