// Package load measures the case that the project comes from: an API server that
// downloads whole objects into memory on the request path.
//
// Three processes take part. A range server of package server has the objects. An API
// server, a child of this process, downloads one object for each request in one of the
// [Ways], and answers with its size. This process is the clients. CPU, collections and
// memory are the API server's alone, read in it.
//
// Requests arrive in one of two manners. In an open loop they arrive at a fixed rate,
// whatever becomes of those before, and a request's latency counts from the moment at which
// it was due: a server that stands still for a second has a second's requests that are late,
// and not one. In a closed loop a number of clients ask again as soon as they are answered:
// that shows what a request costs, and says nothing of latency under a given load.
package load
