package signalwire

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// A pagedList is what generated code knows of an operation that returns pages.
type pagedList[R, T any] struct {
	operation *operation
	// request makes the request for the first page.
	request func(server string) (*http.Request, error)
	parse   func(*http.Response) (*R, error)
	// page returns the items of a page and its next_page_uri. It reports whether
	// the response is a page.
	page func(*R) (items []T, next *string, ok bool)
}

// items yields the items of all pages. It keeps no page longer than its items
// are asked for, and of earlier pages only the URL.
func (l pagedList[R, T]) items(ctx context.Context, c *ClientWithResponses, editors []RequestEditorFn) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		client, ok := c.ClientInterface.(*Client)
		if !ok {
			yield(none, notSent(ctx, nil, errOtherClient))
			return
		}
		fetched := make(map[string]bool)
		request, err := l.request(client.Server)
		for {
			var address url.URL
			if err == nil {
				address = *request.URL // Before an editor changes it.
				fetched[address.String()] = true
			}
			items, next, failure := l.fetch(ctx, client, request, err, editors)
			if failure != nil {
				yield(none, failure)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			var target *url.URL
			target, err = nextPage(client.Server, &address, next)
			if err == nil && fetched[target.String()] {
				err = errPageAgain
			}
			if err == nil {
				request, err = l.request(client.Server)
			}
			if err != nil {
				yield(none, notSent(ctx, nil, err))
				return
			}
			request.URL, request.Host = target, target.Host
		}
	}
}

// fetch requests one page. Its next_page_uri is "" if it is the last.
func (l pagedList[R, T]) fetch(ctx context.Context, client *Client, request *http.Request, err error, editors []RequestEditorFn) (items []T, next string, _ error) {
	response, err := client.send(ctx, request, err, editors, l.operation) //nolint:bodyclose // The parser closes it.
	if err != nil {
		return nil, "", err
	}
	result, err := decoded(l.parse, response)
	if err != nil {
		return nil, "", err
	}
	items, uri, ok := l.page(result)
	if !ok {
		return nil, "", noPage(request, response, result)
	}
	if uri != nil {
		next = *uri
	}
	return items, next, nil
}

var (
	errOtherClient = errors.New("signalwire: an iterator needs the Client of New or NewClientWithResponses, not another ClientInterface")
	errNotAURL     = errors.New("signalwire: the list's next_page_uri is not a URL")
	errPageAgain   = errors.New("signalwire: the list's next_page_uri leads to a page that was read already")
	errPageAway    = errors.New("signalwire: the list's next_page_uri leads away from the base URL; set the one that the service uses with WithBaseURL")
)

// nextPage returns where the next_page_uri of a page leads. It has to stay below
// the base URL, because the credentials go there.
func nextPage(server string, page *url.URL, next string) (*url.URL, error) {
	base, err := url.Parse(server)
	if err != nil {
		return nil, errNotAURL
	}
	target, err := page.Parse(next)
	if err != nil {
		return nil, errNotAURL
	}
	below := strings.TrimSuffix(base.Path, "/") + "/"
	if target.Opaque != "" || target.User != nil || origin(target) != origin(base) ||
		!strings.HasPrefix(target.Path, below) || hasDotSegment(target.Path) {
		return nil, errPageAway
	}
	target.Scheme, target.Host, target.Fragment, target.RawFragment = base.Scheme, base.Host, "", ""
	return target, nil
}

// origin returns scheme and host, without the scheme's own port.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}

// hasDotSegment also finds segments whose dots were escaped, which some servers
// take for dots.
func hasDotSegment(path string) bool {
	return strings.Contains(path+"/", "/../") || strings.Contains(path+"/", "/./")
}

// noPage returns the error of a response that is not the documented success. This
// happens only with clients that New did not make.
func noPage(request *http.Request, response *http.Response, result any) error {
	var body []byte
	if kept, ok := result.(interface{ GetBody() []byte }); ok && len(kept.GetBody()) <= maxErrorBody {
		body = kept.GetBody()
	}
	if response.StatusCode >= 400 && response.StatusCode <= 599 {
		return failed(request, response, body).finish(1, false)
	}
	return unexpected(request, response, body, "not the documented success").finish(1, false)
}
