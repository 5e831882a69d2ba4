package signalwire_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// pages serves pages of a list in memory, by the request's path and query, and
// records what was asked for.
type pages struct {
	asked []string
	serve func(uri string) (status int, body string)
}

func (p *pages) Do(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.RequestURI()+" "+r.Header.Get("X-Client")+r.Header.Get("X-Call"))
	status, body := 401, ""
	if _, _, ok := r.BasicAuth(); ok {
		status, body = p.serve(r.URL.RequestURI())
	}
	return wiretest.Response(r, status, body, "Content-Type", "application/json; charset=utf-8"), nil
}

func (p *pages) client(t *testing.T) *signalwire.ClientWithResponses {
	t.Helper()
	client, err := signalwire.New("example", testProject, testToken, signalwire.WithHTTPClient(p),
		signalwire.WithRequestEditorFn(wantHeader("X-Client", "all")))
	require.NoError(t, err)
	return client
}

const (
	host     = "https://example.signalwire.com"
	listPath = signalwire.BasePath + "/Accounts/" + testProject + "/Conferences"
)

// pageOf returns a page of conferences with these names, and the next_page_uri.
func pageOf(next string, names ...string) string {
	var conferences []string
	for _, name := range names {
		conferences = append(conferences, fmt.Sprintf(`{"sid":%q,"friendly_name":%q}`, uuid.NewString(), name))
	}
	uri := "null"
	if next != "" {
		uri = fmt.Sprintf("%q", next)
	}
	return fmt.Sprintf(`{"conferences":[%s],"page":0,"page_size":2,"next_page_uri":%s}`, strings.Join(conferences, ","), uri)
}

// collect returns the names of conferences up to an error.
func collect(conferences iter.Seq2[signalwire.Conference, error]) (names []string, err error) {
	for conference, err := range conferences {
		if err != nil {
			return names, err
		}
		names = append(names, conference.FriendlyName)
	}
	return names, nil
}

func TestPages(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const second, third = listPath + ".json?PageSize=2&Page=1&PageToken=PA1", listPath + ".json?Page=2"
		failed := false
		p := &pages{serve: func(uri string) (int, string) {
			switch {
			case uri == listPath+"?PageSize=2":
				return 200, pageOf(second, "a", "b")
			case uri == second && !failed:
				failed = true
				return 503, ""
			case uri == second:
				return 200, pageOf("?Page=2") // Empty, and relative to this page.
			case uri == third:
				return 200, pageOf("", "c")
			}
			return 418, ""
		}}
		size := 2
		params := &signalwire.ListAllConferencesParams{PageSize: &size}
		items := p.client(t).ListAllConferencesItems(t.Context(), testAccount, params, wantHeader("X-Call", "one"))
		require.Empty(t, p.asked, "nothing is asked for before the loop")
		names, err := collect(items)
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b", "c"}, names)
		require.Equal(t, []string{listPath + "?PageSize=2 allone", second + " allone", second + " allone", third + " allone"}, p.asked,
			"each page with both editors, and retried by the Doer")

		p.asked = nil
		for conference, err := range items {
			require.NoError(t, err)
			if conference.FriendlyName == "b" {
				break
			}
		}
		require.Len(t, p.asked, 1, "stopping early stops")

		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		count := 0
		for _, err = range p.client(t).ListAllConferencesItems(ctx, testAccount, params) {
			count++
			cancel()
		}
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 3, count, "two items and the error")
	})
}

// TestPagesThatLeadAway: credentials go below the base URL, and no page is read
// twice.
func TestPagesThatLeadAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, next, want string }{
		{"other host", "https://example.org" + listPath + "?Page=1", "WithBaseURL"},
		{"host after slashes", "//example.org" + listPath + "?Page=1", "WithBaseURL"},
		{"other scheme", "http://example.signalwire.com" + listPath + "?Page=1", "WithBaseURL"},
		{"other port", host + ":444" + listPath + "?Page=1", "WithBaseURL"},
		{"another scheme's port", host + ":80" + listPath + "?Page=1", "WithBaseURL"},
		{"user", "https://user@example.signalwire.com" + listPath + "?Page=1", "WithBaseURL"},
		{"above the base path", "/Accounts?Page=1", "WithBaseURL"},
		{"the base path", signalwire.BasePath + "?Page=1", "WithBaseURL"},
		{"beside the base path", signalwire.BasePath + "-other/Accounts?Page=1", "WithBaseURL"},
		{"dot segments", signalwire.BasePath + "/../2099-01-01/Accounts?Page=1", "WithBaseURL"},
		{"escaped dot segments", signalwire.BasePath + "/%2e%2e/2099-01-01/Accounts?Page=1", "WithBaseURL"},
		{"an escaped dot segment", signalwire.BasePath + "/%2e/Accounts?Page=1", "WithBaseURL"},
		{"a dot segment at the end", signalwire.BasePath + "/Accounts/%2e%2e", "WithBaseURL"},
		{"opaque", "mailto:a@example.org", "WithBaseURL"},
		{"no URL", "https://[::1/%zz", "is not a URL"},
		{"the same page", listPath, "read already"},
		{"the same page with the scheme's port", host + ":443" + listPath, "read already"},
		{"the same page with a fragment", listPath + "#x", "read already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := &pages{serve: func(string) (int, string) { return 200, pageOf(tt.next, "a") }}
			names, err := collect(p.client(t).ListAllConferencesItems(t.Context(), testAccount, nil))
			require.Equal(t, []string{"a"}, names)
			failure := requireTransportError(t, err)
			require.Zero(t, failure.Attempts)
			require.False(t, failure.MaybeApplied, "MaybeApplied of %v", err)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "Page=1")
			require.Len(t, p.asked, 1)
		})
	}
	p := &pages{serve: func(string) (int, string) { return 200, pageOf(host+listPath+"?Page=1", "a") }}
	names, err := collect(p.client(t).ListAllConferencesItems(t.Context(), testAccount, nil))
	require.ErrorContains(t, err, "read already", "a circle of two")
	require.Equal(t, []string{"a", "a"}, names)
	require.Len(t, p.asked, 2)
}

func TestPageErrors(t *testing.T) {
	t.Parallel()
	p := &pages{}
	unguarded, err := signalwire.NewClientWithResponses(host+signalwire.BasePath+"/", signalwire.WithHTTPClient(p),
		signalwire.WithRequestEditorFn(signalwire.BasicAuth(testProject, testToken)))
	require.NoError(t, err)
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{401, wiretest.ErrorBody(401), signalwire.ErrUnauthorized},
		{418, "", signalwire.ErrUnexpectedResponse},
		{200, `{"conferences":5}`, signalwire.ErrUnexpectedResponse},
		{202, pageOf(""), signalwire.ErrUnexpectedResponse},
	} {
		p.serve = func(string) (int, string) { return tt.status, tt.body }
		for name, client := range map[string]*signalwire.ClientWithResponses{"guarded": p.client(t), "unguarded": unguarded} {
			n := 0
			for conference, err := range client.ListAllConferencesItems(t.Context(), testAccount, nil) {
				n++
				require.ErrorIs(t, err, tt.want, "%s, %d", name, tt.status)
				require.Equal(t, tt.want == signalwire.ErrUnexpectedResponse, errors.Is(err, signalwire.ErrUnexpectedResponse), "%s: %v", name, err)
				response := requireAPIError(t, err)
				require.Equal(t, tt.status, response.StatusCode)
				require.False(t, response.MaybeApplied, "MaybeApplied of %v", err)
				require.NotContains(t, err.Error(), testToken)
				require.Zero(t, conference)
			}
			require.Equal(t, 1, n, "one error")
		}
	}
	p.serve = func(string) (int, string) { return 200, pageOf("", "a") }
	names, err := collect(unguarded.ListAllConferencesItems(t.Context(), testAccount, nil))
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, names)

	p.asked = nil
	other := &signalwire.ClientWithResponses{ClientInterface: struct{ *signalwire.Client }{}}
	for want, items := range map[string]iter.Seq2[signalwire.Conference, error]{
		"the context is nil":      p.client(t).ListAllConferencesItems(nil, testAccount, nil), //nolint:staticcheck // What a nil context does.
		"the account SID is zero": p.client(t).ListAllConferencesItems(t.Context(), signalwire.AccountSid{}, nil),
		"NewClientWithResponses":  other.ListAllConferencesItems(t.Context(), testAccount, nil),
	} {
		_, err := collect(items)
		require.ErrorContains(t, err, want)
		require.Zero(t, requireTransportError(t, err).Attempts)
	}
	require.Empty(t, p.asked)
}

// TestPagesInMemory is not parallel, because it measures the heap.
func TestPagesInMemory(t *testing.T) {
	const size, count = 1 << 20, 40
	served := 0
	p := &pages{serve: func(string) (int, string) {
		next := ""
		if served++; served < count {
			next = fmt.Sprint(listPath, "?Page=", served)
		}
		return 200, pageOf(next, strings.Repeat("a", size))
	}}
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, most, pagesRead := heap(), uint64(0), 0
	for _, err := range p.client(t).ListAllConferencesItems(t.Context(), testAccount, nil) {
		require.NoError(t, err)
		pagesRead++
		most = max(most, heap())
	}
	require.Equal(t, count, pagesRead)
	require.Less(t, most-min(before, most), uint64(10*size), "%d pages of 1 MiB were read", count)
}
