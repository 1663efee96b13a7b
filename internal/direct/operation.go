package direct

import (
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// An operation is what there is to know about one of S3's: where the fields of its input go
// in a request, and where those of its output come from.
type operation struct {
	name   string
	method string
	query  string       // the parameter that names it, "x-id", or nothing
	input  []inputField // by the index of the field
	output map[string]*outputField
	stream bool // the answer's body is the caller's
}

var (
	getObject = &operation{
		name: "GetObject", method: "GET", query: "GetObject", stream: true,
		input:  inputFields(reflect.TypeFor[s3.GetObjectInput](), getInput),
		output: outputFields(reflect.TypeFor[s3.GetObjectOutput]()),
	}
	headObject = &operation{
		name: "HeadObject", method: "HEAD",
		input:  inputFields(reflect.TypeFor[s3.HeadObjectInput](), getInput),
		output: outputFields(reflect.TypeFor[s3.HeadObjectOutput]()),
	}
)

// A place is where a field goes.
type place byte

const (
	nowhere place = iota // it is not known: the SDK
	inPath               // bucket and key, taken care of elsewhere
	inHeader
	inQuery
)

// An inputField is where a field of an input goes in a request.
type inputField struct {
	place       place
	name, lower string // of the header, or the query parameter
}

// getInput are the fields of GetObjectInput and HeadObjectInput. What is not here, and set,
// is the SDK's.
var getInput = map[string]inputField{
	"Bucket": {place: inPath},
	"Key":    {place: inPath},

	"ChecksumMode":         {place: inHeader, name: "X-Amz-Checksum-Mode"},
	"ExpectedBucketOwner":  {place: inHeader, name: "X-Amz-Expected-Bucket-Owner"},
	"IfMatch":              {place: inHeader, name: "If-Match"},
	"IfModifiedSince":      {place: inHeader, name: "If-Modified-Since"},
	"IfNoneMatch":          {place: inHeader, name: "If-None-Match"},
	"IfUnmodifiedSince":    {place: inHeader, name: "If-Unmodified-Since"},
	"Range":                {place: inHeader, name: "Range"},
	"RequestPayer":         {place: inHeader, name: "X-Amz-Request-Payer"},
	"SSECustomerAlgorithm": {place: inHeader, name: "X-Amz-Server-Side-Encryption-Customer-Algorithm"},
	"SSECustomerKey":       {place: inHeader, name: "X-Amz-Server-Side-Encryption-Customer-Key"},
	"SSECustomerKeyMD5":    {place: inHeader, name: "X-Amz-Server-Side-Encryption-Customer-Key-Md5"},

	"PartNumber":                 {place: inQuery, name: "partNumber"},
	"ResponseCacheControl":       {place: inQuery, name: "response-cache-control"},
	"ResponseContentDisposition": {place: inQuery, name: "response-content-disposition"},
	"ResponseContentEncoding":    {place: inQuery, name: "response-content-encoding"},
	"ResponseContentLanguage":    {place: inQuery, name: "response-content-language"},
	"ResponseContentType":        {place: inQuery, name: "response-content-type"},
	"ResponseExpires":            {place: inQuery, name: "response-expires"},
	"VersionId":                  {place: inQuery, name: "versionId"},
}

func inputFields(t reflect.Type, known map[string]inputField) []inputField {
	fields := make([]inputField, t.NumField())
	for i := range fields {
		f := known[t.Field(i).Name]
		f.lower = strings.ToLower(f.name)
		fields[i] = f
	}
	return fields
}
