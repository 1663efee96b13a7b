package e2e_test

// traits is what servers do differently from each other.
type traits struct {
	// defaultChecksum: an object that was uploaded without a checksum has a
	// CRC64NVME, as in S3.
	defaultChecksum bool
	// fullRangeChecksum: the range bytes=0- comes with the object's checksum.
	fullRangeChecksum bool
	// ssec: objects are encrypted with the client's key, over HTTPS. A server that
	// cannot do that stores them without a word.
	ssec bool
	// versions: buckets keep them.
	versions bool
	// overwriteWaits: a PUT waits for the GETs of the object that are under way.
	overwriteWaits bool
}

var (
	versitygw = traits{defaultChecksum: true, fullRangeChecksum: true}
	minio     = traits{ssec: true, versions: true, overwriteWaits: true}
)
