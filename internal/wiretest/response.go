package wiretest

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// HTML is what something that is not the API responds.
const HTML = "<html><head><title>Not Found</title></head><body>nginx</body></html>"

// An error as the API documents it, where STATUS stands for the status.
const (
	ErrorCode   = 20404
	ErrorText   = "Said plainly."
	ErrorFormat = `{"code":20404,"message":"Said plainly.","more_info":"https://example.org/more","status":STATUS}`
)

// ErrorBody is an error as the API documents it.
func ErrorBody(status int) string {
	return strings.ReplaceAll(ErrorFormat, "STATUS", strconv.Itoa(status))
}

// NoContent is the success of a DELETE, as a server writes it.
const NoContent = "HTTP/1.1 204 No Content\r\n\r\n"

// RawResponse is a response as a server writes it.
func RawResponse(status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// Raw is the API's response, after which the server closes the connection
// unless the status is 204.
func Raw(status int) string {
	if status == http.StatusNoContent {
		return NoContent
	}
	return strings.Replace(RawResponse(status, ErrorBody(status)), "\r\n", "\r\nConnection: close\r\n", 1)
}

// Response is what a transport returns for a request. The header is given as
// name, value, name, value.
func Response(r *http.Request, status int, body string, header ...string) *http.Response {
	response := &http.Response{
		StatusCode: status, Status: strconv.Itoa(status) + " " + http.StatusText(status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
	for i := 0; i < len(header); i += 2 {
		response.Header.Add(header[i], header[i+1])
	}
	return response
}
