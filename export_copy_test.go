package s3pool

var (
	ReaderBehind = readerBehind
	WriterBehind = writerBehind
)
