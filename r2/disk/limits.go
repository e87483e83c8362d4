package disk

const (
	// MaxJournaled is the largest content that goes through the journal, in bytes:
	// writing more of it twice costs more than a transaction.
	MaxJournaled = 8 << 10
	// MaxUnsettled is how many keys the journal may have: one put waits for their
	// move into the table, 10 µs a key.
	MaxUnsettled = 1 << 10
	// maxRead is about how much of a bucket's rows stays in memory, in bytes; as
	// much again is about to be dropped.
	maxRead = 4 << 20
)
