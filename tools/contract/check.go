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

// A reporter takes a finding.
type reporter func(place pointer, rule string)

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
	report := func(place pointer, rule string) { findings = append(findings, finding{place, rule}) }
	for _, rule := range []func(contractDocument, reporter){
		noMergeKey,
		noAuthorizationParameter,
		noContentWithoutBody,
		legalComponentNames,
		referencesResolve,
		securityResolves,
		serverHasSpace,
		deleteSucceedsWith204,
	} {
		rule(d, report)
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
func noMergeKey(d contractDocument, report reporter) {
	for place, node := range d.nodes() {
		for key := range yamldoc.Entries(node) {
			if key.Tag == "!!merge" {
				report(place.child(key.Value), "OpenAPI has no merge keys: its YAML is what JSON can say")
			}
		}
	}
}

func noAuthorizationParameter(d contractDocument, report reporter) {
	reserved := []string{"Authorization", "Accept", "Content-Type"}
	for place, node := range d.nodes() {
		if strings.HasPrefix(string(place), "/components/securitySchemes/") {
			continue // An apiKey scheme names its header in the same fields.
		}
		name := yamldoc.String(node, "name")
		isReserved := slices.ContainsFunc(reserved, func(header string) bool { return strings.EqualFold(name, header) })
		if yamldoc.String(node, "in") == "header" && isReserved {
			report(place, "no header parameter may be named "+name+": OpenAPI ignores it, the generator would not")
		}
	}
}

func noContentWithoutBody(d contractDocument, report reporter) {
	for op := range d.operations() {
		for status, response := range yamldoc.Entries(yamldoc.Get(op.node, "responses")) {
			bodiless := slices.Contains([]string{"204", "205", "304"}, status.Value)
			if bodiless && yamldoc.Get(yamldoc.Resolve(d.root, response), "content") != nil {
				report(op.place.child("responses").child(status.Value).child("content"),
					"an answer with status "+status.Value+" has no content")
			}
		}
	}
}

var componentName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

func legalComponentNames(d contractDocument, report reporter) {
	for kind, components := range yamldoc.Entries(yamldoc.Get(d.root, "components")) {
		for name := range yamldoc.Entries(components) {
			if !componentName.MatchString(name.Value) {
				report(pointer("/components").child(kind.Value).child(name.Value),
					"the name of a component consists of letters, digits, '.', '_' and '-'")
			}
		}
	}
}

func referencesResolve(d contractDocument, report reporter) {
	for place, node := range d.nodes() {
		if yamldoc.String(node, "$ref") != "" && yamldoc.Resolve(d.root, node) == nil {
			report(place.child("$ref"), "a reference leads to something in this document")
		}
	}
}

func securityResolves(d contractDocument, report reporter) {
	schemes := yamldoc.Get(yamldoc.Get(d.root, "components"), "securitySchemes")
	for op := range d.operations() {
		place, security := op.place.child("security"), yamldoc.Get(op.node, "security")
		if shared := yamldoc.Get(d.root, "security"); security == nil && shared != nil {
			place, security = "/security", shared
		}
		if len(yamldoc.Elements(security)) == 0 {
			report(place, "every operation has a security requirement")
		}
		for i, requirement := range yamldoc.Elements(security) {
			at := place.child(strconv.Itoa(i))
			count := 0
			for scheme := range yamldoc.Entries(requirement) {
				count++
				if yamldoc.Resolve(d.root, yamldoc.Get(schemes, scheme.Value)) == nil {
					report(at.child(scheme.Value), "a security requirement names a scheme of components/securitySchemes")
				}
			}
			if count == 0 {
				report(at, "a security requirement names a scheme; an empty one lets everybody in")
			}
		}
	}
}

var serverURL = regexp.MustCompile(`^https://\{([A-Za-z0-9_]+)\}\.signalwire\.com(/[A-Za-z0-9._~/-]*)?$`)

func serverHasSpace(d contractDocument, report reporter) {
	const rule = "the server is https://{variable}.signalwire.com/…, and the variable is declared under variables"
	if len(yamldoc.Elements(yamldoc.Get(d.root, "servers"))) == 0 {
		report("/servers", "there is a server: "+rule)
	}
	for place, node := range d.nodes() {
		if !strings.HasSuffix(string(place), "/servers") {
			continue
		}
		for i, server := range yamldoc.Elements(node) {
			match := serverURL.FindStringSubmatch(yamldoc.String(server, "url"))
			if match == nil || yamldoc.Get(yamldoc.Get(server, "variables"), match[1]) == nil {
				report(place.child(strconv.Itoa(i)).child("url"), rule)
			}
		}
	}
}

func deleteSucceedsWith204(d contractDocument, report reporter) {
	const rule = "a DELETE documents 204 as its only success: the client reports no other answer as done"
	for op := range d.operations() {
		if op.method != "delete" {
			continue
		}
		place, responses := op.place.child("responses"), yamldoc.Get(op.node, "responses")
		if yamldoc.Get(responses, "204") == nil {
			report(place, rule)
		}
		for status := range yamldoc.Entries(responses) {
			if strings.HasPrefix(status.Value, "2") && status.Value != "204" {
				report(place.child(status.Value), rule)
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
