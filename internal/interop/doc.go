// Package interop has the client and the test server speak to programs of others,
// behind the build tag of its name. Run it by make interop.
package interop
