package signalwire_test

import (
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// codeIsStatus stands for the HTTP status as the API's code.
const codeIsStatus = -1

// errorBodies are what the body of a 4xx or 5xx may be. STATUS stands for the
// status.
var errorBodies = []struct {
	name, body string
	isAPI      bool // only the API writes it, so a 404 with it is ErrNotFound
	code       int
	message    string
}{
	{"documented", wiretest.ErrorFormat, true, wiretest.ErrorCode, wiretest.ErrorText},
	{"documented with blanks around", "\n " + wiretest.ErrorFormat + "\n", true, wiretest.ErrorCode, wiretest.ErrorText},
	{"further fields", `{"code":1,"message":"m","more_info":"i","status":STATUS,"errors":null,"x":{"y":[1]}}`, true, 1, "m"},
	{"string code", `{"code":"20404","message":"m","more_info":"i","status":STATUS}`, true, 20404, "m"},
	{"the contract's fields with the code 0 and the status 0, as mock servers write them",
		`{"code":0,"message":"string","more_info":"string","status":0}`, true, 0, "string"},
	{"the contract's fields with the code 0", `{"code":0,"message":"m","more_info":"i","status":STATUS}`, true, 0, "m"},
	{"the contract's fields with the status as code", `{"code":STATUS,"message":"m","more_info":"i","status":STATUS}`, true, codeIsStatus, "m"},
	{"the contract's fields, empty", `{"code":1,"message":"","more_info":"","status":STATUS}`, true, 1, ""},
	{"string code and no status", `{"code":"20404","message":"m","more_info":"i"}`, true, 20404, "m"},
	{"the largest code", `{"code":2147483647,"message":"m","more_info":"i","status":STATUS}`, true, 2147483647, "m"},
	{"a code of ten digits", `{"code":"1234567890","message":"m","more_info":"i"}`, true, 1234567890, "m"},
	{"code below 100", `{"code":99,"message":"m","more_info":"i"}`, true, 99, "m"},
	{"code above 599", `{"code":600,"message":"m","more_info":"i"}`, true, 600, "m"},
	{"a list of errors beside the contract's fields", `{"errors":[{"code":5}],"code":1,"message":"m","more_info":"i","status":STATUS}`, true, 1, "m"},
	{"the names of fields in strings and below", `{"x":"\"code\":7,","y":{"code":8,"message":"n"},"code":1,"message":"m","more_info":"i","status":STATUS}`, true, 1, "m"},
	{"no message", `{"code":1,"more_info":"i","status":STATUS}`, true, 1, ""},
	{"no more_info", `{"code":1,"message":"m","status":STATUS}`, true, 1, "m"},
	{"no status", `{"code":1,"message":"m","more_info":"i"}`, true, 1, "m"},
	{"null message", `{"code":1,"message":null,"more_info":"i","status":STATUS}`, true, 1, ""},
	{"null more_info", `{"code":1,"message":"m","more_info":null,"status":STATUS}`, true, 1, "m"},
	{"null status", `{"code":1,"message":"m","more_info":"i","status":null}`, true, 1, "m"},
	{"control characters", `{"code":1,"message":"a\nb\r\tc\u0000\u001b[31m\u0085\u2028\u202e\ud800","more_info":"i","status":STATUS}`,
		true, 1, "a\nb\r\tc\x00\x1b[31m\u0085\u2028\u202e\ufffd"},
	{"a URL in the message", `{"code":1,"message":"see https://example.org/x?y","more_info":"i","status":STATUS}`,
		true, 1, "see https://example.org/x?y"},
	{"nearly a megabyte", `{"code":1,"message":"` + strings.Repeat("ä", 500_000) + `","more_info":"i","status":STATUS}`,
		true, 1, strings.Repeat("ä", 500_000)},

	{"more than a megabyte", `{"code":1,"message":"` + strings.Repeat("m", 1<<20) + `","more_info":"i","status":STATUS}`, false, 0, ""},
	{"list of errors", `{"errors":[{"code":"30010","message":"m"}]}`, false, 30010, "m"},
	{"list of all the contract's fields", `{"errors":[` + wiretest.ErrorFormat + `]}`, false, wiretest.ErrorCode, wiretest.ErrorText},
	{"list of errors with the code 0", `{"errors":[{"code":0}]}`, false, 0, ""},
	{"list of errors with the status as code", `{"errors":[{"code":"404","status":"404"}]}`, false, 404, ""},
	{"JSON:API", `{"errors":[{"status":"STATUS","code":"20404","title":"Not Found","detail":"no"}]}`, false, 20404, ""},
	{"Cloudflare", `{"success":false,"errors":[{"code":7003,"message":"Could not route"}],"messages":[],"result":null}`, false, 7003, "Could not route"},
	{"Laravel", `{"message":"m","errors":{"sid":["bad"]}}`, false, 0, "m"},
	{"a text beside a list of errors", `{"message":"m","errors":["n"]}`, false, 0, "m"},
	{"Kong, with its code", `{"code":STATUS,"message":"no Route matched","status":STATUS}`, false, codeIsStatus, "no Route matched"},
	{"the status as string code, with the contract's fields", `{"code":"STATUS","message":"m","more_info":"i","status":STATUS}`, false, codeIsStatus, "m"},
	{"the code 0 without a status", `{"code":0,"message":"m","more_info":"i"}`, false, 0, "m"},
	{"the code 0 as a string", `{"code":"0","message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"code 100 without a status", `{"code":100,"message":"m","more_info":"i"}`, false, 100, "m"},
	{"code 599 without a message", `{"code":599,"more_info":"i","status":STATUS}`, false, 599, ""},
	{"the status 0 without more_info", `{"code":1,"message":"m","status":0}`, false, 1, "m"},
	{"the status 0 and a string code", `{"code":"20404","message":"m","more_info":"i","status":0}`, false, 20404, "m"},
	{"string status", `{"code":1,"message":"m","more_info":"i","status":"STATUS"}`, false, 1, "m"},
	{"fractional status", `{"code":1,"message":"m","more_info":"i","status":STATUS.0}`, false, 1, "m"},
	{"status of another error", `{"code":1,"message":"m","more_info":"i","status":599}`, false, 1, "m"},
	{"capitals", `{"Code":1,"Message":"m","More_Info":"i","Status":STATUS}`, false, 0, ""},
	{"a name with escapes", `{"c\u006fde":1,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"code twice", `{"code":7,"code":1,"message":"m","more_info":"i","status":STATUS}`, false, 1, "m"},
	{"message twice", `{"code":1,"message":"n","message":"m","more_info":"i","status":STATUS}`, false, 1, "m"},
	{"status twice, once null", `{"status":null,"code":1,"message":"m","more_info":"i","status":STATUS}`, false, 1, "m"},
	{"huge code", `{"code":99999999999999999999,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"code above an int32", `{"code":2147483648,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"negative code", `{"code":-1,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"fractional code", `{"code":1.5,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"exponent code", `{"code":1e3,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"word as code", `{"code":"not_found","message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"object as code", `{"code":{},"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"number as message", `{"code":1,"message":5,"more_info":"i","status":STATUS}`, false, 1, ""},
	{"list as message", `{"code":1,"message":["m"],"more_info":"i","status":STATUS}`, false, 1, ""},
	{"number as more_info", `{"code":1,"message":"m","more_info":5,"status":STATUS}`, false, 1, "m"},
	{"word as status", `{"code":1,"message":"m","more_info":"i","status":"error"}`, false, 1, "m"},
	{"boolean as status", `{"code":1,"message":"m","more_info":"i","status":true}`, false, 1, "m"},
	{"another status", `{"code":1,"message":"m","more_info":"i","status":1STATUS}`, false, 1, "m"},
	{"no code", `{"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"null code", `{"code":null,"message":"m","more_info":"i","status":STATUS}`, false, 0, "m"},
	{"nothing but nulls", `{"code":null,"message":null,"more_info":null,"status":null}`, false, 0, ""},
	{"code and message alone", `{"code":1,"message":"m"}`, false, 1, "m"},
	{"code and status alone", `{"code":1,"status":STATUS}`, false, 1, ""},
	{"null", `null`, false, 0, ""},
	{"array", `[]`, false, 0, ""},
	{"array of the documented", `[` + wiretest.ErrorFormat + `]`, false, 0, ""},
	{"string", `"text"`, false, 0, ""},
	{"number", `404`, false, 0, ""},
	{"empty object", `{}`, false, 0, ""},
	{"empty list of errors", `{"errors":[]}`, false, 0, ""},
	{"null as list of errors", `{"errors":null}`, false, 0, ""},
	{"object as list of errors", `{"errors":{"code":1}}`, false, 0, ""},
	{"list of errors with words as codes", `{"errors":[{"code":"NAME_UNKNOWN","message":"m"}]}`, false, 0, "m"},
	{"list of texts", `{"errors":["text"]}`, false, 0, "text"}, // The API's, and everybody's.
	{"list of numbers", `{"errors":[1]}`, false, 0, ""},
	{"truncated", wiretest.ErrorFormat[:60], false, 0, ""},
	{"trailing bytes", wiretest.ErrorFormat + "x", false, 0, ""},
	{"twice", wiretest.ErrorFormat + wiretest.ErrorFormat, false, 0, ""},
	{"byte order mark", "\ufeff" + wiretest.ErrorFormat, false, 0, ""},
	{"empty", "", false, 0, ""},
	{"blank", " \n", false, 0, ""},
	{"NUL bytes", "\x00\x00", false, 0, ""},
	{"HTML", wiretest.HTML, false, 0, ""},
	{"deep array", strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000), false, 0, ""},
	{"deep object in a field", `{"code":1,"message":"m","more_info":"i","status":STATUS,"x":` +
		strings.Repeat(`{"x":`, 100_000) + "1" + strings.Repeat("}", 100_000) + "}", false, 0, ""},
	{"AWS API Gateway", `{"message":"Not Found"}`, false, 0, "Not Found"},
	{"AWS service", `{"__type":"ResourceNotFoundException","message":"no"}`, false, 0, "no"},
	{"Spring", `{"timestamp":"2026-01-02T03:04:05.678+00:00","status":STATUS,"error":"Not Found","message":"No message available","path":"/api"}`,
		false, 0, "No message available"},
	{"grpc-gateway", `{"code":5,"message":"Not Found","details":[]}`, false, 5, "Not Found"},
	{"Google", `{"error":{"code":404,"message":"no","status":"NOT_FOUND"}}`, false, 0, ""},
	{"Azure API Management", `{"statusCode":STATUS,"message":"Resource not found"}`, false, 0, "Resource not found"},
	{"problem details (RFC 9457)", `{"type":"about:blank","title":"Not Found","status":STATUS,"detail":"no"}`, false, 0, ""},
	{"WordPress", `{"code":"rest_no_route","message":"No route","data":{"status":STATUS}}`, false, 0, "No route"},
	{"Dropwizard", `{"code":404,"message":"HTTP 404 Not Found"}`, false, 404, "HTTP 404 Not Found"},
}

// errorStatuses are the documented errors, and others that occur, each with
// the sentinel that it may match.
var errorStatuses = []struct {
	status   int
	sentinel string
}{
	{400, "bad request"}, {401, "unauthorized"}, {404, "not found"}, {422, "unprocessable"},
	{403, "forbidden"}, {409, "conflict"}, {429, "too many requests"}, {500, ""}, {501, ""}, {503, "unavailable"},
}

func TestErrorResponses(t *testing.T) {
	t.Parallel()
	for _, tt := range errorBodies {
		for _, contentType := range []string{"application/json", "text/html"} {
			t.Run(tt.name+" as "+contentType, func(t *testing.T) {
				t.Parallel()
				var requests int
				client := newClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					requests++
					status, _ := strconv.Atoi(r.Header.Get("Wanted-Status"))
					w.Header().Set("Content-Type", contentType)
					w.WriteHeader(status)
					_, _ = io.WriteString(w, strings.ReplaceAll(tt.body, "STATUS", strconv.Itoa(status)))
				}), signalwire.WithHTTPClient(&signalwire.Doer{MaxAttempts: 1}))
				for i, s := range errorStatuses {
					response, err := remove(t, client, wantHeader("Wanted-Status", strconv.Itoa(s.status)))

					require.Nil(t, response)
					responded := requireAPIError(t, err)
					require.Equal(t, s.status, responded.StatusCode)
					if tt.code == codeIsStatus {
						require.Equal(t, s.status, responded.Code)
					} else {
						require.Equal(t, tt.code, responded.Code)
					}
					require.Equal(t, tt.message, responded.Message)
					require.Equal(t, 1, responded.Attempts)
					require.Equal(t, s.status >= 500, responded.MaybeApplied, "MaybeApplied of %v", err)
					require.Contains(t, err.Error(), strconv.Itoa(s.status))
					var want []string
					if s.sentinel != "" && (tt.isAPI || s.status != http.StatusNotFound) {
						want = append(want, s.sentinel)
					}
					if !tt.isAPI {
						want = append(want, "unexpected response")
					}
					require.ElementsMatch(t, want, matched(err), "%d", s.status)
					require.Equal(t, i+1, requests)
				}
			})
		}
	}
}

// TestLongErrorsAreCheap: what an error's body costs is bounded by its length,
// not by the number of things in it.
func TestLongErrorsAreCheap(t *testing.T) { // Not parallel: it counts what the process allocates.
	fill := func(format, item string) string {
		return strings.Replace(format, "FILL", strings.Repeat(item, (1<<20-len(format))/len(item)), 1)
	}
	for name, body := range map[string]string{
		"list of numbers":    fill(`{"errors":[FILL1]}`, "1,"),
		"list of objects":    fill(`{"errors":[FILL{}]}`, "{},"),
		"list of lists":      fill(`{"errors":[[FILL1]]}`, "1,"),
		"object in a list":   fill(`{"errors":[{FILL"z":1}]}`, `"a":1,`),
		"keys":               fill(`{FILL"z":1}`, `"a":1,`),
		"keys with escapes":  fill(`{FILL"z":1}`, `"\u0061":1,`),
		"the same field":     fill(`{FILL"code":1}`, `"code":1,`),
		"messages":           fill(`{FILL"code":1}`, `"message":"m",`),
		"lists of errors":    fill(`{FILL"code":1}`, `"errors":["m"],`),
		"list":               fill(`[FILL1]`, "1,"),
		"message":            fill(`{"message":"FILL"}`, "m"),
		"escapes in message": fill(`{"message":"FILL"}`, `\u0061`),
		"code":               fill(`{"code":FILL1}`, "1"),
		"string code":        fill(`{"code":"FILL"}`, "1"),
		"nesting":            fill(`FILL`, "["),
		"HTML":               fill(`FILL`, "<p>"),
		"secrets":            fill(`{"message":"FILL"}`, testToken),
		"nearly secrets":     fill(`{"message":"FILL"}`, testToken[:len(testToken)-1]),
	} {
		t.Run(name, func(t *testing.T) {
			client := newMemoryClient(t, &signalwire.Doer{MaxAttempts: 1, HTTPClient: wiretest.Returns(404, body)})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := remove(t, client)
			runtime.ReadMemStats(&after)

			require.Equal(t, 404, requireAPIError(t, err).StatusCode)
			// Without the race detector, it is at most 7 MB.
			require.LessOrEqual(t, after.TotalAlloc-before.TotalAlloc, uint64(10<<20))
		})
	}
}
