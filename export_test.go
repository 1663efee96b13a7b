package s3pool

import "github.com/s3pool/s3pool/internal/check"

const (
	NumClasses   = numClasses
	MaxClassSize = maxClassSize
	ScratchSize  = scratchSize
)

var (
	ClassSize  = classSize
	ClassIndex = classIndex
	PeekChunk  = peekChunk
	TotalOf    = totalOf
)

// VerifyIdle takes every idle block out of the pool and, in debug builds, panics
// if one was written after its release.
func (p *Pool) VerifyIdle() {
	classes := []*class{&p.scratch}
	for i := range p.classes {
		classes = append(classes, &p.classes[i])
	}
	for _, c := range classes {
		for {
			b := c.takeIdle()
			if b == nil {
				break
			}
			if check.Enabled {
				b.assertUntouched()
			}
		}
	}
}

// SmallParts lets uploads have parts of less than S3's 5 MiB.
func SmallParts(o *Options) { o.minPart = 1 }
