package main

import (
	"encoding/pem"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
)

// An api serves the API. It can stop, and start again at the same address.
type api struct {
	address  string // such as 127.0.0.1:0
	tlsFile  string // where the certificate goes, or "" for no TLS
	handler  http.Handler
	errorLog *log.Logger

	at *net.TCPAddr // where it listens, since it started for the first time

	mu     sync.Mutex
	server *httptest.Server // nil while it is stopped
}

func (a *api) start() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp", a.address)
	if err != nil {
		return err
	}
	if a.at == nil {
		a.at = listener.Addr().(*net.TCPAddr)
		a.address = a.at.String()
	}
	a.server = &httptest.Server{
		Listener: listener, EnableHTTP2: true,
		Config: &http.Server{Handler: a.handler, ErrorLog: a.errorLog},
	}
	if a.tlsFile == "" {
		a.server.Start()
		return nil
	}
	a.server.StartTLS()
	block := &pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw}
	return os.WriteFile(a.tlsFile, pem.EncodeToMemory(block), 0o600)
}

// stop makes it refuse connections, and cuts those that it has.
func (a *api) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.server == nil {
		return
	}
	_ = a.server.Listener.Close()
	a.server.CloseClientConnections()
	a.server.Close()
	a.server = nil
}

// url returns where clients find it.
func (a *api) url() string {
	if a.tlsFile != "" {
		return "https://" + reachable(a.at)
	}
	return "http://" + reachable(a.at)
}
