package direct

// Off makes the clients of package transfer do without. Tests set it before they make any, to
// run once more through the SDK.
var Off bool
