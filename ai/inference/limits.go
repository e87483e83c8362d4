package inference

import "time"

// Limits of flint's own; Cloudflare's are checked with the inputs of each task.
const (
	MaxInputBytes        = 32 << 20 // bytes of one request; past it the answer is 3006
	MaxScriptBytes       = 4 << 20  // bytes of one script file
	MaxShapeDepth        = 24       // nesting of a shape or schema that the generator follows
	MaxShapeNodes        = 5000     // values in a JSON schema, with every $ref followed
	MaxBudget            = 8 << 20  // of one answer that follows a shape: a byte written costs one, other steps by the time they take
	MaxSchemaBytes       = 1 << 20  // bytes of a JSON schema
	MaxSchemaRead        = 8 << 20  // bytes of a schema that are read, parts that are referred to again each time
	MaxSchemaVisits      = 150_000  // parts of a schema that an answer is checked against
	MaxPatternStates     = 20_000   // of one pattern, as a machine
	MaxExampleValues     = 20_000   // values of an example or a type in a prompt, with types followed
	MaxArrayItems        = 50       // elements of one generated array, unless a schema asks for more
	MaxGeneratedBytes    = 1 << 20  // bytes of one generated JSON answer
	MaxPromptRead        = 64 << 10 // bytes of a message that the generator reads for a shape and a topic: the last ones
	MaxPromptShown       = 280      // characters of the prompt drawn on an image
	MaxToolShown         = 1000     // characters of a tool's result that prose repeats
	MaxTypoWords         = 50       // words of a prompt that are compared for typing errors, to find the nearest script
	maxTexts             = 100      // texts in one embedding request, as documented
	MaxTextsPerCall      = 1000     // texts in the requests of one call
	MaxEmbeddedBytes     = 32 << 10 // bytes of a text that its vector depends on: the first ones, as a model truncates a longer text
	MaxContexts          = 10_000   // texts that are ranked in one request
	MaxAnswerFileBytes   = 32 << 20 // bytes of a file that a script answers with
	MaxRecordingBytes    = 16 << 20 // bytes of one recorded answer
	MaxBackendBytes      = 64 << 20 // bytes of one answer of a backend
	MaxBatches           = 256      // batch requests whose answers are kept; the oldest is dropped first
	MaxBatchSize         = 10_000   // requests in one batch
	MaxBatchBytes        = 10 << 20 // bytes of the requests of one batch, as documented
	MaxBatchAnswerBytes  = 16 << 20 // bytes of the answers to one batch
	BatchStep            = 100      // requests of a batch that are answered each time it is asked for
	MaxSentences         = 400      // of one prose answer
	MaxPatternText       = 4 << 10  // bytes made from the pattern of a schema
	PatternTries         = 60       // to make a text that fits a pattern and its lengths
	SchemaTries          = 4        // to make a value that fits a schema
	MaxRefDepth          = 3        // times that one $ref is followed inside itself
	MaxTypeDepth         = 8        // of types that a prompt declares, one inside the other
	MaxColumns           = 1000     // of a CSV table
	MaxCells             = 400_000  // of a table in Markdown
	MaxMarkdownBytes     = 8 << 20  // bytes of a file that is converted to Markdown
	MaxHTMLDepth         = 80       // of elements; those deeper stand in the place of their parents
	MaxHTMLBlocks        = 12       // of quotes, lists and tables, one inside the other
	MaxQuestions         = 64       // of one decision
	MaxOptions           = 255      // of a choice among them
	maxModelName         = 200      // bytes; a longer name is like none
	MaxPixels            = 40_000_000
	MaxDecodedImageBytes = 64 << 20 // bytes of an image that flint decodes for its colours; of a larger one it only tells the size
	MaxSpeechBytes       = 24 << 20 // bytes of a WAV file that flint makes
	MaxGatewayLogs       = 1000     // calls through AI Gateway that can be asked for
	MaxDelay             = 10 * time.Minute

	ScriptCheckInterval   = 100 * time.Millisecond // how often the folders are checked for saved scripts
	BackendConnectTimeout = 5 * time.Second
	BackendIdleTimeout    = 2 * time.Minute // the longest wait for a backend's first or next byte
)

// Documented limits of images, in pixels.
// https://developers.cloudflare.com/workers-ai/models/stable-diffusion-xl-base-1.0/
const (
	MaxImageSide     = 2500 // lucid-origin's; most models take 256 to 2048
	DefaultImageSide = 512  // flint's choice: the models' own 1024 makes every share card four times as slow
)

// DefaultMaxTokens is how long prose gets when the request sets no max_tokens.
const DefaultMaxTokens = 256
