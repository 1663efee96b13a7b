package direct

var Settings = settings
