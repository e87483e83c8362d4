package s3

import "time"

const (
	maxConns      = 16               // idle connections, and requests at once for one list
	maxNames      = 8 << 10          // keys that are remembered by their hashes
	maxMetadata   = 2 << 10          // bytes of names and values, S3's own limit
	maxUploads    = 10_000           // that a list of uploads looks at
	maxOwnText    = 4 << 10          // of an object of the driver's own
	answerTimeout = 30 * time.Second // to the head of an answer; MinIO takes its time to put parts together
	dialTimeout   = 3 * time.Second
	maxTries      = 2 // of a request, if its body can be sent anew
)
