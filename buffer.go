package s3pool

import "github.com/s3pool/s3pool/internal/mem"

// A Buffer is a lease on pooled memory. The holder may pass it on, and must
// release it once.
type Buffer mem.Buffer

// Bytes returns the buffer's memory, of the length that was asked for. It is
// valid until Release. Bytes panics after Release.
func (b *Buffer) Bytes() []byte { return (*mem.Buffer)(b).Bytes() }

// Release gives the memory back. Nobody may touch it afterwards: the next holder
// has it already. A second Release panics.
func (b *Buffer) Release() { (*mem.Buffer)(b).Release() }
