package journal

// Message is one message. It is kept small and without pointers, because a queue
// may hold a million of them: 64 bytes. Its body stays in the journal.
type Message struct {
	ID          [16]byte
	Seq         uint64 // place in the order of arrival
	SentMs      int64  // Unix ms, what the consumer sees
	DueMs       int64  // Unix ms from which it may be delivered, or at which its lease ends
	BodyAt      int64  // where in the journal the body is
	BodyBytes   uint32
	LagSeconds  uint32 // from sending to arrival in this queue (dead letters)
	Attempts    uint16
	Origin      uint16 // for the queue's use: which queue a dead letter comes from
	ContentType ContentType
	State       uint8 // for the queue's use; the journal does not look at it
}

// ContentType says how the body of a message is encoded. The numbers are part of
// the journal's format.
type ContentType uint8

// The content types of messages.
const (
	V8 ContentType = iota
	JSON
	Text
	Bytes
)

var contentTypes = [...]string{V8: "v8", JSON: "json", Text: "text", Bytes: "bytes"}

// String is the name of a content type in Cloudflare's APIs.
func (c ContentType) String() string { return contentTypes[c] }

// ParseContentType finds a content type by its name.
func ParseContentType(name string) (ContentType, bool) {
	for c, known := range contentTypes {
		if name == known {
			return ContentType(c), true
		}
	}
	return 0, false
}

// maxGapBytes is how many bytes between two bodies are read rather than skipped.
const maxGapBytes = 1 << 10

// ReadBodies calls f with the body of each message. Bodies that stand side by side,
// as most do, are read in one call; they are parts of larger buffers, which f may keep.
func (l *Log) ReadBodies(batch []*Message, f func(i int, body []byte) error) error {
	for i := 0; i < len(batch); {
		start := batch[i].BodyAt
		end := start + int64(batch[i].BodyBytes)
		j := i + 1
		for j < len(batch) && batch[j].BodyAt >= end && batch[j].BodyAt-end <= maxGapBytes {
			end = batch[j].BodyAt + int64(batch[j].BodyBytes)
			j++
		}
		buf := make([]byte, end-start)
		if len(buf) > 0 {
			if err := l.log.ReadAt(buf, start); err != nil {
				return err
			}
		}
		for ; i < j; i++ {
			at := batch[i].BodyAt - start
			if err := f(i, buf[at:at+int64(batch[i].BodyBytes)]); err != nil {
				return err
			}
		}
	}
	return nil
}
