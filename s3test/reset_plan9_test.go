package s3test_test

import "errors"

// connReset is the error of a connection that was reset, of which Plan 9 has a text only.
var connReset = errors.New("i/o on hungup channel")
