package s3test

import (
	"crypto/md5"
	"encoding/base64"
	"net/http"
)

const ssec = "X-Amz-Server-Side-Encryption-Customer-"

// customerKey returns the MD5, in base64, of the SSE-C key in h, or "" if there is
// none.
func customerKey(h http.Header) (string, error) {
	algorithm, key, sum := h.Get(ssec+"Algorithm"), h.Get(ssec+"Key"), h.Get(ssec+"Key-Md5")
	if algorithm == "" && key == "" && sum == "" {
		return "", nil
	}
	if algorithm != "AES256" {
		return "", &apiError{status: 400, code: "InvalidEncryptionAlgorithmError",
			message: "The Encryption request you specified is not valid. Supported value: AES256."}
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(raw) != 32 {
		return "", invalidArgument(ssec+"Key", "", "The secret key was invalid for the specified algorithm.")
	}
	if digest := md5.Sum(raw); base64.StdEncoding.EncodeToString(digest[:]) != sum {
		return "", invalidArgument(ssec+"Key-Md5", sum, "The calculated MD5 hash of the key did not match the hash that was provided.")
	}
	return sum, nil
}

// checkSSEC returns an error unless h has the key that o asks for.
func checkSSEC(h http.Header, o *Object) error {
	sum, err := customerKey(h)
	switch {
	case err != nil:
		return err
	case sum == o.SSECustomerKeyMD5:
		return nil
	case o.SSECustomerKeyMD5 == "":
		return invalidRequest("The encryption parameters are not applicable to this object.")
	case sum == "":
		return invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	default:
		return errAccessDenied
	}
}

// setSSE says how something is encrypted.
func setSSE(h http.Header, customerKeyMD5 string) {
	if customerKeyMD5 == "" {
		h.Set("X-Amz-Server-Side-Encryption", "AES256")
		return
	}
	h.Set(ssec+"Algorithm", "AES256")
	h.Set(ssec+"Key-Md5", customerKeyMD5)
}
