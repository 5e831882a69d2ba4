package signalwiretest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// misSent says how the request of a call differs from what the call was given. It
// reads the request as the OpenAPI Specification says, without the validator.
func (o *subject) misSent(in input) string {
	requests := o.trial.sent()
	if len(o.trial.violations) > 0 {
		return o.trial.violations[0].Error()
	}
	if len(requests) != 1 {
		return fmt.Sprint(len(requests), " requests were sent")
	}
	request := requests[0]
	path, query, _ := strings.Cut(strings.TrimPrefix(request.Path, BasePath), "?")
	want, got := strings.Split(o.path, "/"), strings.Split(path, "/")
	if request.Method != o.method || len(want) != len(got) {
		return "another operation: " + request.Method + " " + request.Path
	}
	for i := range want {
		if segment, err := url.PathUnescape(want[i]); err == nil {
			want[i] = segment
		}
		for _, parameter := range o.in("path") {
			want[i] = strings.ReplaceAll(want[i], "{"+parameter.Name+"}", textOf(in.parameters[[2]string{"path", parameter.Name}], ","))
		}
		if segment, err := url.PathUnescape(got[i]); err != nil || segment != want[i] {
			return "path segment " + got[i] + " is not " + want[i]
		}
	}
	fields := map[string][]any{}
	for at, value := range in.parameters {
		parameter := o.parameters.GetByInAndName(at[0], at[1])
		var arrived string
		switch at[0] {
		case openapi3.ParameterInPath:
			continue
		case openapi3.ParameterInQuery:
			method, _ := parameter.SerializationMethod()
			spread(fields, at[1], value, method, len(parameter.Content) > 0)
			continue
		case openapi3.ParameterInHeader:
			arrived = request.Header.Get(at[1])
		case openapi3.ParameterInCookie:
			if cookie, err := (&http.Request{Header: request.Header}).Cookie(at[1]); err == nil {
				arrived = cookie.Value
			}
		}
		if !sameText(textOf(value, ","), arrived) {
			return fmt.Sprintf("%s is %q and not %v", at, arrived, value)
		}
	}
	if wrong := differs("query", fields, query); wrong != "" {
		return wrong
	}
	mediaType, _, _ := strings.Cut(in.mediaType, ";")
	wrong := fmt.Sprintf("the body is %s and not %s", request.Body, encode(in.body))
	switch {
	case request.Header.Get("Content-Type") != in.mediaType:
		return "Content-Type is " + request.Header.Get("Content-Type")
	case isJSON(mediaType) && same(in.body, decode(request.Body)):
		return ""
	case mediaType == "application/x-www-form-urlencoded":
		fields := map[string][]any{}
		properties, _ := in.body.(map[string]any)
		for name, value := range properties {
			method, object := &openapi3.SerializationMethod{Style: "form", Explode: true}, isObject(value)
			if e := o.RequestBody.Value.Content[in.mediaType].Encoding[name]; e != nil && (e.Style != "" || e.Explode != nil) {
				method, object = e.SerializationMethod(), false
			}
			spread(fields, name, value, method, object)
		}
		return differs("form", fields, string(request.Body))
	case in.mediaType == "" && len(request.Body) == 0, !isJSON(mediaType) && string(request.Body) == fmt.Sprint(in.body):
		return ""
	}
	return wrong
}

// spread adds the fields that a value has in a query or a form.
func spread(fields map[string][]any, name string, value any, method *openapi3.SerializationMethod, isJSON bool) {
	delimiter, ok := map[string]string{"spaceDelimited": " ", "pipeDelimited": "|"}[method.Style]
	if !ok {
		delimiter = ","
	}
	list, isList := value.([]any)
	object, _ := value.(map[string]any)
	switch {
	case value == nil || isList && len(list) == 0 && !isJSON:
	case isJSON:
		fields[name] = append(fields[name], value)
	case isList && method.Explode:
		fields[name] = append(fields[name], list...)
	case object != nil && (method.Explode || method.Style == "deepObject"):
		for key, value := range object {
			if method.Style == "deepObject" {
				key = name + "[" + key + "]"
			}
			spread(fields, key, value, method, false)
		}
	default:
		fields[name] = append(fields[name], textOf(value, delimiter))
	}
}

// differs says how a query or a form differs from the fields that it should have.
func differs(what string, fields map[string][]any, text string) string {
	got, err := url.ParseQuery(text)
	if err != nil {
		return what + " is malformed: " + text
	}
	for name, values := range fields {
		if !slices.EqualFunc(values, got[name], sameText) {
			return fmt.Sprintf("%s has %q for %s, and not %s", what, got[name], name, encode(values))
		}
	}
	for name := range got {
		if fields[name] == nil {
			return what + " has a name that was not given: " + name
		}
	}
	return ""
}

// textOf is a value as text, with the items of a list and of an object in order.
func textOf(value any, delimiter string) string {
	var items []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			items = append(items, textOf(item, delimiter))
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			items = append(items, key, textOf(value[key], delimiter))
		}
	default:
		return fmt.Sprint(value)
	}
	return strings.Join(items, delimiter)
}

// sameText reports whether a text says a value: as it is, as a number or as JSON.
func sameText(value any, text string) bool {
	return fmt.Sprint(value) == text || same(value, decode([]byte(text))) || same(json.Number(fmt.Sprint(value)), json.Number(text))
}

// same reports whether two JSON values are the same. Numbers have the same digits
// but for zeros at the end. A property that is null is the same as none: to Go,
// both are nil.
func same(a, b any) bool {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		for key := range b {
			ok = ok && (a[key] != nil || b[key] == nil)
		}
		for key := range a {
			ok = ok && same(a[key], b[key])
		}
		return ok
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case nil, bool, string:
		return a == b
	}
	x, ok1 := new(big.Rat).SetString(fmt.Sprint(a))
	y, ok2 := new(big.Rat).SetString(fmt.Sprint(b))
	_, isText := b.(string)
	return ok1 && ok2 && !isText && x.Cmp(y) == 0
}

func isObject(value any) bool { _, ok := value.(map[string]any); return ok }

func encode(value any) string { encoded, _ := json.Marshal(value); return string(encoded) }

// decode decodes JSON, and is an error if it is none.
func decode(text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	return value
}
