package main

import (
	"encoding/json"
	"os"
)

// writeJSON writes the figures of the night, for reports.
func writeJSON(file string, w world, courses []course) error {
	type point struct {
		Minutes, Served, Refused float64 // since midnight; per second
		Partitions               int
	}
	type night struct {
		Keys, Client string
		Shards       int
		Due, Written int64
		Samples      []point
	}
	all := struct {
		Due     float64 // per second
		Courses []night
	}{Due: w.due() * w.slower}
	for _, c := range courses {
		n := night{Keys: c.keys(), Client: c.client, Shards: c.shards, Due: c.due, Written: c.written}
		for _, s := range c.samples {
			n.Samples = append(n.Samples, point{s.minutes, s.served, s.refused, s.partitions})
		}
		all.Courses = append(all.Courses, n)
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o666)
}
