package contract

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"gopkg.in/yaml.v3"
)

// generate makes the client from what forGenerator returns.
func generate(tree *yaml.Node, repository fs.FS, generator string) ([]byte, error) {
	input, err := encode(tree)
	if err != nil {
		return nil, err
	}
	configuration, err := configure(repository, generator)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", settings, err)
	}
	return runGenerator(input, configuration)
}

// configure reads the generator's settings, and the templates that they name.
func configure(repository fs.FS, generator string) (codegen.Configuration, error) {
	var file struct {
		codegen.Configuration `yaml:",inline"`
		Output                string `yaml:"output"` // Of the generator's command, which does not run here.
	}
	text, err := fs.ReadFile(repository, settings)
	if err != nil {
		return file.Configuration, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return file.Configuration, err
	}
	templates := file.OutputOptions.UserTemplates
	for name, template := range templates {
		// The generator would look for a file below the working directory, and
		// ask the network for one that is missing.
		if !strings.Contains(template, "\n") {
			content, err := fs.ReadFile(repository, template)
			if err != nil {
				return file.Configuration, err
			}
			template = string(content)
		}
		// To the generator, these two are the main module of this program.
		templates[name] = strings.ReplaceAll(template, "{{.ModuleName}} {{.Version}}", generator)
	}
	configuration := file.UpdateDefaults()
	return configuration, configuration.Validate()
}

// running is held while the generator runs, because it keeps state in a global
// variable.
var running sync.Mutex

func runGenerator(document []byte, configuration codegen.Configuration) ([]byte, error) {
	running.Lock()
	defer running.Unlock()
	// The generator changes what it is given, so each run loads it anew. The
	// loader follows no reference to another file.
	loaded, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, fmt.Errorf("loading the contract: %w", err)
	}
	client, err := codegen.Generate(loaded, configuration)
	if err != nil {
		return nil, fmt.Errorf("oapi-codegen: %w", err)
	}
	return []byte(client), nil
}
