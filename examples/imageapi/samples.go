package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"math/rand/v2"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// putSamples uploads a few pictures to try and returns their keys.
func putSamples(ctx context.Context, client *s3.Client, bucket string) ([]string, error) {
	uploader := s3pool.NewUploader(client)
	var keys []string
	for _, s := range []struct {
		key           string
		width, height int
		encode        func(*bytes.Buffer, image.Image) error
	}{
		{"photo.jpg", 2400, 1800, encodeJPEG}, // a MB or so
		{"albums/2026/small.jpg", 1000, 750, encodeJPEG},
		{"drawing.png", 800, 800, encodePNG},
	} {
		var file bytes.Buffer
		if err := s.encode(&file, paint(s.width, s.height)); err != nil {
			return nil, fmt.Errorf("paint %s: %w", s.key, err)
		}
		_, err := uploader.Upload(ctx, &s3.PutObjectInput{
			Bucket: aws.String(bucket),
			Key:    aws.String(s.key),
			Body:   bytes.NewReader(file.Bytes()),
		})
		if err != nil {
			return nil, fmt.Errorf("upload %s: %w", s.key, err)
		}
		keys = append(keys, s.key)
	}
	return keys, nil
}

func encodeJPEG(w *bytes.Buffer, m image.Image) error {
	return jpeg.Encode(w, m, &jpeg.Options{Quality: 92})
}

func encodePNG(w *bytes.Buffer, m image.Image) error { return png.Encode(w, m) }

// paint returns a gradient with some noise, which gives files of the size that
// photographs have.
func paint(width, height int) *image.RGBA {
	noise := rand.New(rand.NewPCG(1, 2))
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			n := noise.IntN(24)
			p := m.Pix[m.PixOffset(x, y):]
			p[0] = uint8(x*200/width + n)
			p[1] = uint8(y*200/height + n)
			p[2] = uint8(200 - x*200/width + n)
			p[3] = 255
		}
	}
	return m
}
