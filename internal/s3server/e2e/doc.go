// Package e2e holds tests alone: of package transfer's client against real S3
// servers, versitygw and MinIO, over HTTP and HTTPS. It is here and not in the root
// module because of what the servers depend on.
//
// Every test runs on every server. Where servers differ, what each does is written
// down in a traits, as the tests have found it: an update of a server that changes
// it fails here, by name.
package e2e
