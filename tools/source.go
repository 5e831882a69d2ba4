package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"example.com/signalwire/tools/contract"
)

// maxDocument bounds what is read of a document or a page.
const maxDocument = 16 << 20

// readDocument returns the OpenAPI document of a file, of an address, or of
// standard input, which is named "-".
func readDocument(from string, stdin io.Reader) ([]byte, error) {
	var source io.Reader
	switch {
	case from == "-":
		source = stdin
	case isAddress(from):
		body, err := fetch(from)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		source = body
	default:
		file, err := os.Open(from)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(source, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("the document is longer than %d MiB", maxDocument>>20)
	}
	return contract.Extract(text)
}

func isAddress(from string) bool { return strings.Contains(from, "://") }

func fetch(address string) (io.ReadCloser, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && !(u.Scheme == "http" && net.ParseIP(u.Hostname()).IsLoopback()) {
		return nil, errors.New("the address is not an https URL")
	}
	client := &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		_ = response.Body.Close()
		hint := ""
		if location, err := response.Location(); err == nil {
			hint = "; if the document moved there, give that address: " + location.String()
		}
		return nil, fmt.Errorf("%s responds %s%s", address, response.Status, hint)
	}
	return response.Body, nil
}
