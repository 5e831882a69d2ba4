package api_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire"
)

const basePath = "/api/laml/2010-04-01"

// pages serves pages of a list, by the request's path and query, and records
// what was asked for.
type pages struct {
	*httptest.Server
	asked []string
	serve func(w http.ResponseWriter, uri string)
}

func pointer[T any](v T) *T { return &v }

func newPages(t *testing.T, serve func(http.ResponseWriter, string)) *pages {
	t.Helper()
	p := &pages{serve: serve}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked = append(p.asked, r.URL.RequestURI()+" "+r.Header.Get("X-Client")+r.Header.Get("X-Call"))
		if _, _, ok := r.BasicAuth(); !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		p.serve(w, r.URL.RequestURI())
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *pages) client(t *testing.T) *signalwire.ClientWithResponses {
	t.Helper()
	client, err := signalwire.New("example", uuid.NewString(), "token", signalwire.WithBaseURL(p.URL+basePath),
		signalwire.WithRequestEditorFn(setHeader("X-Client", "all")))
	require.NoError(t, err)
	return client
}

func setHeader(name, value string) signalwire.RequestEditorFn {
	return func(_ context.Context, request *http.Request) error {
		request.Header.Set(name, value)
		return nil
	}
}

func page(next string, names ...string) string {
	var accounts []string
	for _, name := range names {
		accounts = append(accounts, fmt.Sprintf(`{"sid":%q,"friendly_name":%q}`, uuid.NewString(), name))
	}
	uri := "null"
	if next != "" {
		uri = fmt.Sprintf("%q", next)
	}
	return fmt.Sprintf(`{"accounts":[%s],"page":0,"page_size":2,"next_page_uri":%s}`, strings.Join(accounts, ","), uri)
}

// collect returns the names of accounts up to an error.
func collect(accounts iter.Seq2[signalwire.Account, error]) (names []string, err error) {
	for account, err := range accounts {
		if err != nil {
			return names, err
		}
		names = append(names, account.FriendlyName)
	}
	return names, nil
}

func TestGrownPages(t *testing.T) {
	t.Parallel()
	failed := false
	p := newPages(t, func(w http.ResponseWriter, uri string) {
		switch uri {
		case basePath + "/Accounts?PageSize=2":
			_, _ = w.Write([]byte(page(basePath+"/Accounts.json?PageSize=2&Page=1&PageToken=PA1", "a", "b")))
		case basePath + "/Accounts.json?PageSize=2&Page=1&PageToken=PA1":
			if !failed {
				failed = true
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			_, _ = w.Write([]byte(page("?Page=2"))) // Empty, and relative to this page.
		case basePath + "/Accounts.json?Page=2":
			_, _ = w.Write([]byte(page("", "c")))
		default:
			w.WriteHeader(http.StatusTeapot)
		}
	})
	items := p.client(t).ListAccountsItems(t.Context(), &signalwire.ListAccountsParams{PageSize: pointer(2)}, setHeader("X-Call", "one"))
	require.Empty(t, p.asked, "nothing is asked for before the loop")
	names, err := collect(items)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, names)
	require.Equal(t, []string{
		basePath + "/Accounts?PageSize=2 allone",
		basePath + "/Accounts.json?PageSize=2&Page=1&PageToken=PA1 allone",
		basePath + "/Accounts.json?PageSize=2&Page=1&PageToken=PA1 allone",
		basePath + "/Accounts.json?Page=2 allone",
	}, p.asked, "each page with both editors, and retried by the Doer")

	p.asked = nil
	for account, err := range items {
		require.NoError(t, err)
		if account.FriendlyName == "b" {
			break
		}
	}
	require.Len(t, p.asked, 1, "stopping early stops")

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	count := 0
	for _, err = range p.client(t).ListAccountsItems(ctx, &signalwire.ListAccountsParams{PageSize: pointer(2)}) {
		count++
		cancel()
	}
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 3, count, "two items and the error")
}

// TestGrownPagesLists holds that each of two lists has an iterator.
func TestGrownPagesLists(t *testing.T) {
	t.Parallel()
	id := uuid.NewString()
	conference := fmt.Sprintf(`{"sid":%q,"account_sid":%q,"status":"active"}`, id, id)
	p := newPages(t, func(w http.ResponseWriter, uri string) {
		if strings.HasSuffix(uri, "Page=1") {
			_, _ = w.Write([]byte(`{"conferences":[` + conference + `],"next_page_uri":""}`))
			return
		}
		_, _ = w.Write([]byte(`{"conferences":[],"skipped_rooms":[{"name":"a"}],"next_page_uri":"` + uri + `?Page=1"}`))
	})
	client := p.client(t)
	account, err := signalwire.ParseAccountSid(id)
	require.NoError(t, err)
	var conferences, rooms []string
	for conference, err := range client.ListConferencesItems(t.Context(), account, nil) {
		require.NoError(t, err)
		conferences = append(conferences, conference.Sid.String())
	}
	for room, err := range client.ListConferencesSkippedRoomsItems(t.Context(), account, nil) {
		require.NoError(t, err)
		rooms = append(rooms, room.Name)
	}
	require.Equal(t, []string{id}, conferences)
	require.Equal(t, []string{"a"}, rooms)
}

func TestGrownPagesAway(t *testing.T) {
	t.Parallel()
	var next string
	p := newPages(t, func(w http.ResponseWriter, _ string) { _, _ = w.Write([]byte(page(next, "a"))) })
	port := p.URL[strings.LastIndex(p.URL, ":"):]
	for _, tt := range []struct{ name, next, want string }{
		{"other host", "http://example.org" + basePath + "/Accounts?Page=1", "WithBaseURL"},
		{"host after slashes", "//example.org" + basePath + "/Accounts?Page=1", "WithBaseURL"},
		{"other scheme", "https://127.0.0.1" + port + basePath + "/Accounts?Page=1", "WithBaseURL"},
		{"other port", "http://127.0.0.1:1" + basePath + "/Accounts?Page=1", "WithBaseURL"},
		{"user", "http://user@127.0.0.1" + port + basePath + "/Accounts?Page=1", "WithBaseURL"},
		{"above the base path", "/Accounts?Page=1", "WithBaseURL"},
		{"beside the base path", basePath + "-other/Accounts?Page=1", "WithBaseURL"},
		{"dot segments", basePath + "/../2099-01-01/Accounts?Page=1", "WithBaseURL"},
		{"escaped dot segments", basePath + "/%2e%2e/2099-01-01/Accounts?Page=1", "WithBaseURL"},
		{"opaque", "mailto:a@example.org", "WithBaseURL"},
		{"no URL", "http://[::1/%zz", "is not a URL"},
		{"the same page", basePath + "/Accounts", "read already"},
		{"the same page with a fragment", basePath + "/Accounts#x", "read already"},
	} {
		next, p.asked = tt.next, nil
		names, err := collect(p.client(t).ListAccountsItems(t.Context(), nil))
		require.Equal(t, []string{"a"}, names, tt.name)
		var failure *signalwire.TransportError
		require.ErrorAs(t, err, &failure, tt.name)
		require.Zero(t, failure.Attempts, tt.name)
		require.False(t, failure.MaybeApplied, tt.name)
		require.ErrorContains(t, err, tt.want, tt.name)
		require.NotContains(t, err.Error(), "Page=1", tt.name)
		require.Len(t, p.asked, 1, tt.name)
	}
	next, p.asked = p.URL+basePath+"/Accounts?Page=1", nil
	names, err := collect(p.client(t).ListAccountsItems(t.Context(), nil))
	require.ErrorContains(t, err, "read already", "a circle of two")
	require.Equal(t, []string{"a", "a"}, names)
	require.Len(t, p.asked, 2)
}

func TestGrownPagesErrors(t *testing.T) {
	t.Parallel()
	var status int
	var body string
	p := newPages(t, func(w http.ResponseWriter, _ string) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	})
	unguarded, err := signalwire.NewClientWithResponses(p.URL+basePath+"/", signalwire.WithRequestEditorFn(signalwire.BasicAuth("p", "PTsecret")))
	require.NoError(t, err)
	for _, tt := range []struct {
		status int
		body   string
		want   error
	}{
		{401, `{"code":20003,"message":"no","more_info":"x","status":401}`, signalwire.ErrUnauthorized},
		{418, "", signalwire.ErrUnexpectedResponse},
		{200, `{"accounts":5}`, signalwire.ErrUnexpectedResponse},
		{202, page(""), signalwire.ErrUnexpectedResponse},
	} {
		status, body = tt.status, tt.body
		for name, client := range map[string]*signalwire.ClientWithResponses{"guarded": p.client(t), "unguarded": unguarded} {
			for account, err := range client.ListAccountsItems(t.Context(), nil) {
				require.ErrorIs(t, err, tt.want, "%s, %d", name, tt.status)
				var response *signalwire.Error
				require.ErrorAs(t, err, &response)
				require.Equal(t, tt.status, response.StatusCode)
				require.False(t, response.MaybeApplied)
				require.NotContains(t, err.Error(), "secret")
				require.Zero(t, account)
			}
		}
	}
	status, body = 200, page("", "a")
	names, err := collect(unguarded.ListAccountsItems(t.Context(), nil))
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, names)

	for _, err := range p.client(t).ListAccountsItems(nil, nil) { //nolint:staticcheck // What a nil context does.
		require.ErrorContains(t, err, "the context is nil")
	}
	other := &signalwire.ClientWithResponses{ClientInterface: struct{ *signalwire.Client }{}}
	for _, err := range other.ListAccountsItems(t.Context(), nil) {
		require.ErrorContains(t, err, "NewClientWithResponses")
	}
}

// TestGrownPagesMemory is not parallel, because it measures the heap.
func TestGrownPagesMemory(t *testing.T) {
	const size, count = 1 << 20, 40
	served := 0
	p := newPages(t, func(w http.ResponseWriter, _ string) {
		next := ""
		if served++; served < count {
			next = fmt.Sprint(basePath, "/Accounts?Page=", served)
		}
		_, _ = w.Write([]byte(page(next, strings.Repeat("a", size))))
	})
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before, most, pagesRead := heap(), uint64(0), 0
	for _, err := range p.client(t).ListAccountsItems(t.Context(), nil) {
		require.NoError(t, err)
		pagesRead++
		most = max(most, heap())
	}
	require.Equal(t, count, pagesRead)
	require.Less(t, most-min(before, most), uint64(10*size), "%d pages of 1 MiB were read", count)
}
