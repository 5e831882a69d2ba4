//go:build interop

package interop

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/signalwire"
	"example.com/signalwire/internal/wiretest"
)

// newBackend starts what a proxy sends to. It carries out what handle lets pass.
func newBackend(t *testing.T, l *wiretest.Ledger, handle func(*http.Request)) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.Requests.Add(1)
		handle(r)
		l.CarryOut(r)
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// A proxy is a process that ends with the test, or after a minute.
type proxy struct{ dir, address string }

// find returns the path of a program. Without it, the test is skipped.
func find(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + program)
	}
	if err != nil {
		t.Skip(program + " is not installed")
	}
	return path
}

// versionOf returns a program's name and version. Without it, the test is skipped.
func versionOf(t *testing.T, program string) string {
	t.Helper()
	flag := "--version"
	if program == "nginx" {
		flag = "-v"
	}
	text, _ := exec.CommandContext(t.Context(), find(t, program), flag).CombinedOutput()
	return strings.TrimSpace(program + " " + regexp.MustCompile(`\d+(\.\d+)+`).FindString(string(text)))
}

// startProxy runs a proxy on a free port. It replaces LISTEN in the
// configuration and the arguments by the address, PORT by the port, and DIR by
// the directory of the files.
func startProxy(t *testing.T, configuration string, files map[string][]byte, program string, args ...string) *proxy {
	t.Helper()
	path := find(t, program)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{dir: t.TempDir(), address: listener.Addr().String()}
	require.NoError(t, listener.Close())
	replacer := strings.NewReplacer("LISTEN", p.address, "PORT", p.address[len("127.0.0.1:"):], "DIR", p.dir)
	require.NoError(t, os.WriteFile(p.file("proxy.conf"), []byte(replacer.Replace(configuration)), 0o600))
	for name, text := range files {
		require.NoError(t, os.WriteFile(p.file(name), text, 0o600))
	}
	for i, arg := range args {
		args[i] = replacer.Replace(arg)
	}
	command := exec.CommandContext(t.Context(), "timeout", append([]string{"60", path}, args...)...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second
	output := new(wiretest.Buffer)
	command.Stdout, command.Stderr = output, output
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Wait() // t.Context has ended it.
		if t.Failed() && output.String() != "" {
			t.Log(output)
		}
	})
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", p.address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}, 30*time.Second, 10*time.Millisecond, "%s does not listen", program)
	return p
}

func (p *proxy) file(name string) string { return filepath.Join(p.dir, name) }

// pid returns the process ID that the proxy writes into proxy.pid.
func (p *proxy) pid(t *testing.T) (pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		text, _ := os.ReadFile(p.file("proxy.pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(text)))
		return pid > 0
	}, 10*time.Second, 10*time.Millisecond, "the proxy does not say its process ID")
	return pid
}

// startNginx takes the lines of a server, and files that they name.
func startNginx(t *testing.T, server string, files map[string][]byte) *proxy {
	t.Helper()
	return startProxy(t, `
daemon off;
pid DIR/proxy.pid;
error_log stderr crit;
events {}
http {
	access_log off;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	server {
		`+server+`
	}
}
`, files, "nginx", "-p", "DIR", "-e", "stderr", "-c", "DIR/proxy.conf")
}

// startHaproxy takes the lines of the servers.
func startHaproxy(t *testing.T, servers string) *proxy {
	t.Helper()
	return startProxy(t, `
defaults
	mode http
	timeout connect 1s
	timeout client 10s
	timeout server 10s
	retries 0
listen api
	bind LISTEN
	balance roundrobin
	`+servers+`
`, nil, "haproxy", "-db", "-q", "-f", "DIR/proxy.conf")
}

func interopClient(t *testing.T, baseURL string, transport *http.Transport) *signalwire.ClientWithResponses {
	t.Helper()
	t.Cleanup(transport.CloseIdleConnections)
	return newClientAt(t, baseURL, &http.Client{Transport: transport})
}

const testProject = "6a1e8d52-0c4f-4b7e-9d0a-3f5b7c9e1d24"

var (
	testAccount    = must(signalwire.ParseAccountSid(testProject))
	testConference = must(signalwire.ParseConferenceSid("b5c6d7e8-9f01-4a2b-8c3d-4e5f60718293"))
	testCall       = must(signalwire.ParseCallSid("0f1e2d3c-4b5a-4968-8776-655443322110"))
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newClientAt(t *testing.T, baseURL string, httpClient signalwire.HttpRequestDoer) *signalwire.ClientWithResponses {
	t.Helper()
	client, err := signalwire.New("example", testProject, "token",
		signalwire.WithBaseURL(baseURL), signalwire.WithHTTPClient(httpClient))
	require.NoError(t, err)
	return client
}

// TestInteropNginxOutages has a backend that closes every connection for 60 ms
// of every 210, which nginx makes a 502.
func TestInteropNginxOutages(t *testing.T) {
	l := wiretest.NewLedger()
	backend := newBackend(t, l, func(*http.Request) {
		if time.Since(l.Began)%(210*time.Millisecond) < 60*time.Millisecond {
			panic(http.ErrAbortHandler)
		}
	})
	proxy := startNginx(t, "listen LISTEN; location / { proxy_pass http://"+backend+"; }", nil)

	l.RemoveAll(t, interopClient(t, "http://"+proxy.address, signalwire.NewTransport()), 32, 1_000)

	l.RequireTruth(t)
	require.GreaterOrEqual(t, l.Successes, 999)
}

// TestInteropHaproxyDeadBackend has haproxy respond 503 to every other request,
// because one of its two backends is dead.
func TestInteropHaproxyDeadBackend(t *testing.T) {
	for _, callers := range []int{16, 24, 32} {
		t.Run(strconv.Itoa(callers)+" callers", func(t *testing.T) {
			l := wiretest.NewLedger()
			backend := newBackend(t, l, func(*http.Request) {})
			proxy := startHaproxy(t, "server alive "+backend+"\n\tserver dead "+wiretest.RefusingAddress(t))

			l.RemoveAll(t, interopClient(t, "http://"+proxy.address, signalwire.NewTransport()), callers, 500)

			l.RequireTruth(t)
			require.GreaterOrEqual(t, l.Successes, 470, "go-resty, with 3 attempts, brings 94 % to a removal")
		})
	}
}

// TestInteropNginxReloads has nginx close its connections after 50 requests and
// replace its workers every 300 ms, none of which may cost a removal.
func TestInteropNginxReloads(t *testing.T) {
	authority := wiretest.NewAuthority(t)
	certificate := authority.Issue(t, nil)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	require.NoError(t, err)
	files := map[string][]byte{
		"certificate.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}),
		"key.pem":         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}
	for _, tt := range []struct{ name, scheme, listen string }{
		{"HTTP/1.1", "http", "listen LISTEN;"},
		{"HTTP/2.0", "https", "listen LISTEN ssl http2; ssl_certificate DIR/certificate.pem; ssl_certificate_key DIR/key.pem;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const calls = 3_000
			l := wiretest.NewLedger()
			backend := newBackend(t, l, func(r *http.Request) {
				if r.Header.Get("X-Protocol") != tt.name {
					panic(http.ErrAbortHandler)
				}
				time.Sleep(10 * time.Millisecond)
			})
			proxy := startNginx(t, tt.listen+"keepalive_requests 50; location / { proxy_set_header X-Protocol $server_protocol; proxy_pass http://"+backend+"; }", files)
			master := proxy.pid(t)
			done, reloaded := make(chan struct{}), make(chan string)
			go func() {
				tick := time.NewTicker(300 * time.Millisecond)
				defer tick.Stop()
				for times := 0; ; times++ {
					select {
					case <-tick.C:
						_ = syscall.Kill(master, syscall.SIGHUP)
					case <-done:
						reloaded <- fmt.Sprintf("reloaded %d times", times)
						return
					}
				}
			}()

			l.RemoveAll(t, interopClient(t, tt.scheme+"://"+proxy.address, authority.Transport(t)), 8, calls)

			close(done)
			t.Log(<-reloaded)
			l.RequireTruth(t)
			require.Equal(t, calls, l.Successes)
		})
	}
}
