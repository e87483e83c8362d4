package ai

import "time"

// Limits of flint's own; Cloudflare's are checked with the inputs of each task.
const (
	MaxInput       = 32 << 20 // bytes of one request; past it the answer is 3006
	maxScriptBytes = 4 << 20  // bytes of one script file
	maxShapeDepth  = 24       // nesting of a shape or schema that the generator follows
	maxShapeNodes  = 5000     // values in a JSON schema, with every $ref followed
	maxWork        = 8 << 20  // of one answer that follows a shape: bytes written, and what stands for the time of other steps
	maxSchema      = 1 << 20  // bytes of a JSON schema
	maxSchemaRead  = 8 << 20  // bytes of a schema that are read, parts that are referred to again each time
	maxVisits      = 150_000  // parts of a schema that an answer is checked against
	maxStates      = 20_000   // of one pattern, as a machine
	maxExample     = 20_000   // values of an example or a type in a prompt, with types followed
	maxItems       = 50       // elements of one generated array, unless a schema asks for more
	maxGenerated   = 1 << 20  // bytes of one generated JSON answer
	maxRead        = 64 << 10 // bytes of a message that the generator reads for a shape and a topic: the last ones
	maxPromptShown = 280      // characters of the prompt drawn on an image
	maxToolShown   = 1000     // characters of a tool's result that prose repeats
	maxMistyped    = 50       // words of a prompt that are looked at for slips, to find the nearest script
	maxTexts       = 100      // texts in one embedding request, as documented
	maxTextsInAll  = 1000     // texts in the requests of one call
	maxEmbedded    = 32 << 10 // bytes of a text that its vector follows from: the first ones, as a model cuts what is too long
	maxContexts    = 10_000   // texts that are ranked in one request
	maxAnswerFile  = 32 << 20 // bytes of a file that a script answers with
	maxRecording   = 16 << 20 // bytes of one recorded answer
	maxBackend     = 64 << 20 // bytes of one answer of a backend
	maxBatches     = 256      // batch requests whose answers are kept; the oldest goes first
	maxBatchSize   = 10_000   // requests in one batch
	maxBatch       = 10 << 20 // bytes of the requests of one batch, as documented
	maxBatchAnswer = 16 << 20 // bytes of the answers to one batch
	batchStep      = 100      // requests of a batch that are answered each time it is asked for
	maxSentences   = 400      // of one prose answer
	maxPatternText = 4 << 10  // bytes made from the pattern of a schema
	patternTries   = 60       // to make a text that fits a pattern and its lengths
	schemaTries    = 4        // to make a value that fits a schema
	maxRefs        = 3        // times that one $ref is followed inside itself
	maxTypeDepth   = 8        // of types that a prompt declares, one inside the other
	maxColumns     = 1000     // of a CSV table
	maxCells       = 400_000  // of a table in Markdown
	maxMarkdown    = 8 << 20  // bytes of a file that is converted to Markdown
	maxHTMLDepth   = 80       // of elements; those deeper stand in the place of their parents
	maxHTMLBlocks  = 12       // of quotes, lists and tables, one inside the other
	maxQuestions   = 64       // of one decision
	maxOptions     = 255      // of a choice among them
	maxModelName   = 200      // bytes; a longer name is like none
	maxPixels      = 40_000_000
	maxDecoded     = 64 << 20 // bytes of an image that flint unpacks to see its colours; of a larger one it tells the size
	maxSpeech      = 24 << 20 // bytes of a WAV file that flint makes
	maxGatewayLogs = 1000     // calls through AI Gateway that can be asked for
	maxDelay       = 10 * time.Minute

	scriptsLookEvery = 100 * time.Millisecond // how soon a saved script counts
	backendConnect   = 5 * time.Second
	backendSilence   = 2 * time.Minute // the longest wait for a backend's first or next byte
)

// Documented limits of images, in pixels.
// https://developers.cloudflare.com/workers-ai/models/stable-diffusion-xl-base-1.0/
const (
	maxSide     = 2500 // lucid-origin's; most models take 256 to 2048
	defaultSide = 512  // flint's choice: the models' own 1024 makes every share card four times as slow
)

// DefaultMaxTokens is how long prose gets when the request sets no max_tokens.
const DefaultMaxTokens = 256
