package inference

import "time"

// Limits of flint's own; Cloudflare's are checked with the inputs of each task.
const (
	MaxInput       = 32 << 20 // bytes of one request; past it the answer is 3006
	MaxScriptBytes = 4 << 20  // bytes of one script file
	MaxShapeDepth  = 24       // nesting of a shape or schema that the generator follows
	MaxShapeNodes  = 5000     // values in a JSON schema, with every $ref followed
	MaxWork        = 8 << 20  // of one answer that follows a shape: bytes written, and what stands for the time of other steps
	MaxSchema      = 1 << 20  // bytes of a JSON schema
	MaxSchemaRead  = 8 << 20  // bytes of a schema that are read, parts that are referred to again each time
	MaxVisits      = 150_000  // parts of a schema that an answer is checked against
	MaxStates      = 20_000   // of one pattern, as a machine
	MaxExample     = 20_000   // values of an example or a type in a prompt, with types followed
	MaxItems       = 50       // elements of one generated array, unless a schema asks for more
	MaxGenerated   = 1 << 20  // bytes of one generated JSON answer
	MaxRead        = 64 << 10 // bytes of a message that the generator reads for a shape and a topic: the last ones
	MaxPromptShown = 280      // characters of the prompt drawn on an image
	MaxToolShown   = 1000     // characters of a tool's result that prose repeats
	MaxMistyped    = 50       // words of a prompt that are looked at for slips, to find the nearest script
	maxTexts       = 100      // texts in one embedding request, as documented
	MaxTextsInAll  = 1000     // texts in the requests of one call
	MaxEmbedded    = 32 << 10 // bytes of a text that its vector follows from: the first ones, as a model cuts what is too long
	MaxContexts    = 10_000   // texts that are ranked in one request
	MaxAnswerFile  = 32 << 20 // bytes of a file that a script answers with
	MaxRecording   = 16 << 20 // bytes of one recorded answer
	MaxBackend     = 64 << 20 // bytes of one answer of a backend
	MaxBatches     = 256      // batch requests whose answers are kept; the oldest goes first
	MaxBatchSize   = 10_000   // requests in one batch
	MaxBatch       = 10 << 20 // bytes of the requests of one batch, as documented
	MaxBatchAnswer = 16 << 20 // bytes of the answers to one batch
	BatchStep      = 100      // requests of a batch that are answered each time it is asked for
	MaxSentences   = 400      // of one prose answer
	MaxPatternText = 4 << 10  // bytes made from the pattern of a schema
	PatternTries   = 60       // to make a text that fits a pattern and its lengths
	SchemaTries    = 4        // to make a value that fits a schema
	MaxRefs        = 3        // times that one $ref is followed inside itself
	MaxTypeDepth   = 8        // of types that a prompt declares, one inside the other
	MaxColumns     = 1000     // of a CSV table
	MaxCells       = 400_000  // of a table in Markdown
	MaxMarkdown    = 8 << 20  // bytes of a file that is converted to Markdown
	MaxHTMLDepth   = 80       // of elements; those deeper stand in the place of their parents
	MaxHTMLBlocks  = 12       // of quotes, lists and tables, one inside the other
	MaxQuestions   = 64       // of one decision
	MaxOptions     = 255      // of a choice among them
	maxModelName   = 200      // bytes; a longer name is like none
	MaxPixels      = 40_000_000
	MaxDecoded     = 64 << 20 // bytes of an image that flint unpacks to see its colours; of a larger one it tells the size
	MaxSpeech      = 24 << 20 // bytes of a WAV file that flint makes
	MaxGatewayLogs = 1000     // calls through AI Gateway that can be asked for
	MaxDelay       = 10 * time.Minute

	ScriptsLookEvery = 100 * time.Millisecond // how soon a saved script counts
	BackendConnect   = 5 * time.Second
	BackendSilence   = 2 * time.Minute // the longest wait for a backend's first or next byte
)

// Documented limits of images, in pixels.
// https://developers.cloudflare.com/workers-ai/models/stable-diffusion-xl-base-1.0/
const (
	MaxSide     = 2500 // lucid-origin's; most models take 256 to 2048
	DefaultSide = 512  // flint's choice: the models' own 1024 makes every share card four times as slow
)

// DefaultMaxTokens is how long prose gets when the request sets no max_tokens.
const DefaultMaxTokens = 256
