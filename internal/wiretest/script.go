package wiretest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
)

// A Script is what a server does with a connection.
type Script = func(*Conn)

// Responds gives every request the same response.
func Responds(text string) Script {
	return func(c *Conn) {
		for c.Next() != nil && c.Say(text) {
		}
	}
}

// ClosesAfter responds to one request, perhaps not to the end, and closes.
func ClosesAfter(text string) Script {
	return func(c *Conn) {
		c.Next()
		c.Say(text)
	}
}

// HoldsAfter responds to one request, perhaps not to the end, and falls silent.
func HoldsAfter(text string) Script {
	return func(c *Conn) {
		c.Next()
		c.Say(text)
		c.Hold()
	}
}

// KeepsSaying responds to one request without an end.
func KeepsSaying(start, more string) Script {
	return func(c *Conn) {
		c.Next()
		for ok := c.Say(start); ok; ok = c.Say(more) {
		}
	}
}

// SpeaksFirst waits for the client's first byte, says something that is not
// what the client came for, and falls silent.
func SpeaksFirst(text string) Script {
	return func(c *Conn) {
		_, _ = c.Reader.Peek(1)
		c.Say(text)
		c.Hold()
	}
}

// OverTLS returns a script that plays another one over TLS.
func OverTLS(config *tls.Config, script Script) Script {
	return func(c *Conn) {
		conn := tls.Server(c.Conn, config)
		if err := conn.Handshake(); err != nil {
			c.Hold() // Closing at once could destroy an alert that is on its way.
			return
		}
		script(&Conn{Conn: conn, Number: c.Number, Reader: bufio.NewReader(conn), server: c.server})
	}
}

// Tunnel responds to CONNECT by passing bytes between the client and an address.
func Tunnel(address string) Script {
	return func(c *Conn) {
		if r := c.Next(); r == nil || r.Method != http.MethodConnect {
			c.Say("HTTP/1.1 405 Method Not Allowed\r\n\r\n")
			return
		}
		far, err := net.Dial("tcp", address)
		if err != nil {
			c.Say("HTTP/1.1 502 Bad Gateway\r\n\r\n")
			return
		}
		c.Say("HTTP/1.1 200 Connected\r\n\r\n")
		var back sync.WaitGroup
		back.Go(func() {
			_, _ = io.Copy(c, far)
			c.Close()
		})
		_, _ = io.Copy(far, c.Reader)
		far.Close()
		back.Wait()
	}
}
