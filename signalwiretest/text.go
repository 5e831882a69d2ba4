package signalwiretest

import (
	"encoding/base64"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// string makes a text of a format, or one that a pattern matches, or any one of
// a length.
func (s *sampler) string(schema *openapi3.Schema) string {
	at := time.Unix(1_700_000_000+s.random.Int64N(100_000_000), 0).UTC()
	word := "example-" + strconv.Itoa(s.random.IntN(1000))
	switch schema.Format {
	case "uuid":
		return uuid.Must(uuid.NewRandomFromReader(s.source)).String()
	case "date-time":
		return at.Format(time.RFC3339)
	case "date":
		return at.Format(time.DateOnly)
	case "time":
		return at.Format(time.TimeOnly) + "Z"
	case "uri", "url", "iri", "uri-reference":
		return "https://example.com/" + word
	case "email":
		return word + "@example.com"
	case "hostname":
		return word + ".example.com"
	case "ipv4":
		return "192.0.2.1"
	case "ipv6":
		return "2001:db8::1"
	case "byte":
		return base64.StdEncoding.EncodeToString([]byte(word))
	}
	if pattern, err := syntax.Parse(schema.Pattern, syntax.Perl); err == nil && schema.Pattern != "" {
		return s.matching(pattern.Simplify())
	}
	text := []rune(s.text())
	for uint64(len(text)) < min(schema.MinLength, 1<<16) {
		text = append(text, 'x')
	}
	if schema.MaxLength != nil && uint64(len(text)) > *schema.MaxLength {
		text = text[:*schema.MaxLength]
	}
	return string(text)
}

// matching makes a text that a simplified pattern matches.
func (s *sampler) matching(pattern *syntax.Regexp) string {
	least, most := 1, 1
	switch pattern.Op {
	case syntax.OpLiteral:
		return string(pattern.Rune)
	case syntax.OpCharClass:
		return string(s.oneOf(pattern.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return string(s.oneOf([]rune{'a', 'z'}))
	case syntax.OpAlternate:
		return s.matching(pattern.Sub[s.random.IntN(len(pattern.Sub))])
	case syntax.OpStar:
		least, most = 0, 8
	case syntax.OpPlus:
		most = 8
	case syntax.OpQuest:
		least = 0
	}
	var text strings.Builder
	for range least + s.random.IntN(most-least+1) {
		for _, part := range pattern.Sub {
			text.WriteString(s.matching(part))
		}
	}
	return text.String()
}

// oneOf returns a character of one of the ranges, each of which is two of them,
// and a printable one if it can.
func (s *sampler) oneOf(ranges []rune) rune {
	var printable []rune
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := max(ranges[i], ' '); r <= min(ranges[i+1], '~'); r++ {
			printable = append(printable, r)
		}
	}
	if len(printable) == 0 {
		return ranges[0] // No character class is empty.
	}
	return printable[s.random.IntN(len(printable))]
}
