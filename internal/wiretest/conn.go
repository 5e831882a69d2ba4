package wiretest

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// A Conn is the server's end of a connection. It is closed when its script returns.
type Conn struct {
	net.Conn
	Number int64 // counts the server's connections from 1
	Reader *bufio.Reader
	server *Server
}

// Next reads a request with its body, and returns nil if none comes any more.
func (c *Conn) Next() *http.Request {
	request, err := http.ReadRequest(c.Reader)
	if err != nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, request.Body); err != nil {
		return nil
	}
	c.server.countRequest()
	return request
}

// Say writes a text, and reports whether the other side still listens.
func (c *Conn) Say(text string) bool {
	_, err := io.WriteString(c, text)
	return err == nil
}

// Hold waits until the other side closes the connection.
func (c *Conn) Hold() { _, _ = io.Copy(io.Discard, c.Reader) }

// Reset closes the connection with a RST in place of a FIN.
func (c *Conn) Reset() {
	_ = c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
}
