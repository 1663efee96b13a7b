package main

import (
	"runtime"
	"time"
)

// usage is what transfers have taken, or one on average.
type usage struct {
	wall  time.Duration
	cpu   time.Duration // of this process, system time included
	bytes float64       // allocated on the heap
	gcs   float64       // collections completed
}

func (u usage) per(n int) usage {
	return usage{
		wall:  u.wall / time.Duration(n),
		cpu:   u.cpu / time.Duration(n),
		bytes: u.bytes / float64(n),
		gcs:   u.gcs / float64(n),
	}
}

// A meter adds up what happens between start and stop.
type meter struct {
	total usage

	wall time.Time
	cpu  time.Duration
	mem  runtime.MemStats
}

// start and stop read the memory statistics, which stops the world, outside of
// what they measure.
func (m *meter) start() {
	runtime.ReadMemStats(&m.mem)
	m.cpu = cpuTime()
	m.wall = time.Now()
}

func (m *meter) stop() {
	m.total.wall += time.Since(m.wall)
	m.total.cpu += cpuTime() - m.cpu
	before := m.mem
	runtime.ReadMemStats(&m.mem)
	m.total.bytes += float64(m.mem.TotalAlloc - before.TotalAlloc)
	m.total.gcs += float64(m.mem.NumGC - before.NumGC)
}
