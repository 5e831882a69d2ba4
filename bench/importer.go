package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An importer is a program in a module of its own that removes one participant.
type importer struct {
	name, module, version string
	program               string
}

const (
	netHTTPProgram = `package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodDelete, "https://example.signalwire.com/", nil)
	if err != nil {
		panic(err)
	}
	request.SetBasicAuth("project", "token")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	var answer struct{ Message string }
	err = json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&answer)
	fmt.Println(response.Status, answer.Message, err)
}
`
	thisProgram = `package main

import (
	"context"
	"fmt"

	"example.com/signalwire"
)

func main() {
	client, err := signalwire.New("example", "project", "token")
	if err != nil {
		panic(err)
	}
	response, err := client.DeleteParticipantWithResponse(context.Background(),
		signalwire.AccountSid{}, signalwire.ConferenceSid{}, signalwire.CallSid{})
	fmt.Println(response, err)
}
`
	twilioProgram = `package main

import (
	"fmt"

	"github.com/twilio/twilio-go"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

func main() {
	client := twilio.NewRestClientWithParams(twilio.ClientParams{Username: "project", Password: "token"})
	fmt.Println(client.Api.DeleteParticipant("conference", "call", &api.DeleteParticipantParams{}))
}
`
	openaiProgram = `package main

import (
	"context"
	"fmt"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

func main() {
	client := openai.NewClient(option.WithAPIKey("token"))
	fmt.Println(client.Delete(context.Background(), "participant", nil, nil))
}
`
)

const module = "example.com/signalwire"

// ownDependencies are what an importer might have had before, at versions that
// were current in 2023.
var ownDependencies = map[string]string{
	"github.com/getkin/kin-openapi": "v0.120.0",
	"github.com/gin-gonic/gin":      "v1.9.1",
	"github.com/golang-jwt/jwt/v5":  "v5.0.0",
	"github.com/google/uuid":        "v1.3.1",
	"github.com/gorilla/mux":        "v1.8.0",
	"github.com/labstack/echo/v4":   "v4.11.1",
	"github.com/pkg/errors":         "v0.9.0",
	"github.com/stretchr/testify":   "v1.8.4",
	"github.com/tidwall/gjson":      "v1.16.0",
	"golang.org/x/net":              "v0.17.0",
	"golang.org/x/sys":              "v0.13.0",
	"golang.org/x/text":             "v0.13.0",
	"gopkg.in/yaml.v3":              "v3.0.0",
}

// An imported is what an importer gets.
type imported struct {
	size     int64 // linked
	packages int
	modules  int // in go.mod
	raised   map[string]string
}

// measureImporter builds an importer in a temporary directory.
func measureImporter(i importer) (imported, error) {
	var result imported
	this, err := filepath.Abs("..")
	if err != nil {
		return result, err
	}
	dir, err := os.MkdirTemp("", "importer")
	if err != nil {
		return result, err
	}
	defer os.RemoveAll(dir)
	goMod := "module importer\n\ngo 1.25.0\n\nrequire " + i.module + " " + i.version + "\nreplace " + module + " => " + this + "\n"
	if err := write(dir, map[string]string{"go.mod": goMod, "main.go": i.program}); err != nil {
		return result, err
	}
	if _, err := run(dir, "mod", "tidy"); err != nil {
		return result, err
	}
	if _, err := run(dir, "build", "-trimpath", "-o", "program", "."); err != nil {
		return result, err
	}
	program, err := os.Stat(filepath.Join(dir, "program"))
	if err != nil {
		return result, err
	}
	result.size = program.Size()
	packages, err := run(dir, "list", "-deps", ".")
	if err != nil {
		return result, err
	}
	result.packages = len(strings.Fields(packages))
	required, err := run(dir, "mod", "edit", "-json")
	if err != nil {
		return result, err
	}
	result.modules = strings.Count(required, `"Version"`)
	before, err := selected(dir, "module importer\n\ngo 1.25.0\n")
	if err != nil {
		return result, err
	}
	after, err := selected(dir, goMod)
	if err != nil {
		return result, err
	}
	result.raised = map[string]string{}
	for path := range ownDependencies {
		if before[path] != after[path] {
			result.raised[path] = before[path] + " → " + after[path]
		}
	}
	return result, nil
}

// selected returns the version of each module that Go selects for an importer
// with dependencies of its own.
func selected(dir, goMod string) (map[string]string, error) {
	for _, path := range slices.Sorted(maps.Keys(ownDependencies)) {
		goMod += "\nrequire " + path + " " + ownDependencies[path] + "\n"
	}
	if err := write(dir, map[string]string{"go.mod": goMod}); err != nil {
		return nil, err
	}
	list, err := run(dir, "list", "-mod=mod", "-m", "all")
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) >= 2 {
			versions[fields[0]] = fields[1]
		}
	}
	return versions, nil
}

func write(dir string, files map[string]string) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func run(dir string, args ...string) (string, error) {
	command := exec.Command("go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return string(out), nil
}

const netHTTPImporter = "net/http alone"

// importers measures, and returns what it found by name.
func (r *report) importers() (map[string]imported, error) {
	results := map[string]imported{}
	list := []importer{
		{netHTTPImporter, module, "v0.0.0", netHTTPProgram},
		{guarded, module, "v0.0.0", thisProgram},
		{twilio, "github.com/twilio/twilio-go", "", twilioProgram},
		{openaiV3, "github.com/openai/openai-go/v3", "", openaiProgram},
	}
	for _, i := range list {
		if i.version == "" {
			version, err := run(".", "list", "-m", "-f", "{{.Version}}", i.module)
			if err != nil {
				return nil, err
			}
			i.version = strings.TrimSpace(version)
		}
		var err error
		if results[i.name], err = measureImporter(i); err != nil {
			return nil, fmt.Errorf("%s: %w", i.name, err)
		}
	}

	r.line("## For an importer")
	r.line("A program in a module of its own that makes the call, against one that makes it with net/http, done properly. *Raised* are those of %d dependencies, required by the importer at versions of 2023, that Go selects in a newer version because of the client.", len(ownDependencies))
	base := results[netHTTPImporter]
	var rows [][]string
	for _, importer := range list[1:] {
		i := results[importer.name]
		rows = append(rows, []string{
			importer.name, mebibytes(i.size - base.size), fmt.Sprint(i.packages - base.packages),
			fmt.Sprint(i.modules - base.modules), raisedText(i.raised),
		})
	}
	r.table([]string{"client", "linked size, MiB more", "packages linked, more", "modules in go.mod, more", "raised"}, rows)
	return results, nil
}

func mebibytes(n int64) string {
	return strconv.FormatFloat(float64(n)/(1<<20), 'f', 2, 64)
}

func raisedText(raised map[string]string) string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(raised)) {
		list = append(list, path+" "+raised[path])
	}
	if list == nil {
		return "none"
	}
	return strings.Join(list, ", ")
}
