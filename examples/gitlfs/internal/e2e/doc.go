// Package e2e runs the whole program, as processes, against real git-lfs clients, PostgreSQL,
// HAProxy and Prometheus. There is nothing here but tests.
//
// Files: main_test.go (the program as a process), client_test.go (git with git-lfs),
// cluster_test.go (what replicas share, and what must be there after a push), http_test.go,
// network_test.go (slow and broken ones), haproxy_test.go; firstrun, killed, locking, tokens,
// transfers, restart, memory, upkeep and prometheus are what is tried.
package e2e
