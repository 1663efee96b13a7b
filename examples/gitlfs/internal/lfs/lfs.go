package lfs

import "time"

// MediaType is that of requests and responses.
const MediaType = "application/vnd.git-lfs+json"

// The operations of a batch.
const (
	Upload   = "upload"
	Download = "download"
)

// A BatchRequest asks how to transfer objects.
type BatchRequest struct {
	Operation string   `json:"operation"`
	Objects   []Object `json:"objects"`
	HashAlgo  string   `json:"hash_algo"`
}

// An Object is named by its content.
type Object struct {
	OID  string `json:"oid"`
	Size int64  `json:"size"`
}

// A BatchResponse says how, for every object of the request in its order.
type BatchResponse struct {
	Transfer string           `json:"transfer"`
	Objects  []ObjectResponse `json:"objects"`
	HashAlgo string           `json:"hash_algo"`
}

// An ObjectResponse has actions, an error, or, for content that is there already, neither.
type ObjectResponse struct {
	Object
	Authenticated bool              `json:"authenticated,omitempty"`
	Actions       map[string]Action `json:"actions,omitempty"`
	Error         *ObjectError      `json:"error,omitempty"`
}

// An Action is a request that the client is to make.
type Action struct {
	Href      string            `json:"href"`
	Header    map[string]string `json:"header,omitempty"`
	ExpiresIn int               `json:"expires_in"` // seconds
}

// An ObjectError has an HTTP status for its code.
type ObjectError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Fail returns the response of an object that cannot be transferred.
func (o Object) Fail(code int, message string) ObjectResponse {
	o.Size = max(o.Size, 0) // the contract has no negative sizes
	return ObjectResponse{Object: o, Error: &ObjectError{code, message}}
}

// A Lock is a file that one user alone may change.
type Lock struct {
	ID       string    `json:"id"`
	Path     string    `json:"path"`
	LockedAt time.Time `json:"locked_at"`
	Owner    Owner     `json:"owner"`
}

// An Owner is the name of a user.
type Owner struct {
	Name string `json:"name"`
}

// A LockRequest asks for a lock.
type LockRequest struct {
	Path string `json:"path"`
}

// An UnlockRequest releases one.
type UnlockRequest struct {
	Force bool `json:"force"`
}

// A VerifyLocksRequest asks for all locks before a push.
type VerifyLocksRequest struct {
	Cursor string `json:"cursor"`
	Limit  int    `json:"limit"`
}

// A LockResponse has a lock, and where it was somebody else's what is wrong.
type LockResponse struct {
	Lock      Lock   `json:"lock"`
	Message   string `json:"message,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// A LockList is a page of locks.
type LockList struct {
	Locks      []Lock `json:"locks"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// A VerifiedLocks is a page of locks, sorted by whose they are.
type VerifiedLocks struct {
	Ours       []Lock `json:"ours"`
	Theirs     []Lock `json:"theirs"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// A Problem is the body of every failure.
type Problem struct {
	Message          string `json:"message"`
	DocumentationURL string `json:"documentation_url,omitempty"`
	RequestID        string `json:"request_id,omitempty"`
}

// A Session is what git-lfs-authenticate prints.
type Session struct {
	Href      string            `json:"href"`
	Header    map[string]string `json:"header"`
	ExpiresIn int               `json:"expires_in"` // seconds
}
