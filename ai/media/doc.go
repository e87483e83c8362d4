// Package media answers the tasks of images and sound: it paints images from
// prompts (image.go, paint.go, lettering.go), makes speech and transcripts
// (speech.go, audio.go), and describes images (vision.go, moondream.go,
// chat_images.go).
//
// An exported function checks the inputs of one task and returns an
// inference.Job. What flint tells of an image is what the pixels show: size,
// brightness, colours. Speech carries its text in a comment of the file, from
// which a transcript of the same file reads it back.
//
// All output follows from the inputs and the seed. It loads nothing from the
// network and knows no HTTP.
package media
