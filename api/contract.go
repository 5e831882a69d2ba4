// Package api holds the contract that the client is generated from: the
// vendor's OpenAPI document with corrections.
package api

import _ "embed"

// Contract is contract.yaml, an OpenAPI 3.1 document in YAML. It is shared: do
// not change it.
//
//go:embed contract.yaml
var Contract []byte
