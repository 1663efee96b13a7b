package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif" // formats that are read
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// maxPixels bounds the pictures that are decoded. A file of a few KB can
// declare thousands of millions of pixels; at 4 bytes each these make 256 MiB.
const maxPixels = 64 << 20

// tooManyPixelsError reports a picture of more than maxPixels.
type tooManyPixelsError struct{ width, height int }

func (e *tooManyPixelsError) Error() string {
	return fmt.Sprintf("the picture has %d × %d pixels; at most %d in all are accepted", e.width, e.height, maxPixels)
}

// noPictureError reports an object that is not a picture we can read.
type noPictureError struct{ err error }

func (e *noPictureError) Error() string { return "not a picture: " + e.err.Error() }
func (e *noPictureError) Unwrap() error { return e.err }

// A thumbnail is a picture that is ready to be sent.
type thumbnail struct {
	picture *image.RGBA
}

// shrink returns the picture in data, at most width pixels wide. It keeps
// nothing of data.
func shrink(data []byte, width int) (*thumbnail, error) {
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, &noPictureError{err}
	}
	if cfg.Width < 1 || cfg.Height < 1 {
		return nil, &noPictureError{fmt.Errorf("it has %d × %d pixels", cfg.Width, cfg.Height)}
	}
	if cfg.Width > maxPixels/cfg.Height {
		return nil, &tooManyPixelsError{cfg.Width, cfg.Height}
	}
	src, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, &noPictureError{err}
	}
	w, h := fit(src.Bounds().Dx(), src.Bounds().Dy(), width)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	// BiLinear looks at every source pixel, which ApproxBiLinear does not.
	draw.BiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	return &thumbnail{dst}, nil
}

// fit keeps the aspect ratio and does not enlarge.
func fit(w, h, width int) (int, int) {
	if w <= width {
		return w, h
	}
	return width, max(1, h*width/w)
}

// contentType prefers JPEG, which has no transparency.
func (t *thumbnail) contentType() string {
	if t.picture.Opaque() {
		return "image/jpeg"
	}
	return "image/png"
}

func (t *thumbnail) encode(w io.Writer) error {
	if t.picture.Opaque() {
		return jpeg.Encode(w, t.picture, &jpeg.Options{Quality: 85})
	}
	return png.Encode(w, t.picture)
}
