package ai

// Limits of flint's own; Cloudflare's are checked with the inputs of each task.
const (
	MaxInput       = 32 << 20 // bytes of one request; past it the answer is 3006
	maxScriptBytes = 4 << 20  // bytes of one script file
	maxShapeDepth  = 24       // nesting of a shape or schema that the generator follows
	maxShapeNodes  = 5000     // values in a JSON schema, with every $ref followed
	maxItems       = 50       // elements of one generated array, unless a schema asks for more
	maxGenerated   = 1 << 20  // bytes of one generated JSON answer
	maxRead        = 64 << 10 // bytes of a message that the generator reads for a shape and a topic: the last ones
	maxPromptShown = 280      // characters of the prompt drawn on an image
	maxTexts       = 100      // texts in one embedding request, as documented
)

// Documented limits of images, in pixels.
// https://developers.cloudflare.com/workers-ai/models/stable-diffusion-xl-base-1.0/
const (
	minSide     = 256
	maxSide     = 2048
	defaultSide = 512 // flint's choice: the models' own 1024 makes every share card four times as slow
)

// DefaultMaxTokens is how long prose gets when the request sets no max_tokens.
const DefaultMaxTokens = 256
