package contract

import (
	"fmt"
	"io/fs"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

var illegalCharacter = regexp.MustCompile(`[^a-zA-Z0-9._-]`)

// renameComponents gives components legal names, and leads to them what refers
// to the old ones. The vendor's pages make up names with spaces, such as
// "Conference Participants_list_participants_Response_200", for responses
// that are in use, and an overlay can remove a name but not compute one.
func renameComponents(root *yaml.Node) error {
	renamed := map[string]string{} // references without "#", old to new
	for kind, components := range entries(get(root, "components")) {
		for name := range entries(components) {
			legal := illegalCharacter.ReplaceAllString(name.Value, "_")
			if legal == name.Value {
				continue
			}
			if get(components, legal) != nil {
				return fmt.Errorf("/components/%s: %q would be renamed to %q, which is there already", kind.Value, name.Value, legal)
			}
			prefix := "/components/" + kind.Value + "/"
			renamed[prefix+name.Value] = prefix + legal
			name.Value = legal
		}
	}
	if len(renamed) == 0 {
		return nil
	}
	for _, node := range nodes(root) {
		for key, value := range entries(node) {
			switch key.Value {
			case "$ref":
				value.Value = newReference(value.Value, renamed)
			case "mapping": // of a discriminator, which may hold references or names
				for _, target := range entries(value) {
					if legal, ok := renamed["/components/schemas/"+target.Value]; ok {
						target.Value = strings.TrimPrefix(legal, "/components/schemas/")
					}
					target.Value = newReference(target.Value, renamed)
				}
			case "security":
				for _, requirement := range elements(value) {
					for scheme := range entries(requirement) {
						if legal, ok := renamed["/components/securitySchemes/"+scheme.Value]; ok {
							scheme.Value = strings.TrimPrefix(legal, "/components/securitySchemes/")
						}
					}
				}
			}
		}
	}
	return nil
}

// newReference returns a reference with the component's new name, if it has
// one. The old one may be percent-encoded, as in URLs, or not, as in the
// vendor's pages.
func newReference(reference string, renamed map[string]string) string {
	place, isLocal := strings.CutPrefix(reference, "#")
	elements := strings.SplitN(place, "/", 5)
	if !isLocal || len(elements) < 4 {
		return reference
	}
	name := elements[3]
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	name = unescape.Replace(name)
	legal, ok := renamed[strings.Join(elements[:3], "/")+"/"+name]
	if !ok {
		return reference
	}
	return strings.Join(append([]string{"#" + legal}, elements[4:]...), "/")
}

// goNames reports what would get one name in Go. It looks at what the generator
// reads, so the Go overlay can give another name.
func goNames(root *yaml.Node, repository fs.FS, report reporter) error {
	types, err := ourNames(repository)
	if err != nil {
		return err
	}
	methods := names{}
	for _, field := range []string{"Server", "Client", "RequestEditors"} {
		methods[goKey(field)] = "a field of Client"
	}
	referred := map[string]bool{}
	for place, node := range nodes(root) {
		referred[text(node, "$ref")] = true
		properties, parameters, constants := names{}, names{}, names{}
		for name, property := range entries(get(node, "properties")) {
			properties.claim(goName(property, name.Value), place.child("properties").child(name.Value), "x-go-name", report)
		}
		for i, parameter := range elements(get(node, "parameters")) {
			at := place.child("parameters").child(strconv.Itoa(i))
			parameters.claim(goName(parameter, text(parameter, "name")), at, "x-go-name", report)
		}
		given := elements(get(node, "x-enum-varnames"))
		for i, value := range elements(get(node, "enum")) {
			if i < len(given) {
				value = given[i]
			}
			constants.claim(value.Value, place.child("enum").child(strconv.Itoa(i)), "x-enum-varnames", report)
		}
	}
	for op := range operations(root) {
		id := text(op.node, "operationId")
		if at := op.place.child("operationId"); methods.claim(id, at, "another operationId", report) {
			methods.claim(id+"WithResponse", at, "another operationId", report)
		}
	}
	for name, schema := range entries(get(get(root, "components"), "schemas")) {
		place := pointer("/components/schemas").child(name.Value)
		if referred["#"+string(place)] { // The generator leaves out the others.
			types.claim(goName(schema, name.Value), place, "x-go-name", report)
		}
	}
	return nil
}

// names are who has a name in one scope of Go, by goKey.
type names map[string]string

// claim gives a name to a place, or reports that it is taken.
func (n names) claim(name string, place pointer, remedy string, report reporter) bool {
	if owner, taken := n[goKey(name)]; taken {
		report(place, "in Go this has the name of "+owner+"; give it "+remedy+" in "+goOverlay)
		return false
	}
	n[goKey(name)] = string(place)
	return true
}

// goName is the name that something has in the document, unless the Go overlay
// gives it another one.
func goName(node *yaml.Node, name string) string {
	if given := text(node, "x-go-name"); given != "" {
		return given
	}
	return name
}

// goKey is what is left of a name in Go, in lower case: letters and digits, and
// the signs that it begins with. Names that differ by case alone are one, too,
// where the generator knows the initialism.
func goKey(name string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		isWord := unicode.IsLetter(r) || unicode.IsDigit(r)
		if inside = inside || isWord; inside && !isWord {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// declaration matches what a Go file declares by itself, and exports.
var declaration = regexp.MustCompile(`(?m)^(?:type|func|var|const) ([A-Z]\w*)`)

// ourNames are the names of the package that the document does not decide. What
// this overlooks, go vet finds, without a place.
func ourNames(repository fs.FS) (names, error) {
	taken := names{}
	for _, name := range []string{"Client", "ClientOption", "ClientInterface", "ClientWithResponses",
		"ClientWithResponsesInterface", "HttpRequestDoer", "RequestEditorFn", "BasePath"} {
		taken[goKey(name)] = "the generated " + name
	}
	files, err := fs.Glob(repository, "*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || strings.HasSuffix(file, ".gen.go") {
			continue
		}
		source, err := fs.ReadFile(repository, file)
		if err != nil {
			return nil, err
		}
		for _, match := range declaration.FindAllSubmatch(source, -1) {
			taken[goKey(string(match[1]))] = string(match[1]) + " in " + file
		}
	}
	return taken, err
}
