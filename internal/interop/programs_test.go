//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/signalwire/signalwiretest"
)

// A call is a request that a program is to send, and the response that is due.
type call struct {
	Method, URL, User string

	status      int
	contentType string // its beginning
	body        string // a part of it, or "" for none
	violates    bool   // the contract
}

// programs send calls one after the other. They write each body to a file of the
// directory, named by its number from 0, and print a line with status and type.
var programs = map[string]func(t *testing.T, calls []call) *exec.Cmd{
	"curl": func(t *testing.T, calls []call) *exec.Cmd {
		var config strings.Builder
		for i, c := range calls {
			if i > 0 {
				config.WriteString("next\n")
			}
			fmt.Fprintf(&config, "silent\nshow-error\nrequest = %q\nurl = %q\nuser = %q\noutput = \"%d\"\n", c.Method, c.URL, c.User, i)
			config.WriteString(`write-out = "%{http_code} %{content_type}\n"` + "\n")
		}
		command := exec.CommandContext(t.Context(), "curl", "--noproxy", "*", "--config", "-")
		command.Stdin = strings.NewReader(config.String())
		return command
	},
	"node": func(t *testing.T, calls []call) *exec.Cmd {
		input, err := json.Marshal(calls)
		require.NoError(t, err)
		command := exec.CommandContext(t.Context(), "node", "--eval", `
			const fs = require("fs");
			(async () => {
				for (const [i, c] of JSON.parse(fs.readFileSync(0)).entries()) {
					const headers = {Authorization: "Basic " + btoa(c.User)};
					const response = await fetch(c.URL, {method: c.Method, headers});
					fs.writeFileSync(String(i), await response.text());
					console.log(response.status, response.headers.get("content-type") ?? "");
				}
			})();`)
		command.Stdin = strings.NewReader(string(input))
		return command
	},
}

// TestInteropPrograms has programs of others speak to the test server.
func TestInteropPrograms(t *testing.T) {
	for program, send := range programs {
		t.Run(program, func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil {
				t.Skip(program + " is not installed")
			}
			version, err := exec.CommandContext(t.Context(), program, "--version").Output()
			require.NoError(t, err)
			const removed = 20
			srv := signalwiretest.NewServer(t)
			srv.OnViolation = func(error) {}
			conference, participants := srv.AddConference(removed + 3)
			first, stays := participants[0].String(), participants[removed].String()
			conferences := srv.URL + "/Accounts/" + srv.Account().String() + "/Conferences"
			list := conferences + "/" + conference.String() + "/Participants"
			user := srv.ProjectID() + ":" + srv.APIToken()
			const (
				isJSON, isHTML = "application/json", "text/html"
				apiError       = `"more_info":"https://`
			)
			calls := []call{
				{"GET", conferences, user, 200, isJSON, conference.String(), false},
				{"GET", conferences + "/" + conference.String(), user, 200, isJSON, conference.String(), false},
				{"GET", list + "?PageSize=1000", user, 200, isJSON, stays, false},
				{"GET", list + "/" + first, user, 200, isJSON, first, false},
				{"DELETE", list + "/" + stays, srv.ProjectID() + ":wrong", 401, isJSON, apiError, false},
				{"DELETE", list + "/" + uuid.NewString(), user, 404, isJSON, apiError, false},
				{"DELETE", list + "/CA123", user, 422, isJSON, apiError, true},
				{"DELETE", list + "/" + stays + "/", user, 404, isHTML, "<h1>", true},
				{"PATCH", list + "/" + stays, user, 404, isHTML, "<h1>", true},
			}
			for _, participant := range participants[:removed] {
				url := list + "/" + participant.String()
				calls = append(calls, call{"DELETE", url, user, 204, "", "", false}, call{"DELETE", url, user, 404, isJSON, apiError, false})
			}

			dir := t.TempDir()
			command := send(t, calls)
			command.Dir, command.Stderr = dir, t.Output()
			output, err := command.Output()
			require.NoError(t, err)
			lines := strings.Split(strings.TrimSuffix(string(output), "\n"), "\n")
			require.Len(t, lines, len(calls))
			wrong, provoked := 0, 0
			for i, c := range calls {
				body, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(i)))
				if c.status != 204 { // Then curl writes no file.
					require.NoError(t, err)
				}
				if !strings.HasPrefix(lines[i], fmt.Sprint(c.status, " ", c.contentType)) || !strings.Contains(string(body), c.body) || c.body == "" && len(body) > 0 {
					wrong++
					t.Errorf("%s %s: got %s, %s", c.Method, c.URL, lines[i], body)
				}
				if c.violates {
					provoked++
				}
			}
			t.Logf("%s %s: %d requests, %d removed, %d wrong responses, %d violations of which %d were provoked",
				program, regexp.MustCompile(`\d+(\.\d+)+`).Find(version),
				len(srv.Requests()), len(participants)-len(srv.Participants(conference)), wrong, len(srv.Violations()), provoked)
			require.Equal(t, participants[removed:], srv.Participants(conference))
			require.Len(t, srv.Requests(), len(calls))
			require.Len(t, srv.Violations(), provoked)
		})
	}
}
