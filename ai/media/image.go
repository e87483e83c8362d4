package media

import (
	"bytes"
	"encoding/base64"
	"hash/fnv"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"strconv"
	"sync"

	"flint/ai/inference"
)

// picture is a request for an image, whatever model it is for.
type picture struct {
	prompt        string
	width, height int
	seed          int64
}

// ImageJob is the task Text-to-Image: a landscape that follows from the prompt
// and the seed, with the prompt written on it.
// https://developers.cloudflare.com/workers-ai/models/stable-diffusion-xl-base-1.0/
func ImageJob(known *inference.Model, in inference.Fields, seed int64) (*inference.Job, error) {
	p, err := parsePicture(in, seed)
	if err != nil {
		return nil, err
	}
	return &inference.Job{Prompt: p.prompt, Answer: func() (*inference.Answer, error) { return p.answer(known.Shape) }}, nil
}

func (p *picture) answer(shape string) (*inference.Answer, error) {
	canvas, err := p.paint()
	if err != nil {
		return nil, err
	}
	if shape == inference.ShapePNG {
		body, err := encodePNG(canvas)
		if err != nil {
			return nil, err
		}
		return &inference.Answer{ContentType: "image/png", Body: body, Source: inference.SourceGenerator}, nil
	}
	body, err := encodeJPEG(canvas)
	if err != nil {
		return nil, err
	}
	if shape == inference.ShapeJPEG {
		return &inference.Answer{ContentType: "image/jpeg", Body: body, Source: inference.SourceGenerator}, nil
	}
	out := struct {
		Image string `json:"image"`
	}{base64.StdEncoding.EncodeToString(body)}
	return inference.JSONAnswer(out, inference.Usage{}, inference.SourceGenerator)
}

func parsePicture(in inference.Fields, defaultSeed int64) (*picture, error) {
	prompt, err := in.RequiredText("prompt", "prompt")
	if err != nil {
		return nil, err
	}
	side := inference.Bounds{Min: 0, Max: inference.MaxImageSide}
	width, widthProblem := in.Number("width", "integer", side, inference.DefaultImageSide)
	height, heightProblem := in.Number("height", "integer", side, inference.DefaultImageSide)
	seed, seedProblem := in.Number("seed", "integer", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded}, float64(defaultSeed))
	for _, problem := range []string{widthProblem, heightProblem, seedProblem} {
		if problem != "" {
			return nil, inference.BadInput(problem)
		}
	}
	if width == 0 {
		width = inference.DefaultImageSide
	}
	if height == 0 {
		height = inference.DefaultImageSide
	}
	return &picture{prompt, int(width), int(height), int64(seed)}, nil
}

func (p *picture) hash() uint64 {
	h := fnv.New64a()
	h.Write([]byte(p.prompt + "\x00" + strconv.FormatInt(p.seed, 10)))
	return h.Sum64()
}

// pngBuffers keeps the encoder's work space between images.
type pngBuffers struct{ pool sync.Pool }

// Get implements png.EncoderBufferPool.
func (b *pngBuffers) Get() *png.EncoderBuffer {
	e, _ := b.pool.Get().(*png.EncoderBuffer)
	return e
}

// Put implements png.EncoderBufferPool.
func (b *pngBuffers) Put(e *png.EncoderBuffer) { b.pool.Put(e) }

// A palette and the fastest compression keep a 512×512 image well under 25 ms.
var pngEncoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &pngBuffers{}}

func encodePNG(canvas *image.Paletted) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(canvas.Pix) / 8)
	if err := pngEncoder.Encode(&b, canvas); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func encodeJPEG(canvas *image.Paletted) ([]byte, error) {
	full := image.NewRGBA(canvas.Rect) // the encoder has a fast path for it
	draw.Draw(full, full.Rect, canvas, image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, full, &jpeg.Options{Quality: 88}); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func rgb(r, g, b float64) color.RGBA {
	clamp := func(v float64) uint8 { return uint8(max(0, min(1, v))*255 + 0.5) }
	return color.RGBA{clamp(r), clamp(g), clamp(b), 255}
}
