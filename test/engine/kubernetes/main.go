// Pulumi's Kubernetes provider, from its Go module.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// Both lie in the module's own command; the build maps them here.

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var mapping []byte

// Set by the linker: the version that the program's SDK asks for.
var version = "4.0.0"

func main() {
	provider.Serve("kubernetes", version, schema, mapping)
}
