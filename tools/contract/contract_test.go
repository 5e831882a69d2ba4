package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"example.com/signalwire/tools/yamldoc"
)

// The document is the vendor's first one, so that these tests stay as they are
// when the repository's grows.
const (
	documentPath    = "testdata/openapi.yaml"
	correctionsPath = "../../api/corrections.overlay.yaml"
	contractPath    = "testdata/contract.yaml"

	deletePointer = "/paths/~1Accounts~1{AccountSid}~1Conferences~1{ConferenceSid}~1Participants~1{CallSid}/delete"
)

func runProgram(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, &out, &err)
	return status, out.String(), err.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(content)
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestContractIsCurrent(t *testing.T) {
	t.Parallel()
	for range 2 {
		output := filepath.Join(t.TempDir(), "contract.yaml")
		status, stdout, stderr := runProgram(t, "-overlay", correctionsPath, "-o", output, documentPath)
		require.Zero(t, status, stdout+stderr)
		require.Empty(t, stdout+stderr)
		require.Equal(t, read(t, contractPath), read(t, output))

		status, stdout, stderr = runProgram(t, "-overlay", correctionsPath, "-o", output, "../../openapi.yaml")
		require.Zero(t, status, stdout+stderr)
		require.Equal(t, read(t, "../../api/contract.yaml"), read(t, output))
	}
}

const overlayHead = "overlay: 1.1.0\ninfo: {title: x, version: 1.0.0}\nactions:\n"

// TestContractKeepsDocument compares what the corrections leave alone.
func TestContractKeepsDocument(t *testing.T) {
	t.Parallel()
	var document, contract map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(read(t, documentPath)), &document))
	require.NoError(t, yaml.Unmarshal([]byte(read(t, contractPath)), &contract))
	operation := func(root map[string]any) map[string]any {
		for _, item := range root["paths"].(map[string]any) {
			return item.(map[string]any)["delete"].(map[string]any)
		}
		return nil
	}
	require.Equal(t, document["info"], contract["info"])
	for _, key := range []string{"operationId", "summary", "description", "tags"} {
		require.Equal(t, operation(document)[key], operation(contract)[key], key)
	}
	require.Contains(t, operation(contract)["description"], "call.\n\n#### Permissions\n\nThe API token")
	require.Equal(t, operation(document)["parameters"].([]any)[:3], operation(contract)["parameters"])
	for status, response := range operation(document)["responses"].(map[string]any) {
		if status != "204" {
			require.Equal(t, response, operation(contract)["responses"].(map[string]any)[status])
		}
	}
	components := document["components"].(map[string]any)
	delete(components["schemas"].(map[string]any), "Conference Participants_delete_participant_Response_204")
	require.Equal(t, components, contract["components"])

	var order yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(read(t, contractPath)), &order))
	var keys []string
	for key := range yamldoc.Entries(order.Content[0]) {
		keys = append(keys, key.Value)
	}
	require.Equal(t, []string{"openapi", "info", "paths", "servers", "components"}, keys)
}

// TestDocumentIsNoContract names every defect of the vendor's document.
func TestDocumentIsNoContract(t *testing.T) {
	t.Parallel()
	output := filepath.Join(t.TempDir(), "contract.yaml")
	status, stdout, stderr := runProgram(t, "-o", output, documentPath)
	require.Equal(t, 1, status)
	require.Equal(t, []string{
		deletePointer + "/parameters/3: no header parameter may be named Authorization: OpenAPI ignores it, the generator would not",
		deletePointer + "/responses/204/content: an answer with status 204 has no content",
		"/components/schemas/Conference Participants_delete_participant_Response_204: the name of a component consists of letters, digits, '.', '_' and '-'",
		deletePointer + "/security: every operation has a security requirement",
		"/servers/0/url: the server is https://{variable}.signalwire.com/…, and the variable is declared under variables",
		deletePointer + "/responses/204/content/application~1json/schema: the document is valid OpenAPI 3.1: invalid reference: component name " +
			`"Conference Participants_delete_participant_Response_204" must match pattern ^[a-zA-Z0-9.\-_]+$`,
	}, strings.Split(strings.TrimSpace(stdout), "\n"))
	require.Contains(t, stderr, "6 findings")
	require.NoFileExists(t, output)
}

// TestRules breaks the good contract in one place each.
func TestRules(t *testing.T) {
	t.Parallel()
	const (
		whole      = `"" (the whole document)`
		security   = "      security:\n        - SignalWireBasicAuth: []\n"
		parameters = "      parameters:\n"
		responses  = "      responses:\n"
		paths      = "paths:\n"
		components = "components:\n"
		server     = "https://{space_name}.signalwire.com/api/laml/2010-04-01"
		serverRule = "the server is https://{variable}.signalwire.com/…"
		content    = "          content: {application/json: {schema: {type: object}}}\n"
		shared     = "  responses:\n    R:\n      description: x\n      content: {application/json: {schema: {type: object}}}\n"
	)
	for _, tt := range []struct {
		name, old, new string
		pointer, rule  string
	}{
		{"OpenAPI 3.0", "openapi: 3.1.0", "openapi: 3.0.3", "/openapi", "the version is 3.1"},
		{"no OpenAPI version", "openapi: 3.1.0\n", "", "/openapi", "the version is 3.1"},
		{"missing description", "          description: 204 No Content response.\n", "          x-description: 204\n", deletePointer + "/responses/204", "valid OpenAPI 3.1"},
		{"wrong type", "type: integer\n          description: Error code.", "type: intger\n          description: Error code.", "/components/schemas/CompatibilityErrorResponse/properties/code/type", "valid OpenAPI 3.1"},
		{"optional path parameter", "required: true", "required: false", deletePointer + "/parameters/0/required", "valid OpenAPI 3.1"},
		{"path parameter not in the path", "name: CallSid", "name: OtherSid", whole, "must define exactly all path parameters (missing: [CallSid OtherSid])"},

		{"merge key", responses, responses + "        '304': {<<: {description: x, content: {}}}\n", deletePointer + "/responses/304/<<", "no merge keys"},

		{"reference to nothing", "schemas/CompatibilityErrorResponse'", "schemas/Other'", deletePointer + "/responses/400/content/application~1json/schema/$ref", "a reference leads to something"},
		{"reference to a file", "'#/components/schemas/CompatibilityErrorResponse'", "'other.yaml#/X'", deletePointer + "/responses/400/content/application~1json/schema/$ref", "a reference leads to something"},

		{"Authorization parameter", parameters, parameters + "        - {name: Authorization, in: header, schema: {type: string}}\n", deletePointer + "/parameters/0", "no header parameter may be named Authorization"},
		{"accept parameter", parameters, parameters + "        - {name: accept, in: header, schema: {type: string}}\n", deletePointer + "/parameters/0", "no header parameter may be named accept"},
		{"content-type parameter", parameters, parameters + "        - {name: content-type, in: header, schema: {type: string}}\n", deletePointer + "/parameters/0", "no header parameter may be named content-type"},
		{"shared Authorization parameter", components, components + "  parameters:\n    A: {name: authorization, in: header, schema: {type: string}}\n", "/components/parameters/A", "no header parameter may be named authorization"},
		{"Accept of a path", "    delete:\n", "    parameters:\n      - {name: ACCEPT, in: header, schema: {type: string}}\n    delete:\n", strings.TrimSuffix(deletePointer, "/delete") + "/parameters/0", "no header parameter may be named ACCEPT"},
		{"shared Content-Type parameter", components, components + "  parameters:\n    T: {name: Content-Type, in: header, schema: {type: string}}\n", "/components/parameters/T", "no header parameter may be named Content-Type"},
		{"Authorization of a path", "    delete:\n", "    parameters:\n      - {name: AUTHORIZATION, in: header, schema: {type: string}}\n    delete:\n", strings.TrimSuffix(deletePointer, "/delete") + "/parameters/0", "no header parameter may be named AUTHORIZATION"},

		{"content under 204", "          description: 204 No Content response.\n", "          description: x\n" + content, deletePointer + "/responses/204/content", "status 204 has no content"},
		{"content under 205", responses, responses + "        '205':\n          description: x\n" + content, deletePointer + "/responses/205/content", "status 205 has no content"},
		{"content under 304", responses, responses + "        '304':\n          description: x\n" + content, deletePointer + "/responses/304/content", "status 304 has no content"},
		{"content under a number", responses, responses + "        304:\n          description: x\n" + content, deletePointer + "/responses/304/content", "status 304 has no content"},
		{"content behind a reference", responses, responses + "        '304': {$ref: '#/paths/~1Accounts~1{AccountSid}~1Conferences~1{ConferenceSid}~1Participants~1{CallSid}/delete/responses/400'}\n", deletePointer + "/responses/304/content", "status 304 has no content"},

		{"content of a shared response under 204", "        '204':\n          description: 204 No Content response.\n", "        '204': {$ref: '#/components/responses/R'}\n", deletePointer + "/responses/204/content", "status 204 has no content"},
		{"content of a shared response under 205", responses, responses + "        '205': {$ref: '#/components/responses/R'}\n", deletePointer + "/responses/205/content", "status 205 has no content"},
		{"content of a shared response under 304", responses, responses + "        '304': {$ref: '#/components/responses/R'}\n", deletePointer + "/responses/304/content", "status 304 has no content"},

		{"component name with a space", components, components + "  headers:\n    Rate Limit: {schema: {type: string}}\n", "/components/headers/Rate Limit", "the name of a component"},
		{"component name with a slash", components, components + "  headers:\n    a/b: {schema: {type: string}}\n", "/components/headers/a~1b", "the name of a component"},
		{"component name of two lines", components, components + "  headers:\n    \"a\\nb\": {schema: {type: string}}\n", "/components/headers/a b", "the name of a component"},

		{"no security", security, "", deletePointer + "/security", "every operation has a security requirement"},
		{"empty security", security, "      security: []\n", deletePointer + "/security", "every operation has a security requirement"},
		{"empty security at the root", paths, "security: []\n" + paths, "/security", "every operation has a security requirement"},
		{"empty requirement", "        - SignalWireBasicAuth: []\n", "        - {}\n", deletePointer + "/security/0", "an empty one lets everybody in"},
		{"optional security", "        - SignalWireBasicAuth: []\n", "        - SignalWireBasicAuth: []\n        - {}\n", deletePointer + "/security/1", "an empty one lets everybody in"},
		{"unknown scheme", "        - SignalWireBasicAuth: []\n", "        - Other: []\n", deletePointer + "/security/0/Other", "names a scheme of components/securitySchemes"},
		{"unknown scheme at the root", paths, "security:\n  - Other: []\n" + paths, "/security/0/Other", "names a scheme of components/securitySchemes"},

		{"no server", "servers:\n", "x-servers:\n", "/servers", serverRule},
		{"literal server", server, "https://example.signalwire.com/api/laml/2010-04-01", "/servers/0/url", serverRule},
		{"literal server with the name of a variable", server, "https://space_name.signalwire.com/api/laml/2010-04-01", "/servers/0/url", serverRule},
		{"other domain", server, "https://{space_name}.example.org/api", "/servers/0/url", serverRule},
		{"longer domain", server, "https://{space_name}.signalwire.com.example.org/api", "/servers/0/url", serverRule},
		{"domain with another end", server, "https://{space_name}.signalwire.com.evil.org/api/laml/2010-04-01", "/servers/0/url", serverRule},
		{"host that is only a variable", server, "https://{space_name}/api/laml/2010-04-01", "/servers/0/url", serverRule},
		{"user information", server, "https://{space_name}.signalwire.com@example.org/api", "/servers/0/url", serverRule},
		{"plain http", server, strings.Replace(server, "https", "http", 1), "/servers/0/url", serverRule},
		{"query", server, server + "?x", "/servers/0/url", serverRule},
		{"undeclared variable", "      space_name:\n", "      other:\n", "/servers/0/url", "is declared under variables"},
		{"another server", "servers:\n", "servers:\n  - url: https://example.org\n", "/servers/0/url", serverRule},
		{"empty list of servers", "servers:\n", "servers: []\nx-servers:\n", "/servers", serverRule},
		{"server of a path", "    delete:\n", "    servers:\n      - url: https://example.org\n    delete:\n", strings.TrimSuffix(deletePointer, "/delete") + "/servers/0/url", serverRule},
		{"server of an operation", security, security + "      servers:\n        - url: https://example.org\n", deletePointer + "/servers/0/url", serverRule},

		{"DELETE without 204", "        '204':\n          description: 204 No Content response.\n", "", deletePointer + "/responses", "a DELETE documents 204 as its only success"},
		{"DELETE with 200", responses, responses + "        '200': {description: x}\n", deletePointer + "/responses/200", "a DELETE documents 204 as its only success"},
		{"DELETE with 2XX", responses, responses + "        2XX: {description: x}\n", deletePointer + "/responses/2XX", "a DELETE documents 204 as its only success"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			contract := read(t, contractPath)
			broken := strings.Replace(contract, tt.old, tt.new, 1)
			require.NotEqual(t, contract, broken)
			if strings.HasSuffix(tt.name, "at the root") {
				broken = strings.Replace(broken, security, "", 1)
			}
			if strings.Contains(tt.name, "shared response") {
				broken = strings.Replace(broken, components, components+shared, 1)
			}
			output := write(t, "contract.yaml", "as it was")

			status, stdout, stderr := runProgram(t, "-o", output, write(t, "openapi.yaml", broken))

			require.Equal(t, 1, status, stdout)
			require.Contains(t, stderr, "does not become a contract")
			found := slices.ContainsFunc(strings.Split(stdout, "\n"), func(finding string) bool {
				return strings.HasPrefix(finding, tt.pointer+": ") && strings.Contains(finding, tt.rule)
			})
			require.True(t, found, "want %s: …%s…, got\n%s", tt.pointer, tt.rule, stdout)
			require.Equal(t, "as it was", read(t, output))
		})
	}
}

// TestGrownContract shows that the rules let other documents pass.
func TestGrownContract(t *testing.T) {
	t.Parallel()
	contract := read(t, contractPath)
	for name, edit := range map[string][2]string{
		"apiKey scheme":        {"  securitySchemes:\n", "  securitySchemes:\n    Key: {type: apiKey, in: header, name: Authorization}\n"},
		"query parameter":      {"      parameters:\n", "      parameters:\n        - {name: Accept, in: query, schema: {type: string}}\n"},
		"alias":                {"description: Error code.", "description: &d Error code.\n          title: *d"},
		"security at the root": {"paths:\n", "security:\n  - SignalWireBasicAuth: []\npaths:\n"},
		"header parameter":     {"      parameters:\n", "      parameters:\n        - {name: X-Request-Id, in: header, schema: {type: string}}\n"},
		"header of a response": {"          description: 204 No Content response.\n", "          description: x\n          headers: {Authorization: {schema: {type: string}}}\n"},
	} {
		grown := strings.Replace(contract, edit[0], edit[1], 1)
		require.NotEqual(t, contract, grown, name)
		status, stdout, stderr := runProgram(t, write(t, "openapi.yaml", grown))
		require.Zero(t, status, name+stdout+stderr)
	}
}

func TestUnnecessaryCorrection(t *testing.T) {
	t.Parallel()
	output := filepath.Join(t.TempDir(), "again.yaml")
	status, stdout, stderr := runProgram(t, "-overlay", correctionsPath, "-o", output, contractPath)
	require.Zero(t, status, stdout)
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	var corrections struct{ Actions []struct{ Target string } }
	require.NoError(t, yaml.Unmarshal([]byte(read(t, correctionsPath)), &corrections))
	require.Len(t, lines, len(corrections.Actions), "every correction of a corrected document")
	for i, action := range corrections.Actions {
		require.Equal(t, fmt.Sprintf("contract: %s: action %d (%s) changes nothing any more and can be removed",
			correctionsPath, i+1, action.Target), lines[i])
	}
	require.FileExists(t, output)

	overlay := write(t, "overlay.yaml", overlayHead+
		"  - {target: $.info, update: {title: other}}\n  - {target: $.nothing, remove: true}\n")
	status, stdout, stderr = runProgram(t, "-overlay", overlay, "-o", output, contractPath)
	require.Zero(t, status, stdout)
	require.Equal(t, "contract: "+overlay+": action 2 ($.nothing) changes nothing any more and can be removed\n", stderr)
	require.Contains(t, read(t, output), "title: other")
}

func TestBadInputs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, document, overlay, want string
	}{
		{"empty", "", "", "empty"},
		{"only a comment", "# nothing\n", "", "empty"},
		{"not YAML", "a: [", "", "not YAML"},
		{"HTML", "<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "", "not a mapping"},
		{"list", "- a\n", "", "not a mapping"},
		{"text", "hello\n", "", "not a mapping"},
		{"two documents", "a: 1\n---\nb: 2\n", "", "more than one YAML document"},
		{"only a start of a document", "---\n", "", "empty"},
		{"second document that is not YAML", "a: 1\n---\nb: [\n", "", "more than one YAML document"},
		{"HTML with a colon", "<html>\n<p>Error: 503</p>\n</html>\n", "", "not YAML"},
		{"binary", "\x00\xff", "", "not YAML"},
		{"duplicate key", "a: 1\na: 2\n", "", "already defined"},
		{"alias within its anchor", "a: &a {b: *a}\n", "", "contains itself"},
		{"truncated", "openapi: 3.1.0\npaths:\n  /a: {get: {resp", "", "not YAML"},
		{"overlay that is not YAML", "openapi: 3.1.0\n", "a: [", "overlay.yaml"},
		{"empty overlay", "openapi: 3.1.0\n", "# nothing\n", "overlay.yaml"},
		{"overlay that is a list", "openapi: 3.1.0\n", "- a\n", "overlay.yaml"},
		{"overlay of another kind", "openapi: 3.1.0\n", "openapi: 3.1.0\n", "overlay.yaml"},
		{"selector that does not parse", "openapi: 3.1.0\n", overlayHead + "  - {target: '$.[', remove: true}\n", "action 1 ($.[) cannot be applied, mend it there"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			output := write(t, "contract.yaml", "as it was")
			args := []string{"-o", output, write(t, "openapi.yaml", tt.document)}
			if tt.overlay != "" {
				args = append([]string{"-overlay", write(t, "overlay.yaml", tt.overlay)}, args...)
			}
			status, stdout, stderr := runProgram(t, args...)
			require.Equal(t, 1, status, stdout)
			require.Contains(t, stderr, tt.want)
			require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			require.Empty(t, stdout)
			require.Equal(t, "as it was", read(t, output))
		})
	}
	output := write(t, "contract.yaml", "as it was")
	for _, args := range [][]string{
		{"-o", output, "no-such-file.yaml"},
		{"-o", output, "-overlay", "no-such-file.yaml", documentPath},
	} {
		status, _, stderr := runProgram(t, args...)
		require.Equal(t, 1, status)
		require.Contains(t, stderr, "no-such-file.yaml")
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
		require.Equal(t, "as it was", read(t, output))
	}
	status, _, stderr := runProgram(t)
	require.Equal(t, 2, status)
	require.Contains(t, stderr, "usage:")
}
