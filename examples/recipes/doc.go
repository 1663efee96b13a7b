// Package recipes has short answers to what new users look for. Each is a function and the
// test that it works: a size limit that answers 413, a proxy with a log, a backup of a tar
// stream that survives being killed. Tests without S3 are in synctest_test.go. Prometheus is an
// example of module prom.
package recipes
