package s3pool

const PumpSize = pumpSize

var (
	ReaderBehind = readerBehind
	WriterBehind = writerBehind
)
