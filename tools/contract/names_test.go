package contract

import (
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
