package s3test

import (
	"net/http"
	"net/url"
)

// Operation returns the name of the S3 operation that r asks for, such as
// "GetObject" or "UploadPart", or "" if it is none that this package knows. It
// takes the bucket to be in the path, unless the host is below [Domain].
func Operation(r *http.Request) string {
	bucket, key := address(r)
	return operation(r.Method, bucket, key, r.URL.Query(), r.Header)
}

// subresources are the query parameters that change what is asked for.
var subresources = []string{
	"abac", "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
	"intelligent-tiering", "inventory", "legal-hold", "lifecycle", "list-type", "location",
	"logging", "metadataConfiguration", "metadataTable", "metrics", "notification",
	"object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock",
	"renameObject", "replication", "requestPayment", "restore", "retention", "select",
	"session", "tagging", "torrent", "uploadId", "uploads", "versioning", "versions", "website",
}

func operation(method, bucket, key string, q url.Values, h http.Header) string {
	sub := ""
	for _, name := range subresources {
		if q.Has(name) {
			sub = name
			break
		}
	}
	level := "object"
	switch {
	case bucket == "":
		level = "service"
	case key == "":
		level = "bucket"
	}
	switch level + " " + method + " " + sub {
	case "service GET ":
		return "ListBuckets"
	case "bucket GET ":
		return "ListObjects"
	case "bucket GET list-type":
		return "ListObjectsV2"
	case "bucket GET location":
		return "GetBucketLocation"
	case "bucket GET uploads":
		return "ListMultipartUploads"
	case "bucket GET versioning":
		return "GetBucketVersioning"
	case "bucket GET versions":
		return "ListObjectVersions"
	case "bucket GET session":
		return "CreateSession"
	case "bucket HEAD ":
		return "HeadBucket"
	case "bucket PUT ":
		return "CreateBucket"
	case "bucket PUT versioning":
		return "PutBucketVersioning"
	case "bucket DELETE ":
		return "DeleteBucket"
	case "bucket POST delete":
		return "DeleteObjects"
	case "object GET ":
		return "GetObject"
	case "object GET attributes":
		return "GetObjectAttributes"
	case "object GET uploadId":
		return "ListParts"
	case "object HEAD ":
		return "HeadObject"
	case "object PUT ":
		if h.Get("X-Amz-Copy-Source") != "" {
			return "CopyObject"
		}
		return "PutObject"
	case "object PUT uploadId":
		if h.Get("X-Amz-Copy-Source") != "" {
			return "UploadPartCopy"
		}
		return "UploadPart"
	case "object POST uploads":
		return "CreateMultipartUpload"
	case "object POST uploadId":
		return "CompleteMultipartUpload"
	case "object DELETE ":
		return "DeleteObject"
	case "object DELETE uploadId":
		return "AbortMultipartUpload"
	}
	return ""
}
