package transfer

import "github.com/s3pool/s3pool/internal/part"

// preallocate gets the blocks for size bytes of the file. Small files are not worth it.
func (d *saving) preallocate(size int64) error {
	if size < blockSize {
		return nil
	}
	info, err := d.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil // WriteAt says what is wrong with the file
	}
	if int64(int(size)) == size {
		d.kept = part.Range{From: info.Size(), To: size}
	}
	return preallocate(d.file, size)
}

// wrote notes that a part is in the file, from its beginning on.
func (d *saving) wrote(from, to int64) {
	if d.kept.Len() <= 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.written.Add(int(from), int(to))
	d.length = max(d.length, to)
}

// giveBack gives back the blocks that a download which failed has not written. What the
// file had before is not touched.
func (d *saving) giveBack() {
	if d.whole || d.kept.Len() <= 0 {
		return
	}
	length := max(d.kept.From, d.length)
	d.written.Add(int(d.kept.To), int(d.kept.To)+1)
	d.written.Gaps(func(a, b int) {
		if a, b := max(int64(a), d.kept.From), min(int64(b), length); a < b {
			punch(d.file, a, b)
		}
	})
	// No file system need look for blocks behind the end of a file, but when it is cut there.
	if info, err := d.file.Stat(); err == nil && info.Size() == length {
		d.file.Truncate(length)
	}
}
