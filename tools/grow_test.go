package main

import (
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// TestGrow makes clients from a grown document, in each of the vendor's two
// dialects. Nothing but openapi.yaml is replaced. TestTry calls their operations.
func TestGrow(t *testing.T) {
	t.Parallel()
	source := read(t, "contract/testdata/grown.yaml")
	for dialect, document := range map[string]string{"source": source, "page": inPageDialect(t, source)} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			files, _, err := build("..", []byte(document))
			require.NoError(t, err)
			tests, err := filepath.Glob("contract/testdata/grown*_test.go")
			require.NoError(t, err)
			for _, test := range tests {
				files["api/"+filepath.Base(test)] = []byte(read(t, test))
			}
			over, err := lay("..", files)
			require.NoError(t, err)
			defer over.remove()

			unformatted, err := over.run("gofmt", "-l", over.path(clientFile))
			require.NoError(t, err)
			require.Empty(t, unformatted)
			require.NoError(t, over.vet())
			output, err := over.run("go", "test", over.goFlag(), "-v", "-vet=off", "-run=^TestGrown", "./api")
			require.NoError(t, err)
			require.Contains(t, output, "--- PASS: TestGrownPages")
		})
	}
}

// inPageDialect rewrites a document as the vendor's pages have it: ids with
// hyphens; no shared parameters and responses; the Authorization header as a
// parameter; content under 204; a server that is a placeholder; security that
// nothing requires; names of components with spaces, referred to with and
// without escapes.
func inPageDialect(t *testing.T, source string) string {
	t.Helper()
	source = regexp.MustCompile(`operationId: \w+`).ReplaceAllStringFunc(source, func(id string) string { return strings.ReplaceAll(id, "_", "-") })
	source = strings.NewReplacer(
		"{space_name}", "YOUR_SPACE", "security:\n  - BasicAuth: []\n", "", "    BasicAuth:", "    SignalWireBasicAuth:",
		"'#/components/schemas/Participant'", "'#/components/schemas/Conference%20Participants_Participant'",
		"'#/components/schemas/ParticipantListResponse'", "'#/components/schemas/Conference Participants_ParticipantListResponse'",
		"    Participant:", "    Conference Participants_Participant:", "    ParticipantListResponse:", "    Conference Participants_ParticipantListResponse:",
	).Replace(source)
	type object = map[string]any
	var document object
	require.NoError(t, yaml.Unmarshal([]byte(source), &document))
	delete(document, "webhooks")
	delete(document["servers"].([]any)[0].(object), "variables")
	components := document["components"].(object)
	resolve := func(kind string, value any) any {
		if reference, ok := value.(object)["$ref"].(string); ok {
			return maps.Clone(components[kind].(object)[path.Base(reference)].(object))
		}
		return value
	}
	const made = "Conference Participants_Response_204"
	components["schemas"].(object)[made] = object{"type": "object", "title": made}
	for _, item := range document["paths"].(object) {
		shared, _ := item.(object)["parameters"].([]any)
		delete(item.(object), "parameters")
		for _, operation := range item.(object) {
			own, _ := operation.(object)["parameters"].([]any)
			parameters := slices.Concat(shared, own)
			for i := range parameters {
				parameters[i] = resolve("parameters", parameters[i])
			}
			operation.(object)["parameters"] = append(parameters,
				object{"name": "Authorization", "in": "header", "required": true, "schema": object{"type": "string"}})
			responses := operation.(object)["responses"].(object)
			for status := range responses {
				responses[status] = resolve("responses", responses[status])
			}
			if none, ok := responses["204"].(object); ok {
				none["content"] = object{"application/json": object{"schema": object{"$ref": "#/components/schemas/" + made}}}
			}
		}
	}
	delete(components, "parameters")
	delete(components, "responses")
	page, err := yaml.Marshal(document)
	require.NoError(t, err)
	return string(page)
}
