package contract

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
)

// The functions that api/templates use beside the generator's own.
func init() {
	maps.Copy(codegen.TemplateFunctions, map[string]any{
		"failures":       failures,
		"formEncodings":  formEncodings,
		"pagedLists":     pagedLists,
		"pathPieces":     pathPieces,
		"successes":      successes,
		"withMediaTypes": withMediaTypes,
	})
}

// A pathPiece is a parameter of a path, or the text between two of them.
type pathPiece struct {
	Text  string
	Param *codegen.ParameterDefinition
	// Plain says that the parameter is one text, number or Boolean.
	Plain bool
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// pathPieces splits the path of an operation.
func pathPieces(op codegen.OperationDefinition) ([]pathPiece, error) {
	var pieces []pathPiece
	rest := op.Path
	for _, at := range placeholder.FindAllStringIndex(op.Path, -1) {
		name := op.Path[at[0]+1 : at[1]-1]
		i := slices.IndexFunc(op.PathParams, func(p codegen.ParameterDefinition) bool { return p.ParamName == name })
		if i < 0 {
			return nil, fmt.Errorf("%s: the path parameter %s is not defined", op.Path, name)
		}
		param := &op.PathParams[i]
		before := op.Path[len(op.Path)-len(rest) : at[0]]
		pieces = append(pieces, pathPiece{Text: escapePercent(before)}, pathPiece{Param: param, Plain: isPlain(param)})
		rest = op.Path[at[1]:]
	}
	if rest != "" {
		pieces = append(pieces, pathPiece{Text: escapePercent(rest)})
	}
	return pieces, nil
}

var loosePercent = regexp.MustCompile(`%([0-9A-Fa-f]{2})?`)

// escapePercent escapes each percent sign that does not escape something.
func escapePercent(path string) string {
	return loosePercent.ReplaceAllStringFunc(path, func(found string) string {
		if _, err := url.PathUnescape(found); err != nil {
			return "%25"
		}
		return found
	})
}

// isPlain reports whether fmt.Sprint of a parameter is what OpenAPI's style
// simple makes of it.
func isPlain(param *codegen.ParameterDefinition) bool {
	schema := param.Schema.OAPISchema
	return param.Style() == "simple" && !param.IsJson() && schema != nil &&
		(schema.Type.Is("string") && slices.Contains([]string{"", "uuid", "date", "uri", "email"}, schema.Format) ||
			schema.Type.Is("integer") || schema.Type.Is("boolean"))
}

// successes writes the documented 2xx of an operation as Go.
func successes(op codegen.OperationDefinition) string {
	var b strings.Builder
	for _, status := range slices.Sorted(maps.Keys(op.Spec.Responses.Map())) {
		if !strings.HasPrefix(status, "2") {
			continue
		}
		fmt.Fprintf(&b, "{status: %s", strings.TrimSuffix(status, "XX"))
		if content := op.Spec.Responses.Value(status).Value.Content; len(content) > 0 {
			fmt.Fprintf(&b, ", mediaTypes: %#v", slices.Sorted(maps.Keys(content)))
		}
		b.WriteString("}, ")
	}
	return strings.TrimSuffix(b.String(), ", ")
}

var exactMediaType = regexp.MustCompile(`rsp\.Header\.Get\("Content-Type"\) == (".*?")`)

// withMediaTypes mends how the generator's code reads Content-Type. It minds
// the case; and of two JSON media types under one status, the parameters.
func withMediaTypes(code string) string {
	code = strings.ReplaceAll(code, `strings.Contains(rsp.Header.Get("Content-Type"), "json")`, "isJSON(rsp)")
	return exactMediaType.ReplaceAllString(code, "hasMediaType(rsp, $1)")
}

// formEncodings writes how the properties of a form are encoded as Go. OpenAPI
// ignores a content type beside a style.
func formEncodings(encodings map[string]codegen.RequestBodyEncoding) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(encodings)) {
		switch encoding := encodings[name]; {
		case encoding.Style == "" && encoding.Explode == nil:
			if isJSON(mediaTypeOf(encoding.ContentType)) {
				fmt.Fprintf(&b, "%q: {isJSON: true}, ", name)
			}
		default:
			style := cmp.Or(encoding.Style, "form")
			separator := ""
			if explode := encoding.Explode; explode != nil && !*explode || explode == nil && style != "form" {
				separator = map[string]string{"form": ",", "spaceDelimited": "%20", "pipeDelimited": "%7C"}[style]
			}
			fmt.Fprintf(&b, "%q: {style: %q, separator: %q}, ", name, style, separator)
		}
	}
	return "map[string]formEncoding{" + strings.TrimSuffix(b.String(), ", ") + "}"
}
