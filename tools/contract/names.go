package contract

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

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
