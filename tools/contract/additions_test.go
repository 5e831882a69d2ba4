package contract

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// noAdditions is an overlay that adds nothing.
const noAdditions = overlayHead + "  - {target: $.nothing, remove: true}\n"

// The paths and ids of the additions.
var added = map[string]string{
	"/Accounts/{AccountSid}/Conferences":                              "list-all-conferences",
	"/Accounts/{AccountSid}/Conferences/{Sid}":                        "retrieve-conference",
	"/Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants": "list-all-participants",
	deletePath: "retrieve-participant",
}

// TestAdditionsAreTheVendors holds what the vendor's reference says of the four
// operations: their parameters, statuses and schemas.
func TestAdditionsAreTheVendors(t *testing.T) {
	t.Parallel()
	var contract struct {
		Paths      map[string]map[string]map[string]any
		Components struct{ Schemas map[string]map[string]any }
	}
	require.NoError(t, yaml.Unmarshal([]byte(firstContract(t)), &contract))
	schemas := contract.Components.Schemas
	const reference = "#/components/schemas/"
	ref := func(name string) object { return object{"$ref": reference + name} }

	page := []string{
		"Page: {default: 0, format: int32, minimum: 0, type: integer}",
		"PageSize: {default: 50, format: int32, maximum: 1000, minimum: 1, type: integer}",
		"PageToken: {type: string}",
	}
	for _, tt := range []struct {
		path, success string
		query         []string
		statuses      []string
	}{
		{"/Accounts/{AccountSid}/Conferences", "ConferenceListResponse", slices.Concat([]string{
			"DateCreated: {type: string}", "DateCreated<: {type: string}", "DateCreated>: {type: string}",
			"DateUpdated: {type: string}", "DateUpdated<: {type: string}", "DateUpdated>: {type: string}",
			"FriendlyName: {maxLength: 64, type: string}", "Status: {$ref: '#/components/schemas/ConferenceStatus'}",
		}, page), []string{"200", "400", "401", "422"}},
		{"/Accounts/{AccountSid}/Conferences/{Sid}", "ConferenceResponse", nil, []string{"200", "400", "401", "404"}},
		{"/Accounts/{AccountSid}/Conferences/{ConferenceSid}/Participants", "ConferenceParticipantListResponse", slices.Concat([]string{
			"Muted: {type: boolean}", "Hold: {type: boolean}",
		}, page), []string{"200", "400", "401", "404", "422"}},
		{deletePath, "ConferenceParticipantResponse", nil, []string{"200", "400", "401", "404"}},
	} {
		operation := contract.Paths[tt.path]["get"]
		require.Equal(t, added[tt.path], operation["operationId"])
		var query, path []string
		for _, each := range operation["parameters"].([]any) {
			parameter := each.(object)
			if parameter["in"] == "path" {
				path = append(path, "{"+parameter["name"].(string)+"}")
				require.Equal(t, object{"type": "string", "format": "uuid"}, parameter["schema"], tt.path)
				continue
			}
			require.Equal(t, false, parameter["explode"], tt.path)
			require.Equal(t, false, parameter["required"], tt.path)
			var schema yaml.Node
			require.NoError(t, schema.Encode(parameter["schema"]))
			schema.Style = yaml.FlowStyle
			text, err := yaml.Marshal(&schema)
			require.NoError(t, err)
			query = append(query, parameter["name"].(string)+": "+strings.TrimSpace(string(text)))
		}
		require.Equal(t, tt.query, query, tt.path)
		for _, name := range path {
			require.Contains(t, tt.path, name)
		}
		require.Len(t, path, strings.Count(tt.path, "{"), tt.path)
		responses := operation["responses"].(object)
		require.Equal(t, tt.statuses, slices.Sorted(maps.Keys(responses)), tt.path)
		for status, response := range responses {
			want := "CompatibilityErrorResponse"
			if status == "200" {
				want = tt.success
			}
			require.Equal(t, object{"application/json": object{"schema": ref(want)}}, response.(object)["content"], tt.path+" "+status)
		}
	}

	uuid, text, boolean := object{"allOf": []any{ref("uuid")}}, object{"type": "string"}, object{"type": "boolean"}
	number := object{"type": "integer", "format": "int32"}
	nullable := func(schema object) object { return object{"anyOf": []any{schema, object{"type": "null"}}} }
	allOf := func(name string) object { return object{"allOf": []any{ref(name)}} }
	listOf := func(noun, item string) object {
		return object{
			"uri": text, "first_page_uri": text, "next_page_uri": nullable(text), "previous_page_uri": nullable(text),
			"page": number, "page_size": number, noun: object{"type": "array", "items": ref(item)},
		}
	}
	conference := object{
		"sid": uuid, "account_sid": uuid, "date_created": text, "date_updated": text, "friendly_name": text,
		"status": allOf("ConferenceStatus"), "api_version": text, "region": text, "uri": text,
		"subresource_uris": allOf("ConferenceSubresourceUris"),
	}
	participant := object{
		"account_sid": uuid, "call_sid": uuid, "conference_sid": uuid, "call_sid_to_coach": nullable(ref("uuid")),
		"coaching": boolean, "end_conference_on_exit": boolean, "hold": boolean, "muted": boolean,
		"start_conference_on_enter": boolean, "date_created": text, "date_updated": text,
		"status": allOf("ParticipantStatus"), "uri": text,
	}
	for name, want := range map[string]object{
		"Conference": conference, "ConferenceResponse": conference,
		"ConferenceParticipant": participant, "ConferenceParticipantResponse": participant,
		"ConferenceSubresourceUris":         {"participants": text, "recordings": text},
		"ConferenceListResponse":            listOf("conferences", "Conference"),
		"ConferenceParticipantListResponse": listOf("participants", "ConferenceParticipant"),
	} {
		schema := schemas[name]
		properties := schema["properties"].(object)
		for _, property := range properties {
			delete(property.(object), "description")
		}
		require.Equal(t, want, properties, name)
		required := make([]string, 0)
		for _, each := range schema["required"].([]any) {
			required = append(required, each.(string))
		}
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), required, name)
		require.Equal(t, "object", schema["type"], name)
		require.Equal(t, object{"not": object{}}, schema["unevaluatedProperties"], name)
	}
	require.Equal(t, []any{"init", "in-progress", "completed"}, schemas["ConferenceStatus"]["enum"])
	require.Equal(t, []any{"completed", "in-progress"}, schemas["ParticipantStatus"]["enum"])
	require.Equal(t, "uuid", schemas["uuid"]["format"])
}

type object = map[string]any

// TestAdditionsLeaveTheRestAlone generates without the additions. Contract and
// code of the vendor's operation are the same, byte for byte.
func TestAdditionsLeaveTheRestAlone(t *testing.T) {
	t.Parallel()
	document := []byte(read(t, documentPath))
	with, err := Build(document, repository(nil), generator)
	require.NoError(t, err)
	without, err := Build(document, repository(map[string]string{additions: noAdditions}), generator)
	require.NoError(t, err)
	require.Empty(t, without.Findings)
	require.NotContains(t, string(without.Client), "ListAll")
	require.NotContains(t, string(without.Contract), "get:")

	operation := func(contract []byte) string {
		_, after, found := strings.Cut(string(contract), "  "+deletePath+":\n")
		require.True(t, found)
		after, _, _ = strings.Cut(after, "\n    get:\n")
		after, _, _ = strings.Cut(after, "\nservers:\n")
		return after
	}
	require.Contains(t, operation(with.Contract), "'400':")
	require.Equal(t, operation(without.Contract), operation(with.Contract))

	want, got := deletion(t, without.Client), deletion(t, with.Client)
	require.Greater(t, len(want), 10)
	require.Equal(t, want, got)
}

// deletion is the source text of every declaration about the DELETE, with its
// comments, by the order in which they come.
func deletion(t *testing.T, client []byte) (sources []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, "", client, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	source := func(node ast.Node, doc *ast.CommentGroup) string {
		begin := node.Pos()
		if doc != nil {
			begin = doc.Pos()
		}
		return string(client[files.Position(begin).Offset:files.Position(node.End()).Offset])
	}
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if text := source(d, d.Doc); strings.Contains(text, "DeleteParticipant") {
				sources = append(sources, text)
			}
		case *ast.GenDecl:
			ast.Inspect(d, func(node ast.Node) bool {
				if field, ok := node.(*ast.Field); ok && len(field.Names) == 1 && strings.HasPrefix(field.Names[0].Name, "DeleteParticipant") {
					sources = append(sources, source(field, field.Doc)) // Of an interface.
				}
				return true
			})
			if text := source(d, d.Doc); strings.Contains(text, "type DeleteParticipantResponse ") ||
				strings.Contains(text, "type CompatibilityErrorResponse ") {
				sources = append(sources, text)
			}
		}
	}
	return sources
}

// TestAdditionsTwice applies all overlays to their own result.
func TestAdditionsTwice(t *testing.T) {
	t.Parallel()
	once, err := Build([]byte(read(t, documentPath)), repository(nil), generator)
	require.NoError(t, err)
	_, body, _ := bytes.Cut(once.Contract, []byte("\n")) // Without the header, which Build writes.
	twice, err := Build(body, repository(nil), generator)
	require.NoError(t, err)
	require.Equal(t, string(once.Contract), string(twice.Contract))
	require.Equal(t, string(once.Client), string(twice.Client))
}

// TestAdditionsStepBack gives documents that have the operations themselves. The
// additions are reported as unnecessary, and the client stays as it is.
func TestAdditionsStepBack(t *testing.T) {
	t.Parallel()
	page := firstContract(t)
	source := page
	for _, id := range added {
		source = strings.Replace(source, "operationId: "+id+"\n", "operationId: "+strings.ReplaceAll(id, "-", "_")+"\n", 1)
	}
	source = strings.NewReplacer(
		"operationId: delete-participant", "operationId: delete_participant",
		"      security:\n        - SignalWireBasicAuth: []\n", "",
		"\nservers:\n", "\nsecurity:\n  - SignalWireBasicAuth: []\nservers:\n",
	).Replace(source)

	ours, err := Build([]byte(read(t, documentPath)), repository(nil), generator)
	require.NoError(t, err)
	require.NotContains(t, source, "operationId: list-")
	for name, document := range map[string]string{"page": page, "source": source} {
		result, err := Build([]byte(document), repository(nil), generator)
		require.NoError(t, err, name)
		require.Empty(t, result.Findings, name)
		require.Equal(t, string(ours.Client), string(result.Client), name)
		for path := range added {
			require.Equal(t, 1, strings.Count(strings.Join(result.Notices, "\n"), "['"+path+"'].get"), "%s: %s", name, path)
		}
	}
}

// TestAdditionsStepBackOneByOne gives documents that have one of the operations,
// in words of their own.
func TestAdditionsStepBackOneByOne(t *testing.T) {
	t.Parallel()
	for path, id := range added {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			tree, err := parse([]byte(read(t, documentPath)))
			require.NoError(t, err)
			overlay := overlayHead + "  - target: $.paths\n    update:\n      " + path + ":\n        get:\n          operationId: " + strings.ReplaceAll(id, "-", "_") +
				"\n          summary: the vendor's\n          parameters:\n"
			for _, name := range []string{"AccountSid", "Sid", "ConferenceSid", "CallSid"} {
				if strings.Contains(path, "{"+name+"}") {
					overlay += "            - {name: " + name + ", in: path, required: true, schema: {type: string, format: uuid}}\n"
				}
			}
			overlay += "          responses: {'200': {description: x, content: {application/json: {schema: {type: object, properties: {sid: {type: string}}}}}}}\n"
			_, err = apply("test", []byte(overlay), tree)
			require.NoError(t, err)
			document, err := encode(tree)
			require.NoError(t, err)

			result, err := Build(document, repository(nil), generator)
			require.NoError(t, err)
			require.Empty(t, result.Findings)
			require.Contains(t, string(result.Contract), "summary: the vendor's")
			for other, otherID := range added {
				reported := strings.Contains(strings.Join(result.Notices, "\n"), "['"+other+"'].get")
				require.Equal(t, other == path, reported, other)
				require.Equal(t, other != path, strings.Contains(string(result.Contract), "operationId: "+otherID+"\n"), other)
			}
		})
	}
}

// TestAdditionsOfAnotherError has a document that gives the error body a name of
// its own. The additions bring theirs.
func TestAdditionsOfAnotherError(t *testing.T) {
	t.Parallel()
	document := strings.ReplaceAll(read(t, documentPath), "CompatibilityErrorResponse", "Failure")
	result, err := Build([]byte(document), repository(nil), generator)
	require.NoError(t, err)
	require.Empty(t, result.Findings)
	require.Empty(t, result.Notices)
	require.Contains(t, string(result.Client), "JSON400 *Failure")
	require.Contains(t, string(result.Client), "JSON404 *CompatibilityErrorResponse")
}
