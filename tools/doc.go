// Package tools pins the linters and benchmark tools of the project as tool
// directives of its go.mod, so that none of them is a dependency of the library.
package tools
