package signalwiretest

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// samplesOf makes values of a schema from many seeds. Each value is decoded JSON,
// whose numbers are texts.
func samplesOf[T any](t *testing.T, schema string, set func(*sampler)) []T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData([]byte("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\ncomponents: {schemas: {It: {" + schema + "}}}"))
	require.NoError(t, err)
	var values []T
	for seed := range 100 {
		s := newSampler([32]byte{byte(seed)})
		set(s)
		value, err := s.sample(document.Components.Schemas["It"])
		require.NoError(t, err)
		require.IsType(t, *new(T), value)
		values = append(values, value.(T))
	}
	return values
}

const someThing = `type: object, required: [must], properties: {
	must: {type: string}, may: {type: string}, none: {type: [string, 'null']},
	union: {anyOf: [{type: 'null'}, {type: string}]}, list: {type: array, items: {type: string}},
	map: {type: object, additionalProperties: {type: string}}, open: {type: object, additionalProperties: true},
	read: {type: string, readOnly: true}, write: {type: string, writeOnly: true}}`

func TestAmounts(t *testing.T) {
	t.Parallel()
	schema := strings.ReplaceAll(someThing, "\n\t", " ")
	for _, value := range samplesOf[map[string]any](t, schema, func(s *sampler) { s.amount = everything }) {
		for _, name := range []string{"must", "may", "none", "union", "read"} {
			require.IsType(t, "", value[name], name)
		}
		require.Len(t, value["list"], 2)
		require.Len(t, value["map"], 1)
		require.Len(t, value["open"], 1)
		require.NotContains(t, value, "write", "of a response")
	}
	for _, value := range samplesOf[map[string]any](t, schema, func(s *sampler) { s.amount, s.inRequest = everything, true }) {
		require.Contains(t, value, "write")
		require.NotContains(t, value, "read", "of a request")
	}
	for _, value := range samplesOf[map[string]any](t, schema, func(s *sampler) { s.amount = necessary }) {
		require.Len(t, value, 1)
	}
	all := strings.Replace(schema, "[must]", "[must, may, none, union, list, map, open, read, write]", 1)
	for _, value := range samplesOf[map[string]any](t, all, func(s *sampler) { s.amount = necessary }) {
		require.Len(t, value, 9)
		require.Nil(t, value["none"])
		require.Nil(t, value["union"])
		for _, name := range []string{"list", "map", "open"} {
			require.Empty(t, value[name], name)
		}
	}
	seen := make(map[string]int)
	for _, value := range samplesOf[map[string]any](t, schema, func(s *sampler) { s.amount = something }) {
		for name, property := range value {
			seen[name]++
			if list, isList := property.([]any); isList {
				seen["items "+strconv.Itoa(len(list))]++
			}
			if property == nil {
				seen["null "+name]++
			}
		}
	}
	require.Equal(t, 100, seen["must"])
	for name, n := range seen {
		if name != "must" {
			require.Greater(t, n, 5, name)
			require.Less(t, n, 70, name)
		}
	}
	require.Len(t, seen, 8+3+2, "properties, lengths of the list, and nulls: %v", seen)
}

func TestLastPage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ uri, want string }{
		{"type: [string, 'null']", "null"},
		{"type: string", ""},
		{"anyOf: [{type: string}, {type: 'null'}]", "null"},
	} {
		schema := "type: object, required: [next_page_uri], properties: {next_page_uri: {" + tt.uri + "}}"
		for _, value := range samplesOf[map[string]any](t, schema, func(s *sampler) { s.lastPage = true }) {
			if tt.want == "null" {
				require.Nil(t, value["next_page_uri"])
			} else {
				require.Equal(t, tt.want, value["next_page_uri"])
			}
		}
		for _, value := range samplesOf[map[string]any](t, schema, func(*sampler) {}) {
			require.NotEmpty(t, value["next_page_uri"])
		}
	}
}

// TestTypesAreFound of schemas that have none.
func TestTypesAreFound(t *testing.T) {
	t.Parallel()
	anything := func(*sampler) {}
	samplesOf[map[string]any](t, "required: [a], properties: {a: {type: string}}", anything)
	samplesOf[map[string]any](t, "properties: {a: {type: string}}", anything)
	samplesOf[map[string]any](t, "additionalProperties: {type: string}", anything)
	samplesOf[[]any](t, "items: {type: string}", anything)
	samplesOf[string](t, "description: d", anything)
}

// TestPatterns use all that a pattern allows.
func TestPatterns(t *testing.T) {
	t.Parallel()
	seen := make(map[rune]bool)
	for _, value := range samplesOf[string](t, "type: string, pattern: '^[a-c0-2]{4}$'", func(*sampler) {}) {
		for _, r := range value {
			seen[r] = true
		}
	}
	require.Len(t, seen, 6)
}

// TestNumbers are within what a schema says, and use it.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		schema        string
		least, most   float64 // of all
		above, beyond float64 // of the least and the most of a hundred
		integer       bool
	}{
		{"type: integer", 0, 1<<31 - 1, 1e8, 2e9, true},
		{"type: number", 0, 100, 5, 95, false},
		{"type: integer, minimum: -5, maximum: 5", -5, 5, -4, 4, true},
		{"type: integer, minimum: 5000000000", 5e9, 5e9 + 1000, 5e9 + 50, 5e9 + 950, true},
		{"type: number, minimum: 5", 5, 1005, 10, 95, false},
		{"type: number, maximum: -5", -5, -5, -5, -5, false},
		{"type: integer, exclusiveMinimum: 0, exclusiveMaximum: 4", 1, 3, 1, 3, true},
		{"type: number, multipleOf: 5", 0, 100, 5, 95, true},
		{"type: integer, format: int64", 1<<53 + 1, 3 << 53, 1 << 54, 5 << 52, true},
	} {
		t.Run(tt.schema, func(t *testing.T) {
			t.Parallel()
			low, high := tt.most, tt.least
			for _, value := range samplesOf[json.Number](t, tt.schema, func(*sampler) {}) {
				number, err := value.Float64()
				require.NoError(t, err)
				require.GreaterOrEqual(t, number, tt.least)
				require.LessOrEqual(t, number, tt.most)
				low, high = min(low, number), max(high, number)
				whole, decimals, _ := strings.Cut(value.String(), ".")
				require.LessOrEqual(t, len(decimals), 10)
				if tt.integer {
					require.Empty(t, decimals)
				}
				if strings.Contains(tt.schema, "int64") {
					require.Contains(t, "13579", whole[len(whole)-1:], "no float64 has it")
				}
				if strings.Contains(tt.schema, "multipleOf") {
					require.Contains(t, "05", whole[len(whole)-1:])
				}
			}
			require.LessOrEqual(t, low, tt.above)
			require.GreaterOrEqual(t, high, tt.beyond)
		})
	}
}
