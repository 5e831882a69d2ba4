package main

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"example.com/signalwire/tools/yamldoc"
)

var illegalCharacter = regexp.MustCompile(`[^a-zA-Z0-9._-]`)

// renameComponents gives components legal names, and leads to them what refers
// to the old ones. The vendor's pages make up names with spaces, such as
// "Conference Participants_list_participants_Response_200", for answers that
// are in use, and an overlay can remove a name but not compute one.
func renameComponents(root *yaml.Node) error {
	renamed := map[string]string{} // references without "#", old to new
	for kind, components := range yamldoc.Entries(yamldoc.Get(root, "components")) {
		for name := range yamldoc.Entries(components) {
			legal := illegalCharacter.ReplaceAllString(name.Value, "_")
			if legal == name.Value {
				continue
			}
			if yamldoc.Get(components, legal) != nil {
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
	var follow func(*yaml.Node)
	follow = func(node *yaml.Node) {
		for key, value := range yamldoc.Entries(node) {
			switch key.Value {
			case "$ref":
				value.Value = newReference(value.Value, renamed)
			case "mapping": // of a discriminator, which may hold references or names
				for _, target := range yamldoc.Entries(value) {
					if legal, ok := renamed["/components/schemas/"+target.Value]; ok {
						target.Value = strings.TrimPrefix(legal, "/components/schemas/")
					}
					target.Value = newReference(target.Value, renamed)
				}
			case "security":
				for _, requirement := range yamldoc.Elements(value) {
					for scheme := range yamldoc.Entries(requirement) {
						if legal, ok := renamed["/components/securitySchemes/"+scheme.Value]; ok {
							scheme.Value = strings.TrimPrefix(legal, "/components/securitySchemes/")
						}
					}
				}
			}
			follow(value)
		}
		for _, element := range yamldoc.Elements(node) {
			follow(element)
		}
	}
	follow(root)
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
	name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
	legal, ok := renamed[strings.Join(elements[:3], "/")+"/"+name]
	if !ok {
		return reference
	}
	return strings.Join(append([]string{"#" + legal}, elements[4:]...), "/")
}
