package queues

import (
	"net/http"
	"strconv"
	"time"

	"flint/internal/cferr"
)

// Codes of the message operations.
// https://developers.cloudflare.com/queues/reference/error-codes/
const (
	codeBatchDelay       = 10202
	codeMessageMetadata  = 10203
	codeMessageSize      = 10204
	codeBatchSize        = 10205
	codeBatchCount       = 10206
	codeBodySchema       = 10207
	codeBodyMalformed    = 10208
	codeStorageLimit     = 10251
	codeNoSuchQueue      = 11000
	codeBadName          = 11003
	codeHasConsumer      = 11004
	codeStillBound       = 11005
	codeQueueExists      = 11009
	codeConsumerSettings = 100127
	codeQueueSettings    = 100128

	codeInternal  = 15000
	causeInternal = "Unknown Internal Error"
)

func errMessageSize(n int) *cferr.Error {
	return cferr.Newf(http.StatusRequestEntityTooLarge, codeMessageSize,
		"message length of %d bytes exceeds limit of %d", n, MaxMessageBytes)
}

func errBatchedSize(n int) *cferr.Error {
	return cferr.Newf(http.StatusRequestEntityTooLarge, codeMessageSize,
		"message in batch has length %d bytes which exceeds single message size limit of %d", n, MaxMessageBytes)
}

func errBatchSize(n int) *cferr.Error {
	return cferr.Newf(http.StatusRequestEntityTooLarge, codeBatchSize,
		"batch size of %d bytes exceeds limit of %d", n, MaxBatchBytes)
}

func errBatchCount(n int) *cferr.Error {
	return cferr.Newf(http.StatusRequestEntityTooLarge, codeBatchCount,
		"batch message count of %d exceeds limit of %d", n, MaxBatchMessages)
}

var errEmptyBatch = cferr.New(http.StatusBadRequest, codeBatchCount, "batch must hold at least one message")

func errContentType(s string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeMessageMetadata,
		"message content type %s is invalid; if specified, must be one of 'text', 'json', 'bytes', or 'v8'", s)
}

func errDelay(code int, s string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, code,
		"message delay %s is invalid: it must be a whole number of seconds between 0 and %d", s, int(MaxDelay/time.Second))
}

func errDelayDuration(d time.Duration) *cferr.Error {
	return errDelay(codeMessageMetadata, strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
}

func errName(name string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeBadName,
		"queue name %q is invalid: 1 to %d letters, digits, hyphens and underscores, with a letter or digit at both ends", name, MaxQueueName)
}

func errNoQueue(name string) *cferr.Error {
	return cferr.Newf(http.StatusNotFound, codeNoSuchQueue, "queue %q does not exist", name)
}

func errExists(name string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, codeQueueExists, "queue name %q is already taken", name)
}

func errBacklog(name string, limit int64) *cferr.Error {
	return cferr.Newf(http.StatusTooManyRequests, codeStorageLimit,
		"Storage Limit Exceeded: queue %q is full, it holds at most %d bytes; consume or purge its messages first", name, limit)
}

// errPaused is the answer to a pull, as the page of pausing has it.
// https://developers.cloudflare.com/queues/configuration/pause-purge/
var errPaused = cferr.New(http.StatusConflict, codeQueueSettings, "queue_delivery_paused")

func errNoPull(name string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeConsumerSettings,
		"queue %q has no pull consumer; add one with `flint queues consumer http add %s`", name, name)
}

func errPullSize(n int) *cferr.Error {
	return errSchema("batch_size %d is invalid: it must be between 1 and %d", n, MaxBatchMessages)
}

func errVisibility(d time.Duration) *cferr.Error {
	return errSchema("visibility_timeout_ms %d is invalid: it must be between 0 and %d", d.Milliseconds(), MaxVisibility.Milliseconds())
}

func errRedriveSelf(name string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeQueueSettings, "queue %q cannot be redriven to itself", name)
}

// Warnings of Settle.
const (
	warnNoLease   = "not a lease of this queue"
	warnGone      = "the message is gone: it was acknowledged, purged or has expired, or it failed on every attempt"
	warnTwice     = "the message is named twice in this call; the first one counts"
	warnLeaseOver = "the lease has run out; the message is delivered again anyway"
)

func errHasConsumer(name string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, codeHasConsumer, "queue %q already has a consumer; a queue has only one", name)
}

func errNoConsumer(queue, id string) *cferr.Error {
	return cferr.Newf(http.StatusNotFound, codeConsumerSettings, "queue %q has no consumer with the id %q", queue, id)
}

func errDeclared(queue string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, codeConsumerSettings,
		"the consumer of queue %q is declared in a Wrangler file; change it there", queue)
}

func errStillBound(name string) *cferr.Error {
	return cferr.Newf(http.StatusConflict, codeStillBound, "queue %q still has a producer or a consumer; remove those first", name)
}

func errConsumer(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeConsumerSettings, format, args...)
}

func errSettings(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeQueueSettings, format, args...)
}

func errMalformed(what error) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeBodyMalformed, "the request body is not valid: %v", what)
}

func errSchema(format string, args ...any) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, codeBodySchema, format, args...)
}
