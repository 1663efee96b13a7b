// Package page holds what a report shows, and draws it: as Markdown with pictures beside it,
// and as one HTML page that needs nothing else.
//
// A [Report] is data: everything that is drawn is in it, and nothing is measured here. So a
// report can be drawn again from its JSON, and whoever quotes a figure can be asked where
// in the JSON it stands.
package page
