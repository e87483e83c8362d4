package ai

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
)

// seen is what flint can tell of an image: it looks at the pixels, and knows
// nothing of what they show.
type seen struct {
	width, height int
	hash          uint64
	colors        []string // the names of the commonest colours, the commonest first; none of a very large image
	bright        float64  // 0 to 1
}

// look decodes the image in a field.
func look(in fields, name string) (*seen, error) {
	data, err := in.media(name)
	if err != nil {
		return nil, err
	}
	head, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, invalidData("/" + name + " is not a PNG, JPEG, GIF or WebP image")
	}
	if head.Width*head.Height > maxPixels {
		return nil, invalidData(fmt.Sprintf("/%s has %d × %d pixels; the most is %d in all", name, head.Width, head.Height, maxPixels))
	}
	h := fnv.New64a()
	h.Write(data)
	s := &seen{width: head.Width, height: head.Height, hash: h.Sum64()}
	if head.Width*head.Height*pixelBytes(head.ColorModel, data) > maxDecoded {
		return s, nil
	}
	decoders <- struct{}{}
	defer func() { <-decoders }()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, invalidData("/" + name + " is a damaged image: " + err.Error())
	}
	s.sample(img)
	return s, nil
}

// decoders bounds how many images are unpacked at a time, each into maxDecoded.
var decoders = make(chan struct{}, 2)

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

// sample looks at a grid of points.
func (s *seen) sample(img image.Image) {
	const grid = 24
	count := map[string]int{}
	b := img.Bounds()
	for y := range grid {
		for x := range grid {
			r, g, bl, _ := img.At(b.Min.X+x*b.Dx()/grid, b.Min.Y+y*b.Dy()/grid).RGBA()
			s.bright += float64(r+g+bl) / (3 * 0xffff * grid * grid)
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

func (s *seen) format() string {
	switch {
	case s.width > s.height*11/10:
		return "wide"
	case s.height > s.width*11/10:
		return "tall"
	}
	return "square"
}

// describe is a sentence about the image.
func (s *seen) describe() string {
	if s.colors == nil {
		return fmt.Sprintf("A %s image of %d by %d pixels.", s.format(), s.width, s.height)
	}
	light := "dark"
	if s.bright > 0.66 {
		light = "bright"
	} else if s.bright > 0.33 {
		light = "evenly lit"
	}
	text := fmt.Sprintf("A %s, %s image of %d by %d pixels, mostly %s", s.format(), light, s.width, s.height, s.colors[0])
	if len(s.colors) > 1 {
		text += " and " + s.colors[1]
	}
	return text + "."
}

// descriptionJob is the task Image-to-Text.
// https://developers.cloudflare.com/workers-ai/models/llava-1.5-7b-hf/
func descriptionJob(known *Model, in fields, seed int64) (*job, error) {
	prompt, problem := in.text("prompt", bounds{open, open})
	if problem == "" && in.has("messages") && prompt == "" {
		var turns []turn
		turns, problem = parseTurns(in)
		prompt = (&textRequest{turns: turns}).last("user")
	}
	most, tokensProblem := in.number("max_tokens", "integer", bounds{1, open}, 512)
	for _, p := range []string{problem, tokensProblem} {
		if p != "" {
			return nil, badInput(p)
		}
	}
	s, err := look(in, "image")
	if err != nil {
		return nil, err
	}
	return &job{prompt: prompt, answer: func() (*Answer, error) {
		text := s.describe()
		if prompt != "" {
			done, err := generate(&textRequest{model: known.Name, seed: seed ^ int64(s.hash), turns: []turn{{"user", prompt}}})
			if err != nil {
				return nil, err
			}
			text += " " + done.text
		}
		text, _ = cut(text, int(most))
		return jsonAnswer(map[string]string{"description": text}, Usage{}, sourceGenerator)
	}}, nil
}

// imageOnly reads the inputs of the tasks that take an image and nothing else.
func imageOnly(in fields) (*seen, *rand.Rand, error) {
	s, err := look(in, "image")
	if err != nil {
		return nil, nil, err
	}
	return s, rand.New(rand.NewPCG(s.hash, 0x6c6f6f6b)), nil
}

// labelsJob is the task Image Classification: five labels, from most to least likely.
// https://developers.cloudflare.com/workers-ai/models/resnet-50/
func labelsJob(_ *Model, in fields) (*job, error) {
	_, rng, err := imageOnly(in)
	if err != nil {
		return nil, err
	}
	return &job{prompt: "", answer: func() (*Answer, error) {
		b, err := bank()
		if err != nil {
			return nil, err
		}
		out, left := make([]label, 0, 5), 1.0
		for _, at := range rng.Perm(len(b.Classes))[:5] {
			score := left * (0.5 + 0.4*rng.Float64())
			left -= score
			out = append(out, label{b.Classes[at], score})
		}
		return jsonAnswer(out, Usage{}, sourceGenerator)
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

// boxesJob is the task Object Detection: one to four boxes inside the image.
// https://developers.cloudflare.com/workers-ai/models/detr-resnet-50/
func boxesJob(_ *Model, in fields) (*job, error) {
	s, rng, err := imageOnly(in)
	if err != nil {
		return nil, err
	}
	return &job{prompt: "", answer: func() (*Answer, error) {
		b, err := bank()
		if err != nil {
			return nil, err
		}
		out := make([]box, 1+rng.IntN(4))
		for i := range out {
			o := &out[i]
			o.Label, o.Score = pick(rng, b.Objects), (0.98-0.15*float64(i))*(0.9+0.1*rng.Float64())
			o.Box.XMin, o.Box.YMin = rng.IntN((s.width+1)/2), rng.IntN((s.height+1)/2)
			o.Box.XMax = o.Box.XMin + 1 + rng.IntN(max(1, s.width-o.Box.XMin))
			o.Box.YMax = o.Box.YMin + 1 + rng.IntN(max(1, s.height-o.Box.YMin))
			o.Box.XMax, o.Box.YMax = min(o.Box.XMax, s.width), min(o.Box.YMax, s.height)
		}
		return jsonAnswer(out, Usage{}, sourceGenerator)
	}}, nil
}
