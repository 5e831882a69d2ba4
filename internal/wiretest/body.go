package wiretest

import (
	"context"
	"io"
)

// A CountingBody is a body of many bytes that counts how many are taken.
type CountingBody struct {
	Left, Taken int64
	Closed      bool
}

func (b *CountingBody) Read(p []byte) (int, error) {
	n := min(int64(len(p)), b.Left)
	if n == 0 {
		return 0, io.EOF
	}
	b.Left -= n
	b.Taken += n
	return int(n), nil
}

// Close notes that it was called.
func (b *CountingBody) Close() error { b.Closed = true; return nil }

// UntilDone returns a body that ends when the context does.
func UntilDone(ctx context.Context) io.Reader { return reader{ctx} }

type reader struct{ context.Context }

func (r reader) Read([]byte) (int, error) {
	<-r.Done()
	return 0, r.Err()
}
