package contract

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRenameComponents(t *testing.T) {
	t.Parallel()
	document, err := parse([]byte(`
security: [{Basic Auth: []}]
a: {$ref: '#/components/schemas/A b'}
b: {$ref: '#/components/schemas/A%20b/properties/x'}
c: {$ref: '#/components/schemas/a~1b'}
d: {$ref: 'other.yaml#/components/schemas/A b'}
e: {$ref: '#/components/schemas/Good'}
f: {discriminator: {mapping: {x: A b, y: '#/components/schemas/A b', z: Good}}}
components:
  schemas: {A b: {}, a/b: {}, Good: {}}
  securitySchemes: {Basic Auth: {}}
`))
	require.NoError(t, err)
	require.NoError(t, renameComponents(document.Content[0]))
	var got any
	require.NoError(t, document.Decode(&got))
	want, err := parse([]byte(`
security: [{Basic_Auth: []}]
a: {$ref: '#/components/schemas/A_b'}
b: {$ref: '#/components/schemas/A_b/properties/x'}
c: {$ref: '#/components/schemas/a_b'}
d: {$ref: 'other.yaml#/components/schemas/A b'}
e: {$ref: '#/components/schemas/Good'}
f: {discriminator: {mapping: {x: A_b, y: '#/components/schemas/A_b', z: Good}}}
components:
  schemas: {A_b: {}, a_b: {}, Good: {}}
  securitySchemes: {Basic_Auth: {}}
`))
	require.NoError(t, err)
	var wanted any
	require.NoError(t, want.Decode(&wanted))
	require.Equal(t, wanted, got)
}

// TestGoNames has two things with one name in Go, and names them apart in the Go
// overlay.
func TestGoNames(t *testing.T) {
	t.Parallel()
	document := read(t, "testdata/grown.yaml")
	const (
		calls  = "/paths/~1Accounts~1{AccountSid}~1Calls/get/"
		schema = "    uuid: {type: string, format: uuid}\n"
		name   = "properties: {sid: {$ref: '#/components/schemas/uuid'}, friendly_name: {type: string}}"
	)
	used := func(schema string) string {
		return "properties: {friendly_name: {$ref: '#/components/schemas/" + schema + "'}, sid: {$ref: '#/components/schemas/uuid'}}"
	}
	for _, tt := range []struct {
		name, old, new, more string
		want                 string // the place, and who has the name
		remedy               string // an action of the Go overlay
	}{
		{"ids", "operationId: list_calls", "operationId: list-accounts", "",
			calls + "operationId: in Go this has the name of /paths/~1Accounts/get/operationId; give it another operationId in api/go.overlay.yaml",
			"{target: \"$.paths['/Accounts/{AccountSid}/Calls'].get\", update: {operationId: calls}}"},
		{"id of a field", "operationId: list_calls", "operationId: server", "", calls + "operationId: in Go this has the name of a field of Client",
			"{target: \"$.paths['/Accounts/{AccountSid}/Calls'].get\", update: {operationId: calls}}"},
		{"id with the generator's suffix", "operationId: list_calls", "operationId: list_accounts_with_response", "", calls + "operationId: in Go this",
			"{target: \"$.paths['/Accounts/{AccountSid}/Calls'].get\", update: {operationId: calls}}"},
		{"properties", name, strings.Replace(name, "{sid", "{FriendlyName: {type: integer}, sid", 1), "",
			"/components/schemas/Account/properties/friendly_name: in Go this has the name of /components/schemas/Account/properties/FriendlyName; give it x-go-name",
			"{target: $.components.schemas.Account.properties.FriendlyName, update: {x-go-name: Nickname}}"},
		{"query parameters", "        - {name: duration_ms, ", "        - {name: durationMs, in: query, schema: {type: integer}}\n        - {name: duration_ms, ", "",
			"/paths/~1Accounts/get/parameters/2: in Go this has the name of /paths/~1Accounts/get/parameters/1; give it x-go-name",
			"{target: \"$.paths['/Accounts'].get.parameters[1]\", update: {x-go-name: Length}}"},
		{"enum values", "enum: [queued, ", "enum: [queued, in_progress, ", "",
			"/components/schemas/CallStatus/enum/3: in Go this has the name of /components/schemas/CallStatus/enum/1; give it x-enum-varnames",
			"{target: $.components.schemas.CallStatus, update: {x-enum-varnames: [Queued, Progress, Ringing, InProgress, Completed]}}"},
		{"our type", name, used("doer"), "    doer: {type: string}\n", "/components/schemas/doer: in Go this has the name of Doer in doer.go; give it x-go-name",
			"{target: $.components.schemas.doer, update: {x-go-name: Agent}}"},
		{"generated type", name, used("client_option"), "    client_option: {type: string}\n", "/components/schemas/client_option: in Go this has the name of the generated ClientOption",
			"{target: $.components.schemas.client_option, update: {x-go-name: Option}}"},
		{"schemas", name, used("call_status"), "    call_status: {type: string}\n", "/components/schemas/CallStatus: in Go this has the name of /components/schemas/call_status",
			"{target: $.components.schemas.call_status, update: {x-go-name: Word}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			clash := strings.Replace(strings.Replace(document, tt.old, tt.new, 1), schema, tt.more+schema, 1)
			require.NotEqual(t, document, clash)
			files := map[string]string{"doer.go": "package signalwire\n\ntype Doer struct{}\n"}
			result, err := Build([]byte(clash), repository(files), generator)
			require.NoError(t, err)
			require.Len(t, result.Findings, 1, "%s", result.Findings)
			require.True(t, strings.HasPrefix(result.Findings[0].String(), tt.want), result.Findings[0].String())
			require.Nil(t, result.Client)

			files[goOverlay] = read(t, "../../"+goOverlay) + "\n  - " + tt.remedy + "\n"
			result, err = Build([]byte(clash), repository(files), generator)
			require.NoError(t, err)
			require.Empty(t, result.Findings)
		})
	}
	unused := strings.Replace(document, schema, "    Doer: {type: string}\n"+schema, 1)
	result, err := Build([]byte(unused), repository(map[string]string{"doer.go": "type Doer struct{}\n"}), generator)
	require.NoError(t, err)
	require.Empty(t, result.Findings)
}
