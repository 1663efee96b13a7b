package direct

import (
	"net/http"
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
	body   bool // the request has one
}

var (
	getObject = &operation{
		name: "GetObject", method: http.MethodGet, query: "GetObject", stream: true,
		input:  inputFields(reflect.TypeFor[s3.GetObjectInput](), getInput),
		output: outputFields(reflect.TypeFor[s3.GetObjectOutput]()),
	}
	headObject = &operation{
		name: "HeadObject", method: http.MethodHead,
		input:  inputFields(reflect.TypeFor[s3.HeadObjectInput](), getInput),
		output: outputFields(reflect.TypeFor[s3.HeadObjectOutput]()),
	}
	putObject = &operation{
		name: "PutObject", method: http.MethodPut, query: "PutObject", body: true,
		input:  inputFields(reflect.TypeFor[s3.PutObjectInput](), putInput),
		output: outputFields(reflect.TypeFor[s3.PutObjectOutput]()),
	}
	uploadPart = &operation{
		name: "UploadPart", method: http.MethodPut, query: "UploadPart", body: true,
		input:  inputFields(reflect.TypeFor[s3.UploadPartInput](), putInput),
		output: outputFields(reflect.TypeFor[s3.UploadPartOutput]()),
	}
)

// A place is where a field goes.
type place byte

const (
	nowhere place = iota // it is not known: the SDK
	inHeader
	inQuery
	isBucket
	isKey
	isBody
	isLength
	isMetadata
)

// An inputField is where a field of an input goes in a request.
type inputField struct {
	place       place
	name, lower string // of the header, or the query parameter
	ofDay       bool   // a time is written as ISO 8601 has it
}

// getInput are the fields of GetObjectInput and HeadObjectInput. What is not here, and set,
// is the SDK's.
var getInput = map[string]inputField{
	"Bucket": {place: isBucket},
	"Key":    {place: isKey},

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

// putInput are those of PutObjectInput and UploadPartInput.
var putInput = map[string]inputField{
	"Bucket":        {place: isBucket},
	"Key":           {place: isKey},
	"Body":          {place: isBody},
	"ContentLength": {place: isLength},
	"Metadata":      {place: isMetadata, name: "X-Amz-Meta-"},

	"PartNumber": {place: inQuery, name: "partNumber"},
	"UploadId":   {place: inQuery, name: "uploadId"},

	"ACL":                              {place: inHeader, name: "X-Amz-Acl"},
	"BucketKeyEnabled":                 {place: inHeader, name: "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled"},
	"CacheControl":                     {place: inHeader, name: "Cache-Control"},
	"ChecksumAlgorithm":                {place: inHeader, name: "X-Amz-Sdk-Checksum-Algorithm"},
	"ChecksumCRC32":                    {place: inHeader, name: "X-Amz-Checksum-Crc32"},
	"ChecksumCRC32C":                   {place: inHeader, name: "X-Amz-Checksum-Crc32c"},
	"ChecksumCRC64NVME":                {place: inHeader, name: "X-Amz-Checksum-Crc64nvme"},
	"ChecksumMD5":                      {place: inHeader, name: "X-Amz-Checksum-Md5"},
	"ChecksumSHA1":                     {place: inHeader, name: "X-Amz-Checksum-Sha1"},
	"ChecksumSHA256":                   {place: inHeader, name: "X-Amz-Checksum-Sha256"},
	"ChecksumSHA512":                   {place: inHeader, name: "X-Amz-Checksum-Sha512"},
	"ChecksumXXHASH128":                {place: inHeader, name: "X-Amz-Checksum-Xxhash128"},
	"ChecksumXXHASH3":                  {place: inHeader, name: "X-Amz-Checksum-Xxhash3"},
	"ChecksumXXHASH64":                 {place: inHeader, name: "X-Amz-Checksum-Xxhash64"},
	"ContentDisposition":               {place: inHeader, name: "Content-Disposition"},
	"ContentEncoding":                  {place: inHeader, name: "Content-Encoding"},
	"ContentLanguage":                  {place: inHeader, name: "Content-Language"},
	"ContentMD5":                       {place: inHeader, name: "Content-Md5"},
	"ContentType":                      {place: inHeader, name: "Content-Type"},
	"ExpectedBucketOwner":              {place: inHeader, name: "X-Amz-Expected-Bucket-Owner"},
	"Expires":                          {place: inHeader, name: "Expires"},
	"GrantFullControl":                 {place: inHeader, name: "X-Amz-Grant-Full-Control"},
	"GrantRead":                        {place: inHeader, name: "X-Amz-Grant-Read"},
	"GrantReadACP":                     {place: inHeader, name: "X-Amz-Grant-Read-Acp"},
	"GrantWriteACP":                    {place: inHeader, name: "X-Amz-Grant-Write-Acp"},
	"IfMatch":                          {place: inHeader, name: "If-Match"},
	"IfNoneMatch":                      {place: inHeader, name: "If-None-Match"},
	"ObjectLockEventHold":              {place: inHeader, name: "X-Amz-Object-Lock-Event-Hold"},
	"ObjectLockEventHoldDurationDays":  {place: inHeader, name: "X-Amz-Object-Lock-Event-Hold-Duration-Days"},
	"ObjectLockEventHoldDurationYears": {place: inHeader, name: "X-Amz-Object-Lock-Event-Hold-Duration-Years"},
	"ObjectLockLegalHoldStatus":        {place: inHeader, name: "X-Amz-Object-Lock-Legal-Hold"},
	"ObjectLockMode":                   {place: inHeader, name: "X-Amz-Object-Lock-Mode"},
	"ObjectLockRetainUntilDate":        {place: inHeader, name: "X-Amz-Object-Lock-Retain-Until-Date", ofDay: true},
	"RequestPayer":                     {place: inHeader, name: "X-Amz-Request-Payer"},
	"ServerSideEncryption":             {place: inHeader, name: "X-Amz-Server-Side-Encryption"},
	"SSECustomerAlgorithm":             {place: inHeader, name: "X-Amz-Server-Side-Encryption-Customer-Algorithm"},
	"SSECustomerKey":                   {place: inHeader, name: "X-Amz-Server-Side-Encryption-Customer-Key"},
	"SSECustomerKeyMD5":                {place: inHeader, name: "X-Amz-Server-Side-Encryption-Customer-Key-Md5"},
	"SSEKMSEncryptionContext":          {place: inHeader, name: "X-Amz-Server-Side-Encryption-Context"},
	"SSEKMSKeyId":                      {place: inHeader, name: "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"},
	"StorageClass":                     {place: inHeader, name: "X-Amz-Storage-Class"},
	"Tagging":                          {place: inHeader, name: "X-Amz-Tagging"},
	"WebsiteRedirectLocation":          {place: inHeader, name: "X-Amz-Website-Redirect-Location"},
	"WriteOffsetBytes":                 {place: inHeader, name: "X-Amz-Write-Offset-Bytes"},
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
