// Package media makes and reads what is not text: images, speech and the audio
// that transcripts are made of. It sees colours and sizes and hears lengths, and
// it reads again what it has itself written into a file.
//
// https://developers.cloudflare.com/workers-ai/models/
package media
