package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/openapi"
	"github.com/speakeasy-api/openapi/validation"
	"gopkg.in/yaml.v3"

	"example.com/signalwire/tools/yamldoc"
)

// A finding says that a rule does not hold at a place in the contract.
type finding struct {
	place pointer
	rule  string
}

func (f finding) String() string {
	place := string(f.place)
	if place == "" {
		place = `"" (the whole document)`
	}
	return oneLine(place + ": " + f.rule)
}

// A pointer is a JSON pointer (RFC 6901).
type pointer string

func (p pointer) child(key string) pointer {
	return p + "/" + pointer(strings.NewReplacer("~", "~0", "/", "~1").Replace(key))
}

// check verifies everything that the client rests on. It looks at the result
// of the corrections, not at the corrections, so it holds whatever the vendor
// changes.
func check(contract []byte) []finding {
	document, err := yamldoc.Parse(contract)
	if err != nil {
		return []finding{{"", err.Error()}}
	}
	root := document.Content[0]
	d := contractDocument{root}
	var findings []finding
	for _, rule := range []func(contractDocument) iter.Seq[finding]{
		noMergeKey,
		noAuthorizationParameter,
		noContentWithoutBody,
		legalComponentNames,
		referencesResolve,
		securityResolves,
		serverHasSpace,
		deleteSucceedsWith204,
	} {
		findings = slices.AppendSeq(findings, rule(d))
	}
	return append(findings, validOpenAPI(contract, d, findings)...)
}

// contractDocument reads a YAML tree by the names of OpenAPI.
type contractDocument struct{ root *yaml.Node }

// nodes yields every node of the document, depth first, with its place.
func (d contractDocument) nodes() iter.Seq2[pointer, *yaml.Node] {
	return func(yield func(pointer, *yaml.Node) bool) {
		var walk func(pointer, *yaml.Node) bool
		walk = func(at pointer, node *yaml.Node) bool {
			if !yield(at, node) {
				return false
			}
			for k, v := range yamldoc.Entries(node) {
				if !walk(at.child(k.Value), v) {
					return false
				}
			}
			for i, v := range yamldoc.Elements(node) {
				if !walk(at.child(strconv.Itoa(i)), v) {
					return false
				}
			}
			return true
		}
		walk("", d.root)
	}
}

type operation struct {
	place  pointer
	method string
	node   *yaml.Node
}

// methods are the fields of a Path Item Object that hold operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operations yields what a client can call: the operations under paths.
func (d contractDocument) operations() iter.Seq[operation] {
	return func(yield func(operation) bool) {
		for path, item := range yamldoc.Entries(yamldoc.Get(d.root, "paths")) {
			for method, node := range yamldoc.Entries(yamldoc.Resolve(d.root, item)) {
				place := pointer("/paths").child(path.Value).child(method.Value)
				if slices.Contains(methods, method.Value) && !yield(operation{place, method.Value, node}) {
					return
				}
			}
		}
	}
}

// noMergeKey keeps what the other rules read the same as what the generator
// reads, which follows merge keys.
func noMergeKey(d contractDocument) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		for place, node := range d.nodes() {
			for key := range yamldoc.Entries(node) {
				if key.Tag == "!!merge" && !yield(finding{place.child(key.Value), "OpenAPI has no merge keys: its YAML is what JSON can say"}) {
					return
				}
			}
		}
	}
}

func noAuthorizationParameter(d contractDocument) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		for place, node := range d.nodes() {
			if strings.HasPrefix(string(place), "/components/securitySchemes/") {
				continue // An apiKey scheme names its header in the same fields.
			}
			name := yamldoc.String(node, "name")
			if yamldoc.String(node, "in") == "header" && slices.ContainsFunc(
				[]string{"Authorization", "Accept", "Content-Type"},
				func(reserved string) bool { return strings.EqualFold(name, reserved) },
			) && !yield(finding{place, "no header parameter may be named " + name + ": OpenAPI ignores it, the generator would not"}) {
				return
			}
		}
	}
}

func noContentWithoutBody(d contractDocument) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		for op := range d.operations() {
			for status, response := range yamldoc.Entries(yamldoc.Get(op.node, "responses")) {
				bodiless := slices.Contains([]string{"204", "205", "304"}, status.Value)
				if bodiless && yamldoc.Get(yamldoc.Resolve(d.root, response), "content") != nil && !yield(finding{
					op.place.child("responses").child(status.Value).child("content"),
					"an answer with status " + status.Value + " has no content",
				}) {
					return
				}
			}
		}
	}
}

var componentName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

func legalComponentNames(d contractDocument) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		for kind, components := range yamldoc.Entries(yamldoc.Get(d.root, "components")) {
			for name := range yamldoc.Entries(components) {
				if !componentName.MatchString(name.Value) && !yield(finding{
					pointer("/components").child(kind.Value).child(name.Value),
					"the name of a component consists of letters, digits, '.', '_' and '-'",
				}) {
					return
				}
			}
		}
	}
}

func referencesResolve(d contractDocument) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		for place, node := range d.nodes() {
			if yamldoc.String(node, "$ref") != "" && yamldoc.Resolve(d.root, node) == nil &&
				!yield(finding{place.child("$ref"), "a reference leads to something in this document"}) {
				return
			}
		}
	}
}

func securityResolves(d contractDocument) iter.Seq[finding] {
	return func(yield func(finding) bool) {
		for op := range d.operations() {
			place, security := op.place.child("security"), yamldoc.Get(op.node, "security")
			if security == nil {
				if security = yamldoc.Get(d.root, "security"); security != nil {
					place = "/security"
				}
			}
			if len(yamldoc.Elements(security)) == 0 {
				if !yield(finding{place, "every operation has a security requirement"}) {
					return
				}
				continue
			}
			for i, requirement := range yamldoc.Elements(security) {
				at := place.child(strconv.Itoa(i))
				count := 0
				for scheme := range yamldoc.Entries(requirement) {
					count++
					schemes := yamldoc.Get(yamldoc.Get(d.root, "components"), "securitySchemes")
					if yamldoc.Resolve(d.root, yamldoc.Get(schemes, scheme.Value)) == nil && !yield(finding{
						at.child(scheme.Value), "a security requirement names a scheme of components/securitySchemes",
					}) {
						return
					}
				}
				if count == 0 && !yield(finding{at, "a security requirement names a scheme; an empty one lets everybody in"}) {
					return
				}
			}
		}
	}
}

var serverURL = regexp.MustCompile(`^https://\{([A-Za-z0-9_]+)\}\.signalwire\.com(/[A-Za-z0-9._~/-]*)?$`)

func serverHasSpace(d contractDocument) iter.Seq[finding] {
	const rule = "the server is https://{variable}.signalwire.com/…, and the variable is declared under variables"
	return func(yield func(finding) bool) {
		if len(yamldoc.Elements(yamldoc.Get(d.root, "servers"))) == 0 && !yield(finding{"/servers", "there is a server: " + rule}) {
			return
		}
		for place, node := range d.nodes() {
			if !strings.HasSuffix(string(place), "/servers") {
				continue
			}
			for i, server := range yamldoc.Elements(node) {
				match := serverURL.FindStringSubmatch(yamldoc.String(server, "url"))
				if (match == nil || yamldoc.Get(yamldoc.Get(server, "variables"), match[1]) == nil) &&
					!yield(finding{place.child(strconv.Itoa(i)).child("url"), rule}) {
					return
				}
			}
		}
	}
}

func deleteSucceedsWith204(d contractDocument) iter.Seq[finding] {
	const rule = "a DELETE documents 204 as its only success: the client reports no other answer as done"
	return func(yield func(finding) bool) {
		for op := range d.operations() {
			if op.method != "delete" {
				continue
			}
			responses := op.place.child("responses")
			if yamldoc.Get(yamldoc.Get(op.node, "responses"), "204") == nil && !yield(finding{responses, rule}) {
				return
			}
			for status := range yamldoc.Entries(yamldoc.Get(op.node, "responses")) {
				if strings.HasPrefix(status.Value, "2") && status.Value != "204" &&
					!yield(finding{responses.child(status.Value), rule}) {
					return
				}
			}
		}
	}
}

// validOpenAPI reports what two validators find. The first says where; the
// second finds more, without saying where, and is asked only when nothing else
// is wrong, because it would repeat the rest.
func validOpenAPI(contract []byte, d contractDocument, known []finding) []finding {
	const rule = "the document is valid OpenAPI 3.1: "
	if !strings.HasPrefix(yamldoc.String(d.root, "openapi"), "3.1.") {
		return []finding{{"/openapi", rule + "the version is 3.1"}}
	}
	ctx := context.Background()
	_, problems, err := openapi.Unmarshal(ctx, bytes.NewReader(contract))
	if err != nil {
		return []finding{{"", rule + err.Error()}}
	}
	var findings []finding
	for _, problem := range problems {
		var e *validation.Error
		if !errors.As(problem, &e) {
			findings = append(findings, finding{"", rule + problem.Error()})
		} else if e.Severity == validation.SeverityError {
			findings = append(findings, finding{d.placeOf(e.GetLineNumber(), e.GetColumnNumber()), rule + e.UnderlyingError.Error()})
		}
	}
	if len(known)+len(findings) > 0 {
		return findings
	}
	loaded, err := openapi3.NewLoader().LoadFromData(contract)
	if err == nil {
		err = loaded.Validate(ctx)
	}
	if err != nil {
		findings = append(findings, finding{"", fmt.Sprintf("%s%v", rule, err)})
	}
	return findings
}

// placeOf returns the innermost place whose value begins at a line and column.
func (d contractDocument) placeOf(line, column int) pointer {
	var found pointer
	for place, node := range d.nodes() {
		if node.Line == line && node.Column == column {
			found = place
		}
	}
	return found
}
