package wiretest

import (
	"crypto/tls"
	"encoding/binary"
	"io"
)

// Frame types, flags and errors of HTTP/2 (RFC 9113, sections 6 and 7).
const (
	H2Headers, H2Reset, H2Settings, H2Ping, H2GoAway = 1, 3, 4, 6, 7
	H2Ack, H2EndStream, H2EndHeaders                 = 1, 1, 4
	H2NoError, H2InternalError, H2Refused, H2Cancel  = 0, 2, 7, 8
)

// An H2Conn is the server's end of an HTTP/2 connection. It acknowledges
// settings and, unless it is deaf, pings, and leaves requests to a script.
type H2Conn struct {
	*tls.Conn
	Number int64
	Deaf   bool
}

// Frame writes a frame.
func (c *H2Conn) Frame(kind, flags byte, stream uint32, payload ...byte) {
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind)), flags)
	frame = append(binary.BigEndian.AppendUint32(frame, stream), payload...)
	_, _ = c.Write(frame)
}

// NoContent responds 204.
func (c *H2Conn) NoContent(stream uint32) {
	c.Frame(H2Headers, H2EndStream|H2EndHeaders, stream, 0x89) // ":status: 204" in HPACK's static table.
}

// Reset resets a stream.
func (c *H2Conn) Reset(stream uint32, code byte) { c.Frame(H2Reset, 0, stream, 0, 0, 0, code) }

// GoAway says that no stream after the last one is processed.
func (c *H2Conn) GoAway(last uint32, code byte) {
	c.Frame(H2GoAway, 0, 0, append(binary.BigEndian.AppendUint32(nil, last), 0, 0, 0, code)...)
}

// SpeakH2 returns a script that calls another one for each request, until that
// returns false or the client closes the connection.
func SpeakH2(config *tls.Config, request func(c *H2Conn, stream uint32) bool) Script {
	config = config.Clone()
	config.NextProtos = []string{"h2"}
	return func(wire *Conn) {
		c := &H2Conn{Conn: tls.Server(wire.Conn, config), Number: wire.Number}
		preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		c.Frame(H2Settings, 0, 0)
		for {
			head := make([]byte, 9)
			if _, err := io.ReadFull(c, head); err != nil {
				return
			}
			payload := make([]byte, binary.BigEndian.Uint32(head)>>8)
			if _, err := io.ReadFull(c, payload); err != nil {
				return
			}
			switch kind, flags := head[3], head[4]; {
			case kind == H2Settings && flags&H2Ack == 0:
				c.Frame(H2Settings, H2Ack, 0)
			case kind == H2Settings:
				wire.server.Settled.Add(1)
			case kind == H2Ping && flags&H2Ack == 0 && !c.Deaf:
				c.Frame(H2Ping, H2Ack, 0, payload...)
			case kind == H2Headers:
				wire.server.countRequest()
				if !request(c, binary.BigEndian.Uint32(head[5:])) {
					return
				}
			}
		}
	}
}
