package media

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	_ "image/gif" // decoders of what Worker code may send
	"math"
	"math/rand/v2"

	_ "golang.org/x/image/webp"

	"flint/ai/generate"
	"flint/ai/inference"
)

// imageInfo is what flint can tell of an image from its pixels: size, brightness
// and colours, not what it shows.
type imageInfo struct {
	width, height int
	hash          uint64
	colors        []string // the names of the commonest colours, the commonest first; none of a very large image
	brightness    float64  // 0 to 1
}

// inspectImage decodes the image in a field.
func inspectImage(in inference.Fields, name string) (*imageInfo, error) {
	data, err := mediaOf(in, name)
	if err != nil {
		return nil, err
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, inference.InvalidData("/" + name + " is not a PNG, JPEG, GIF or WebP image")
	}
	if head.Width*head.Height > inference.MaxPixels {
		return nil, inference.InvalidData(fmt.Sprintf("/%s has %d × %d pixels; the most is %d in all", name, head.Width, head.Height, inference.MaxPixels))
	}
	h := fnv.New64a()
	h.Write(data)
	s := &imageInfo{width: head.Width, height: head.Height, hash: h.Sum64()}
	if head.Width*head.Height*pixelBytes(head.ColorModel, data) > inference.MaxDecodedImageBytes {
		return s, nil
	}
	decodeSlots <- struct{}{}
	defer func() { <-decodeSlots }()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, inference.InvalidData("/" + name + " is a damaged image: " + err.Error())
	}
	s.sampleColors(img)
	return s, nil
}

// decodeSlots bounds how many images are decoded at a time, each into at most
// MaxDecodedImage bytes.
var decodeSlots = make(chan struct{}, 2)

// pixelBytes is how much memory a decoder takes for a pixel.
func pixelBytes(model color.Model, data []byte) int {
	switch model {
	case color.YCbCrModel:
		if bytes.Contains(data, []byte("\xff\xc2")) {
			return 16 // a progressive JPEG: all its coefficients
		}
		return 3
	case color.GrayModel:
		return 1
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.Gray16Model:
		return 2
	}
	if _, ok := model.(color.Palette); ok {
		return 1
	}
	return 4
}

// sampleColors reads brightness and the two commonest colours from a grid of points.
func (s *imageInfo) sampleColors(img image.Image) {
	const grid = 24
	count := map[string]int{}
	b := img.Bounds()
	for y := range grid {
		for x := range grid {
			r, g, bl, _ := img.At(b.Min.X+x*b.Dx()/grid, b.Min.Y+y*b.Dy()/grid).RGBA()
			s.brightness += float64(r+g+bl) / (3 * 0xffff * grid * grid)
			count[colorName(float64(r)/0xffff, float64(g)/0xffff, float64(bl)/0xffff)]++
		}
	}
	for range 2 {
		best := ""
		for _, name := range colorNames {
			if count[name] > count[best] {
				best = name
			}
		}
		if best != "" {
			s.colors = append(s.colors, best)
			delete(count, best)
		}
	}
}

var colorNames = []string{"black", "white", "grey", "red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink"}

// colorName puts a colour into one of colorNames.
func colorName(r, g, b float64) string {
	high, low := max(r, g, b), min(r, g, b)
	switch {
	case high < 0.15:
		return "black"
	case high-low < 0.12 && low > 0.85:
		return "white"
	case high-low < 0.12:
		return "grey"
	}
	hue := 0.0
	switch high {
	case r:
		hue = math.Mod((g-b)/(high-low)+6, 6)
	case g:
		hue = (b-r)/(high-low) + 2
	default:
		hue = (r-g)/(high-low) + 4
	}
	at := int(hue * 60)
	for i, end := range []int{18, 42, 70, 165, 200, 255, 290, 345} {
		if at < end {
			return colorNames[3+i]
		}
	}
	return "red"
}

func (s *imageInfo) orientation() string {
	switch {
	case s.width > s.height*11/10:
		return "wide"
	case s.height > s.width*11/10:
		return "tall"
	}
	return "square"
}

// describe is a sentence about the image.
func (s *imageInfo) describe() string {
	if s.colors == nil {
		return fmt.Sprintf("A %s image of %d by %d pixels.", s.orientation(), s.width, s.height)
	}
	light := "dark"
	if s.brightness > 0.66 {
		light = "bright"
	} else if s.brightness > 0.33 {
		light = "evenly lit"
	}
	text := fmt.Sprintf("A %s, %s image of %d by %d pixels, mostly %s", s.orientation(), light, s.width, s.height, s.colors[0])
	if len(s.colors) > 1 {
		text += " and " + s.colors[1]
	}
	return text + "."
}

// DescriptionJob is the task Image-to-Text.
// https://developers.cloudflare.com/workers-ai/models/llava-1.5-7b-hf/
func DescriptionJob(known *inference.Model, in inference.Fields, seed int64) (*inference.Job, error) {
	prompt, problem := in.Text("prompt", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	if problem == "" && in.Has("messages") && prompt == "" {
		var turns []inference.Turn
		turns, problem = inference.ParseTurns(in)
		prompt = (&inference.TextRequest{Turns: turns}).Last("user")
	}
	most, tokensProblem := in.Number("max_tokens", "integer", inference.Bounds{Min: 1, Max: inference.Unbounded}, 512)
	for _, p := range []string{problem, tokensProblem} {
		if p != "" {
			return nil, inference.BadInput(p)
		}
	}
	s, err := inspectImage(in, "image")
	if err != nil {
		return nil, err
	}
	return &inference.Job{Prompt: prompt, Answer: func() (*inference.Answer, error) {
		text := s.describe()
		if prompt != "" {
			done, err := generate.Generate(&inference.TextRequest{Model: known.Name, Seed: seed ^ int64(s.hash), Turns: []inference.Turn{{Role: "user", Content: prompt}}})
			if err != nil {
				return nil, err
			}
			text += " " + done.Text
		}
		text, _ = inference.TruncateTokens(text, int(most))
		return inference.JSONAnswer(map[string]string{"description": text}, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

// inspectImageInput reads the inputs of the tasks that take an image and nothing else.
func inspectImageInput(in inference.Fields) (*imageInfo, *rand.Rand, error) {
	s, err := inspectImage(in, "image")
	if err != nil {
		return nil, nil, err
	}
	return s, rand.New(rand.NewPCG(s.hash, 0x6c6f6f6b)), nil
}

// LabelsJob is the task Image Classification: five labels, from most to least likely.
// https://developers.cloudflare.com/workers-ai/models/resnet-50/
func LabelsJob(_ *inference.Model, in inference.Fields) (*inference.Job, error) {
	_, rng, err := inspectImageInput(in)
	if err != nil {
		return nil, err
	}
	return &inference.Job{Prompt: "", Answer: func() (*inference.Answer, error) {
		b, err := generate.Bank()
		if err != nil {
			return nil, err
		}
		out, left := make([]generate.Label, 0, 5), 1.0
		for _, at := range rng.Perm(len(b.Classes))[:5] {
			score := left * (0.5 + 0.4*rng.Float64())
			left -= score
			out = append(out, generate.Label{Label: b.Classes[at], Score: score})
		}
		return inference.JSONAnswer(out, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

type box struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
	Box   struct {
		XMin int `json:"xmin"`
		YMin int `json:"ymin"`
		XMax int `json:"xmax"`
		YMax int `json:"ymax"`
	} `json:"box"`
}

// BoxesJob is the task Object Detection: one to four boxes inside the image.
// https://developers.cloudflare.com/workers-ai/models/detr-resnet-50/
func BoxesJob(_ *inference.Model, in inference.Fields) (*inference.Job, error) {
	s, rng, err := inspectImageInput(in)
	if err != nil {
		return nil, err
	}
	return &inference.Job{Prompt: "", Answer: func() (*inference.Answer, error) {
		b, err := generate.Bank()
		if err != nil {
			return nil, err
		}
		out := make([]box, 1+rng.IntN(4))
		for i := range out {
			o := &out[i]
			o.Label, o.Score = generate.Pick(rng, b.Objects), (0.98-0.15*float64(i))*(0.9+0.1*rng.Float64())
			o.Box.XMin, o.Box.YMin = rng.IntN((s.width+1)/2), rng.IntN((s.height+1)/2)
			o.Box.XMax = o.Box.XMin + 1 + rng.IntN(max(1, s.width-o.Box.XMin))
			o.Box.YMax = o.Box.YMin + 1 + rng.IntN(max(1, s.height-o.Box.YMin))
			o.Box.XMax, o.Box.YMax = min(o.Box.XMax, s.width), min(o.Box.YMax, s.height)
		}
		return inference.JSONAnswer(out, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}
