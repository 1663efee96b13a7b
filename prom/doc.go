// Package prom shows Prometheus what s3pool's pools, clients and pacers count.
//
//	registry.MustRegister(
//		prom.NewPoolCollector(pool, "api"),
//		prom.NewClientCollector(client, "api"),
//		prom.NewPacerCollector(pacer, "api"),
//	)
//
// A collector asks for a snapshot at each scrape and keeps nothing in between. Its label
// "name" is the name it was made with, so that a program can have several of a kind. Metrics
// that a dashboard adds up are there from the beginning, with the value 0.
//
// It is a module of its own, since client_golang (the client of Prometheus's makers) is none
// of the library's dependencies.
package prom
