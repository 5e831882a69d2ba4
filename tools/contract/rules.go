package contract

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/openapi"
	"github.com/speakeasy-api/openapi/validation"
	"gopkg.in/yaml.v3"
)

// A reporter takes a finding.
type reporter func(place pointer, rule string)

// check verifies everything that the client rests on.
func check(contract []byte) []Finding {
	document, err := parse(contract)
	if err != nil {
		return []Finding{{"", err.Error()}}
	}
	root := document.Content[0]
	var findings []Finding
	report := func(place pointer, rule string) { findings = append(findings, Finding{string(place), rule}) }
	for _, rule := range []func(*yaml.Node, reporter){
		noNullable,
		noGeneratorExtension,
		noAuthorizationParameter,
		noContentWithoutBody,
		legalComponentNames,
		referencesResolve,
		securityResolves,
		serversHaveSpace,
		removalIsThere,
		deleteSucceedsWith204,
		encodable,
	} {
		rule(root, report)
	}
	validOpenAPI(contract, root, len(findings) == 0, report)
	return findings
}

type operation struct {
	place  pointer
	method string
	node   *yaml.Node
}

// methods are the fields of a Path Item Object that hold operations.
var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}

// operations yields what a client can call: the operations under paths.
func operations(root *yaml.Node) iter.Seq[operation] {
	return func(yield func(operation) bool) {
		for path, item := range entries(get(root, "paths")) {
			for method, node := range entries(resolve(root, item)) {
				place := pointer("/paths").child(path.Value).child(method.Value)
				if slices.Contains(methods, method.Value) && !yield(operation{place, method.Value, node}) {
					return
				}
			}
		}
	}
}

// noNullable finds what was OpenAPI 3.0. The generator would not see it, and a
// field that is null would come through as "".
func noNullable(root *yaml.Node, report reporter) {
	for place, node := range nodes(root) {
		if text(node, "nullable") == "true" {
			report(place.child("nullable"), "OpenAPI 3.1 has no nullable: say type: [string, 'null'], or anyOf with {type: 'null'}")
		}
	}
}

// generatorExtension matches what the generator reads beside OpenAPI.
var generatorExtension = regexp.MustCompile(`^x-(go-.*|oapi-codegen-.*|enum-?(names|varnames|descriptions)|omitempty|omitzero|order|deprecated-reason|client-response-wrapper)$`)

// noGeneratorExtension keeps the vendor's document from choosing Go code:
// x-go-type-import would link any package into every importer's program.
func noGeneratorExtension(root *yaml.Node, report reporter) {
	for place, node := range nodes(root) {
		for key := range entries(node) {
			if generatorExtension.MatchString(strings.ToLower(key.Value)) {
				report(place.child(key.Value), "the generator's extensions are for "+goOverlay+" alone; remove this one with a correction")
			}
		}
	}
}

func noAuthorizationParameter(root *yaml.Node, report reporter) {
	reserved := []string{"Authorization", "Accept", "Content-Type"}
	for place, node := range nodes(root) {
		if strings.HasPrefix(string(place), "/components/securitySchemes/") {
			continue // An apiKey scheme names its header in the same fields.
		}
		name := text(node, "name")
		isReserved := slices.ContainsFunc(reserved, func(header string) bool { return strings.EqualFold(name, header) })
		if text(node, "in") == "header" && isReserved {
			report(place, "no header parameter may be named "+name+": OpenAPI ignores it, the generator would not")
		}
	}
}

func noContentWithoutBody(root *yaml.Node, report reporter) {
	for op := range operations(root) {
		for status, response := range entries(get(op.node, "responses")) {
			bodiless := slices.Contains([]string{"204", "205", "304"}, status.Value)
			if bodiless && get(resolve(root, response), "content") != nil {
				report(op.place.child("responses").child(status.Value).child("content"),
					"a response with status "+status.Value+" has no content")
			}
		}
	}
}

var componentName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

func legalComponentNames(root *yaml.Node, report reporter) {
	for kind, components := range entries(get(root, "components")) {
		for name := range entries(components) {
			if !componentName.MatchString(name.Value) {
				report(pointer("/components").child(kind.Value).child(name.Value),
					"the name of a component consists of letters, digits, '.', '_' and '-'")
			}
		}
	}
}

func referencesResolve(root *yaml.Node, report reporter) {
	for place, node := range nodes(root) {
		if text(node, "$ref") != "" && resolve(root, node) == nil {
			report(place.child("$ref"), "a reference leads to something in this document")
		}
	}
}

func securityResolves(root *yaml.Node, report reporter) {
	schemes := get(get(root, "components"), "securitySchemes")
	for op := range operations(root) {
		place, security := op.place.child("security"), get(op.node, "security")
		if shared := get(root, "security"); security == nil && shared != nil {
			place, security = "/security", shared
		}
		if len(elements(security)) == 0 {
			report(place, "every operation has a security requirement")
		}
		for i, requirement := range elements(security) {
			at := place.child(strconv.Itoa(i))
			count := 0
			for scheme := range entries(requirement) {
				count++
				if resolve(root, get(schemes, scheme.Value)) == nil {
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

// serversHaveSpace wants every server to be the space's, and to have the path of
// the first, which is the only one that the client goes to.
func serversHaveSpace(root *yaml.Node, report reporter) {
	const rule = "the server is https://{variable}.signalwire.com/…, and the variable is declared under variables"
	if len(elements(get(root, "servers"))) == 0 {
		report("/servers", "there is a server: "+rule)
	}
	for place, node := range nodes(root) {
		if !strings.HasSuffix(string(place), "/servers") {
			continue
		}
		for i, server := range elements(node) {
			at := place.child(strconv.Itoa(i)).child("url")
			match := serverURL.FindStringSubmatch(text(server, "url"))
			if match == nil || get(get(server, "variables"), match[1]) == nil {
				report(at, rule)
			} else if path := basePath(root); strings.TrimSuffix(match[2], "/") != path {
				report(at, "every server has the path of the first, "+path+": the client has one base URL")
			}
		}
	}
}

// basePath is the path of the first server.
func basePath(root *yaml.Node) string {
	for _, server := range elements(get(root, "servers")) {
		if match := serverURL.FindStringSubmatch(text(server, "url")); match != nil {
			return strings.TrimSuffix(match[2], "/")
		}
	}
	return ""
}

// removalIsThere holds the operation that the command line program and the test
// server are built on, in either spelling of its id.
func removalIsThere(root *yaml.Node, report reporter) {
	for op := range operations(root) {
		if op.method == "delete" && goKey(text(op.node, "operationId")) == "deleteparticipant" {
			return
		}
	}
	report("/paths", "there is a DELETE with the operationId delete-participant or delete_participant: the program and the test server need it")
}

func deleteSucceedsWith204(root *yaml.Node, report reporter) {
	const rule = "a DELETE documents 204 as its only success: the client reports no other response as done"
	for op := range operations(root) {
		if op.method != "delete" {
			continue
		}
		place, responses := op.place.child("responses"), get(op.node, "responses")
		if get(responses, "204") == nil {
			report(place, rule)
		}
		for status := range entries(responses) {
			if strings.HasPrefix(status.Value, "2") && status.Value != "204" {
				report(place.child(status.Value), rule)
			}
		}
	}
}

// validOpenAPI reports what two validators find. The first says where; the
// second finds more, without saying where, and is asked only when nothing else
// is wrong, because it would repeat the rest.
func validOpenAPI(contract []byte, root *yaml.Node, good bool, report reporter) {
	const rule = "the document is valid OpenAPI 3.1: "
	if !strings.HasPrefix(text(root, "openapi"), "3.1.") {
		report("/openapi", rule+"the version is 3.1")
		return
	}
	ctx := context.Background()
	_, problems, err := openapi.Unmarshal(ctx, bytes.NewReader(contract))
	if err != nil {
		report("", rule+err.Error())
		return
	}
	for _, problem := range problems {
		var e *validation.Error
		if !errors.As(problem, &e) {
			report("", rule+problem.Error())
		} else if e.Severity == validation.SeverityError {
			report(placeOf(root, e.GetLineNumber(), e.GetColumnNumber()), rule+e.UnderlyingError.Error())
		} else {
			continue
		}
		good = false
	}
	if !good {
		return
	}
	loaded, err := openapi3.NewLoader().LoadFromData(contract)
	if err == nil {
		err = loaded.Validate(ctx)
	}
	if err != nil {
		report("", rule+err.Error())
	}
}

// placeOf returns the innermost place whose value begins at a line and column.
func placeOf(root *yaml.Node, line, column int) pointer {
	var found pointer
	for place, node := range nodes(root) {
		if node.Line == line && node.Column == column {
			found = place
		}
	}
	return found
}
