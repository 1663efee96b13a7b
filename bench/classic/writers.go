package classic

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/meter"
)

// Sizes of the writers that the server's two kinds of answers want.
const (
	smallWriter = 4 << 10
	largeWriter = 64 << 10
)

// Writers is one way to get a bufio.Writer for an answer.
type Writers struct {
	Name string
	Ours bool
	get  func(w io.Writer, size int) *bufio.Writer
	put  func(*bufio.Writer)
}

// AllWriters lists the ways.
func AllWriters() []Writers {
	return []Writers{
		{Name: "new for each request", get: bufio.NewWriterSize, put: func(*bufio.Writer) {}},
		wrongBucket(),
		onlySize(),
		{"s3pool, by their own size", true,
			func(w io.Writer, size int) *bufio.Writer { return s3pool.DefaultPool().GetBufioWriter(w, size) },
			func(w *bufio.Writer) { s3pool.DefaultPool().PutBufioWriter(w) }},
	}
}

// wrongBucket files writers by something else than their own size, so that the small and
// the large change places: whoever asks for a large writer gets a small one, and writes
// sixteen times as often; whoever asks for a small one finds none.
func wrongBucket() Writers {
	pools := map[int]*sync.Pool{smallWriter: {}, largeWriter: {}}
	other := map[int]int{smallWriter: largeWriter, largeWriter: smallWriter}
	return Writers{Name: "in the wrong pool", get: func(w io.Writer, size int) *bufio.Writer {
		if bw, ok := pools[size].Get().(*bufio.Writer); ok {
			bw.Reset(w)
			return bw
		}
		return bufio.NewWriterSize(w, size)
	}, put: func(bw *bufio.Writer) { pools[other[bw.Size()]].Put(bw) }}
}

// onlySize is what net/http does: one pool, and writers of another size are not used.
func onlySize() Writers {
	var pool sync.Pool
	return Writers{Name: "one pool, other sizes dropped", get: func(w io.Writer, size int) *bufio.Writer {
		if bw, ok := pool.Get().(*bufio.Writer); ok && bw.Size() == size {
			bw.Reset(w)
			return bw
		}
		return bufio.NewWriterSize(w, size)
	}, put: func(bw *bufio.Writer) { pool.Put(bw) }}
}

// WriterCost is what a request costs.
type WriterCost struct {
	Nanoseconds, Bytes, Allocs, Writes float64
}

// Measure serves a number of requests on one connection that is kept alive. Answers of 3 KiB,
// which want a writer of 4 KiB, take turns with answers of 192 KiB, which want one of 64 KiB.
func (ws Writers) Measure(requests int) (cost WriterCost, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return cost, err
	}
	defer ln.Close()
	var writes atomic.Int64
	served := make(chan error, 1)
	go func() { served <- ws.serve(ln, &writes) }()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return cost, err
	}
	buf := make([]byte, largeAnswer)
	ask := func(n int) error {
		for i := range n {
			kind, size := byte('s'), smallAnswer
			if i%2 == 1 {
				kind, size = 'l', largeAnswer
			}
			if _, err := conn.Write([]byte{kind}); err != nil {
				return err
			}
			if _, err := io.ReadFull(conn, buf[:size]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := ask(20); err != nil {
		return cost, errors.Join(err, conn.Close())
	}
	before, start := writes.Load(), meter.Read()
	err = ask(requests)
	used, n := meter.Since(start), float64(requests)
	cost = WriterCost{float64(used.Wall) / n, float64(used.Bytes) / n, float64(used.Allocs) / n, float64(writes.Load()-before) / n}
	return cost, errors.Join(err, conn.Close(), <-served)
}

const (
	smallAnswer = 3 << 10
	largeAnswer = 192 << 10
	piece       = 1 << 10 // a handler writes so much at a time
)

// serve answers the requests of one connection, of one byte each.
func (ws Writers) serve(ln net.Listener, writes *atomic.Int64) error {
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	counted := &countedWriter{conn, writes}
	var kind [1]byte
	text := make([]byte, piece)
	for {
		if _, err := conn.Read(kind[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		size, answer := smallWriter, smallAnswer
		if kind[0] == 'l' {
			size, answer = largeWriter, largeAnswer
		}
		bw := ws.get(counted, size)
		for range answer / piece {
			if _, err := bw.Write(text); err != nil {
				return fmt.Errorf("answer: %w", err)
			}
		}
		if err := bw.Flush(); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		ws.put(bw)
	}
}

type countedWriter struct {
	io.Writer
	n *atomic.Int64
}

func (w *countedWriter) Write(p []byte) (int, error) {
	w.n.Add(1)
	return w.Writer.Write(p)
}
