package signalwiretest

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A sampler makes values of schemas. The same seed makes the same values.
type sampler struct {
	source *rand.ChaCha8
	random *rand.Rand // of that source
	made   int        // values
	amount amount
	text   func() string // makes a string that only its length restricts

	// inRequest says that optional properties are left out if they are read-only, and
	// not if they are write-only.
	inRequest bool

	// lastPage says that no next_page_uri leads to another page.
	lastPage bool

	// anyWord says that a string may have values that its enum lacks, as those of
	// a newer service do.
	anyWord bool
}

// An amount says how much of what a schema leaves open is there.
type amount int

const (
	everything amount = iota // all properties, and null for none
	necessary                // required properties alone, null where it is possible, empty lists
	something                // what chance decides
)

const (
	maxTries = 100
	// Beyond these, a schema that contains itself gets as little as possible.
	maxDepth  = 6
	maxValues = 1000
)

func newSampler(seed [32]byte) *sampler {
	source := rand.NewChaCha8(seed)
	s := &sampler{source: source, random: rand.New(source)}
	s.text = func() string { return "text " + strconv.Itoa(s.random.IntN(1000)) }
	return s
}

// sample makes a value of a schema, whose numbers are json.Number. It fails for
// a schema that no value fits, and for one whose values chance does not find.
func (s *sampler) sample(schema *openapi3.SchemaRef) (value any, err error) {
	if schema == nil || schema.Value == nil {
		return s.text(), nil
	}
	for range maxTries {
		s.made = 0
		value = s.value(schema.Value, 0)
		if err = visit(schema, value); err == nil || s.anyWord {
			return value, nil
		}
	}
	for _, example := range append(schema.Value.Examples, schema.Value.Example, schema.Value.Default) {
		if example != nil && visit(schema, example) == nil {
			return example, nil
		}
	}
	reason, _, _ := strings.Cut(err.Error(), "\n") // The schema follows.
	return nil, errors.New("no value was found for the schema: " + reason)
}

func (s *sampler) value(schema *openapi3.Schema, depth int) any {
	if s.made++; depth > 4*maxDepth {
		return nil // The schema has no value that ends.
	}
	schema = s.flat(schema, depth)
	kind := s.kind(schema, depth)
	switch {
	case kind == "null":
		return nil
	case schema.Const != nil:
		return schema.Const
	case len(schema.Enum) > 0 && !(s.anyWord && kind == "string"):
		return schema.Enum[s.random.IntN(len(schema.Enum))]
	}
	switch kind {
	case "object":
		return s.object(schema, depth)
	case "array":
		return s.array(schema, depth)
	case "boolean":
		return s.random.IntN(2) == 0
	case "integer", "number":
		return s.number(schema, kind == "integer")
	}
	return s.string(schema)
}

// flat merges a schema with all of its allOf, and with one of its oneOf and its
// anyOf.
func (s *sampler) flat(schema *openapi3.Schema, depth int) *openapi3.Schema {
	merged := *schema
	parts := slices.Clone(schema.AllOf)
	for _, union := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf} {
		if len(union) > 0 {
			parts = append(parts, s.choose(union, depth))
		}
	}
	merged.AllOf, merged.OneOf, merged.AnyOf = nil, nil, nil
	for _, part := range parts {
		if part.Value != nil && depth < 4*maxDepth {
			merge(&merged, s.flat(part.Value, depth+1))
		}
	}
	return &merged
}

// choose returns a member of a union.
func (s *sampler) choose(union openapi3.SchemaRefs, depth int) *openapi3.SchemaRef {
	isNull := func(member *openapi3.SchemaRef) bool { return member.Value != nil && member.Value.Type.Is("null") }
	null := slices.IndexFunc(union, isNull)
	amount := s.amountAt(depth)
	if null >= 0 && amount == necessary {
		return union[null]
	}
	if null >= 0 && amount == everything && len(union) > 1 {
		union = slices.DeleteFunc(slices.Clone(union), isNull)
	}
	return union[s.random.IntN(len(union))]
}

// merge adds what another schema demands, as allOf does. Of two limits it keeps
// the first; a value that breaks the other is not valid and made again.
func merge(into, other *openapi3.Schema) {
	properties := maps.Clone(into.Properties)
	for name, property := range other.Properties {
		if properties == nil {
			properties = make(openapi3.Schemas)
		}
		if mine := properties[name]; mine != nil {
			property = openapi3.NewSchemaRef("", &openapi3.Schema{AllOf: openapi3.SchemaRefs{mine, property}})
		}
		properties[name] = property
	}
	required := slices.Concat(into.Required, other.Required)
	target, source := reflect.ValueOf(into).Elem(), reflect.ValueOf(other).Elem()
	for i := range target.NumField() {
		if target.Field(i).IsZero() {
			target.Field(i).Set(source.Field(i))
		}
	}
	into.Properties, into.Required = properties, required
}

// amountAt keeps a schema that contains itself from having values without end.
func (s *sampler) amountAt(depth int) amount {
	if depth > maxDepth || s.made > maxValues {
		return necessary
	}
	return s.amount
}

// kind returns the type of the value to make.
func (s *sampler) kind(schema *openapi3.Schema, depth int) string {
	types := schema.Type.Slice()
	amount := s.amountAt(depth)
	switch {
	case amount == necessary && slices.Contains(types, "null"):
		return "null"
	case amount == everything && len(types) > 1:
		types = slices.DeleteFunc(slices.Clone(types), func(t string) bool { return t == "null" })
	case len(types) > 0:
	case len(schema.Properties)+len(schema.Required) > 0 || schema.AdditionalProperties.Schema != nil:
		return "object"
	case schema.Items != nil:
		return "array"
	default:
		return "string"
	}
	return types[s.random.IntN(len(types))]
}

func (s *sampler) object(schema *openapi3.Schema, depth int) any {
	object := make(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name].Value
		isRequired := slices.Contains(schema.Required, name)
		if property == nil || !isRequired && (s.inRequest && property.ReadOnly || !s.inRequest && property.WriteOnly) {
			continue
		}
		maker := s
		if s.lastPage && name == "next_page_uri" {
			last := *s
			last.amount, last.text = necessary, func() string { return "" }
			maker = &last
		}
		amount := maker.amountAt(depth)
		if isRequired || amount == everything || amount == something && s.random.IntN(2) == 0 {
			object[name] = maker.value(property, depth+1)
		}
	}
	further := schema.AdditionalProperties.Schema
	if further == nil && schema.AdditionalProperties.Has != nil && *schema.AdditionalProperties.Has {
		further = openapi3.NewStringSchema().NewRef()
	}
	wanted := int(min(schema.MinProps, 1000))
	if s.amountAt(depth) == everything {
		wanted = max(wanted, len(object)+1)
	}
	for further != nil && further.Value != nil && len(object) < wanted {
		object["further "+strconv.Itoa(len(object))] = s.value(further.Value, depth+1)
	}
	return object
}

func (s *sampler) array(schema *openapi3.Schema, depth int) any {
	length := int(min(schema.MinItems, 1000))
	switch s.amountAt(depth) {
	case everything:
		length = max(length, 2)
	case something:
		length += s.random.IntN(3)
	}
	if schema.MaxItems != nil {
		length = min(length, int(*schema.MaxItems))
	}
	list := make([]any, length)
	for i := range list {
		switch {
		case i < len(schema.PrefixItems) && schema.PrefixItems[i].Value != nil:
			list[i] = s.value(schema.PrefixItems[i].Value, depth+1)
		case schema.Items != nil && schema.Items.Value != nil:
			list[i] = s.value(schema.Items.Value, depth+1)
		default:
			list[i] = s.text()
		}
	}
	return list
}

// number makes one of up to ten decimals and, without limits, of the size that
// the format allows.
func (s *sampler) number(schema *openapi3.Schema, isInteger bool) json.Number {
	low, high := 0.0, float64(math.MaxInt32)
	if !isInteger {
		high = 100
	}
	for _, limit := range []*float64{schema.Min, schema.ExclusiveMin.Value} {
		if limit != nil {
			low = *limit
			high = max(high, low+1000)
		}
	}
	for _, limit := range []*float64{schema.Max, schema.ExclusiveMax.Value} {
		if limit != nil {
			high = *limit
			low = min(low, high)
		}
	}
	number := low + s.random.Float64()*(high-low)
	switch {
	case schema.MultipleOf != nil && *schema.MultipleOf > 0:
		number = math.Round(number / *schema.MultipleOf) * *schema.MultipleOf
		return json.Number(strconv.FormatFloat(number, 'f', -1, 64))
	case isInteger && schema.Format == "int64" && schema.Max == nil:
		return json.Number(strconv.FormatInt(1<<53+1+2*s.random.Int64N(1<<53), 10)) // no float64 has it
	case isInteger:
		return json.Number(strconv.FormatFloat(math.Round(number), 'f', 0, 64))
	}
	return json.Number(strconv.FormatFloat(math.Round(number*1e10)/1e10, 'f', -1, 64))
}
