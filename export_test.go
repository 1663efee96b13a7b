package s3pool

var (
	PeekChunk = peekChunk
	TotalOf   = totalOf
)

// Pieces returns how many stretches b has been written in.
func Pieces(b *WriteAtBuffer) int { return len(b.written) }
