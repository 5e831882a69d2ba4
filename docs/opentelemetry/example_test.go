// Package opentelemetry shows how to trace calls of the client. It is a module
// of its own, so that OpenTelemetry reaches only those who use it.
package opentelemetry

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"example.com/signalwire"
	"example.com/signalwire/signalwiretest"
)

// A transport that makes spans sends each attempt, below the span of the call.
// Its spans hold the URL, and so the account, but no Authorization header.
func Example() {
	handler := signalwiretest.NewHandler("opentelemetry")
	server := httptest.NewServer(handler)
	defer server.Close()
	conference, calls := handler.AddConference(3)
	handler.Script(signalwiretest.Unavailable())

	recorder := tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(recorder))
	transport := otelhttp.NewTransport(signalwire.NewTransport(), otelhttp.WithTracerProvider(provider))
	client, err := signalwire.New("example", handler.ProjectID(), handler.APIToken(),
		signalwire.WithBaseURL(server.URL+signalwiretest.BasePath),
		signalwire.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		log.Fatal(err)
	}

	ctx, span := provider.Tracer("moderation").Start(context.Background(), "remove the caller")
	_, err = client.DeleteParticipantWithResponse(ctx, handler.Account(), conference, calls[0])
	span.End()
	fmt.Println(err)
	for _, ended := range recorder.Ended() {
		fmt.Println(ended.Name(), ended.Parent().SpanID() == span.SpanContext().SpanID())
	}

	// Output:
	// <nil>
	// HTTP DELETE true
	// HTTP DELETE true
	// remove the caller false
}
