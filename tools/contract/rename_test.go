package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/signalwire/tools/yamldoc"
)

func TestRenameComponents(t *testing.T) {
	t.Parallel()
	document, err := yamldoc.Parse([]byte(`
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
	want, err := yamldoc.Parse([]byte(`
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

func TestRenameClash(t *testing.T) {
	t.Parallel()
	document := write(t, "openapi.yaml", "openapi: 3.1.0\ncomponents: {schemas: {A b: {}, A/b: {}}}\n")
	output := filepath.Join(t.TempDir(), "contract.yaml")
	status, stdout, stderr := runProgram(t, "-overlay", correctionsPath, "-o", output, document)
	require.Equal(t, 1, status)
	require.Empty(t, stdout)
	require.Contains(t, stderr, `/components/schemas: "A/b" would be renamed to "A_b", which is there already`)
	require.NoFileExists(t, output)
}
