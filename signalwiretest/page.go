package signalwiretest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const defaultPageSize = 50

// An item of a list has a number that it keeps as long as it is there, and that
// items are ordered by.
type item struct {
	number int
	value  any
}

// page responds with the page of a list that the query asks for. A token is a
// cursor: PA and a number asks for the items after it, PB for those before it. So
// nobody is listed twice, and nobody who stays is left out, whatever comes and goes
// between two pages.
func (e *exchange) page(noun string, items []item) Response {
	query := e.r.URL.Query()
	number, _ := strconv.Atoi(query.Get("Page")) // The contract allows integers alone.
	size := defaultPageSize
	if query.Has("PageSize") {
		size, _ = strconv.Atoi(query.Get("PageSize"))
	}
	first, last, ok := bounds(items, query.Get("PageToken"), number, size)
	if !ok {
		return BadRequest()
	}
	list := map[string]any{
		"uri": e.r.URL.RequestURI(), "first_page_uri": e.pageURI(0, ""),
		"next_page_uri": nil, "previous_page_uri": nil, "page": number, "page_size": size,
	}
	values := make([]any, 0, last-first)
	for _, item := range items[first:last] {
		values = append(values, item.value)
	}
	list[noun] = values
	if last < len(items) {
		list["next_page_uri"] = e.pageURI(number+1, token("PA", items[last-1].number))
	}
	if first > 0 {
		cursor := items[first-1].number + 1
		list["previous_page_uri"] = e.pageURI(max(number-1, 0), token("PB", cursor))
	}
	return ok200(list)
}

// bounds returns which items are on a page: items[first:last].
func bounds(items []item, token string, number, size int) (first, last int, ok bool) {
	if token == "" {
		first = min(number*size, len(items))
		return first, min(first+size, len(items)), true
	}
	cursor, err := strconv.ParseUint(token[min(2, len(token)):], 16, 32)
	if err != nil || len(token) != tokenLength {
		return 0, 0, false
	}
	at, found := slices.BinarySearchFunc(items, int(cursor), func(item item, number int) int { return item.number - number })
	switch token[:2] {
	case "PA":
		if found {
			at++
		}
		return at, min(at+size, len(items)), true
	case "PB":
		return max(at-size, 0), at, true
	}
	return 0, 0, false
}

const tokenLength = 2 + 32

func token(kind string, number int) string {
	digits := strconv.FormatInt(int64(number), 16)
	for len(digits) < tokenLength-len(kind) {
		digits = "0" + digits
	}
	return kind + digits
}

// pageURI is a path from the root of the host, with the filters of the request.
func (e *exchange) pageURI(number int, token string) string {
	query := e.r.URL.Query()
	query.Set("Page", strconv.Itoa(number))
	query.Del("PageToken")
	if token != "" {
		query.Set("PageToken", token)
	}
	uri := url.URL{Path: e.r.URL.Path, RawQuery: query.Encode()}
	return uri.String()
}

// ok200 responds 200 with a JSON value.
func ok200(value any) Response {
	return Response{serve: func(e *exchange) {
		body, err := json.Marshal(value)
		if err != nil {
			panic(err) // What is listed always encodes.
		}
		e.writeValid(http.StatusOK, jsonHeader(), body)
	}}
}

// matches reports whether a value is what the query asks for, if it does.
func matches(query url.Values, name, value string) bool {
	return !query.Has(name) || query.Get(name) == value
}

// withinDates reports whether the day of a time is what the query asks for, by a
// parameter's name alone or with < or > behind it.
func withinDates(query url.Values, name string, at time.Time) (bool, error) {
	day := at.UTC().Truncate(24 * time.Hour)
	for _, condition := range []struct {
		suffix string
		holds  func(time.Time) bool
	}{
		{"", day.Equal}, {"<", day.Before}, {">", day.After},
	} {
		if !query.Has(name + condition.suffix) {
			continue
		}
		date, err := time.Parse(time.DateOnly, query.Get(name+condition.suffix))
		if err != nil || !condition.holds(date) {
			return false, err
		}
	}
	return true, nil
}
