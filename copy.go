package s3pool

import (
	"io"

	"github.com/s3pool/s3pool/internal/mem"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

// Copy is [Pool.Copy] on [DefaultPool].
func Copy(dst io.Writer, src io.Reader) (int64, error) {
	return zerocopy.Copy((*mem.Pool)(defaultPool), dst, src)
}

// Copy copies src to dst until EOF or an error and returns what [io.Copy]
// returns: the bytes written, and the first error other than [io.EOF].
//
// It differs in what that costs. Where io.Copy makes a buffer, or reaches a
// ReadFrom or a WriteTo that makes one, Copy borrows a small block from the pool
// for the length of the call, outside the budget. And it takes the kernel's short cuts
// (sendfile, splice, copy_file_range) wherever io.Copy finds them, and where
// io.Copy misses them: from an [io.SectionReader] on a file, which is sent
// without moving the file's offset, and into an [http.ResponseWriter] or a
// [bufio.Writer]. Such a writer may hold bytes back afterwards, as after io.Copy:
// flush it.
//
// Ends of types that neither this package nor the standard library knows are used
// as io.Copy uses them: the source's WriteTo first, then the destination's
// ReadFrom. There are two exceptions. A struct with a Read or a Write of its own that
// embeds, say, an [os.File] is read and written through that, where io.Copy takes the
// WriteTo or ReadFrom of what is embedded. And a source that returns (0, nil) a hundred
// times in a row is [io.ErrNoProgress], except into a ReadFrom that is not ours.
func (p *Pool) Copy(dst io.Writer, src io.Reader) (int64, error) {
	return zerocopy.Copy(p.mem("Copy"), dst, src)
}
