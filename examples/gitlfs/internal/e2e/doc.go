// Package e2e runs the whole program, as processes, against real git-lfs clients, PostgreSQL,
// HAProxy and Prometheus. There is nothing here but tests.
package e2e
