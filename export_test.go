package s3pool

var (
	PeekChunk = peekChunk
	TotalOf   = totalOf
)
