package direct

var (
	Settings  = settings
	ParseDate = parseDate
)
