module example.com/signalwire

go 1.25.0

// The code generator, oapi-codegen, is pinned in tools/go.mod and not by a tool
// line here: that would raise the versions of every importer's own
// dependencies to those of the generator.

require (
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/getkin/kin-openapi v0.152.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
	github.com/stretchr/testify v1.12.1 // indirect
)
