package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// falseSuccesses are responses to a DELETE that say nothing of a removal.
var falseSuccesses = []struct {
	name     string
	response http.HandlerFunc
}{
	{"301 to a 200 page", redirect(http.StatusMovedPermanently, "/page")},
	{"302 to a 200 page", redirect(http.StatusFound, "/page")},
	{"303 to a 204", redirect(http.StatusSeeOther, "/empty")},
	{"307 to a 204", redirect(http.StatusTemporaryRedirect, "/empty")},
	{"304", status(http.StatusNotModified)},
	{"200 with HTML", page},
	{"200 with nothing", status(http.StatusOK)},
	{"202", status(http.StatusAccepted)},
	{"404 with HTML", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "<html>No such space.</html>")
	}},
	{"503", func(w http.ResponseWriter, _ *http.Request) { respondError(w, http.StatusServiceUnavailable) }},
}

// reportsFalseSuccess tells whether a client reports a response as a removal.
func reportsFalseSuccess(c client, response http.HandlerFunc) bool {
	mux := http.NewServeMux()
	mux.HandleFunc("/page", page)
	mux.HandleFunc("/empty", status(http.StatusNoContent))
	mux.Handle("/", response)
	server := newServer(plain, mux)
	defer server.Close()
	remove, done := server.connect(c)
	defer done()
	removed, _ := remove(context.Background())
	return removed
}

func redirect(status int, location string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = io.WriteString(w, "<html>Sign in.</html>")
}

func (r *report) falseSuccesses() {
	r.line("## Success that was not one")
	r.line("Responses to the DELETE that do not say that the participant was removed, and whether the client told its caller that they do, or, like the floor, looked at nothing that would have told them.")
	head := []string{"response"}
	rows := make([][]string, len(falseSuccesses)+1)
	for i, f := range falseSuccesses {
		rows[i] = []string{f.name}
	}
	rows[len(falseSuccesses)] = []string{"**false successes**"}
	for _, c := range clients {
		head = append(head, c.name)
		count := 0
		for i, f := range falseSuccesses {
			cell := "–"
			if reportsFalseSuccess(c, f.response) {
				cell = "success"
				count++
			}
			rows[i] = append(rows[i], cell)
		}
		rows[len(falseSuccesses)] = append(rows[len(falseSuccesses)], fmt.Sprintf("**%d of %d**", count, len(falseSuccesses)))
	}
	r.table(head, rows)
}
