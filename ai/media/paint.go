package media

import (
	"image"
	"image/color"
	"math"
	"math/rand/v2"
)

// The palette holds each colour of the scene at several levels: as it is, in
// the shade of the text's panel, and mixed with the text.
const (
	skyColors   = 34
	sunColors   = 5
	hillColors  = 6
	sceneColors = skyColors + sunColors + hillColors
	levels      = 5 // plain, panel, text at 1/3, 2/3 and 3/3
	levelPanel  = 1
)

// scene is a landscape whose details follow from the hash of a prompt.
type scene struct {
	rng    *rand.Rand
	hue    float64 // of the sky, in turns: from teal over blue and violet to red
	night  bool
	width  int
	height int
	canvas *image.Paletted
}

// paint draws the picture.
func (p *picture) paint() (*image.Paletted, error) {
	rng := rand.New(rand.NewPCG(p.hash(), 0x696d616765))
	s := &scene{rng: rng, hue: 0.5 + 0.55*rng.Float64(), night: rng.IntN(3) == 0, width: p.width, height: p.height}
	s.canvas = image.NewPaletted(image.Rect(0, 0, p.width, p.height), s.palette())
	s.sky()
	s.sun()
	for layer := range hillColors {
		s.hill(layer)
	}
	if err := s.writePrompt(p.prompt); err != nil {
		return nil, err
	}
	return s.canvas, nil
}

// palette mixes the colours of the scene and their levels.
func (s *scene) palette() color.Palette {
	var base []color.RGBA
	low, high := 0.97, 0.55
	if s.night {
		low, high = 0.42, 0.12
	}
	for i := range skyColors { // from the top down to the horizon
		t := float64(i) / (skyColors - 1)
		base = append(base, hsl(s.hue+0.14*t, 0.55+0.25*t, high+(low-high)*t*t))
	}
	for i := range sunColors {
		t := float64(i) / (sunColors - 1)
		base = append(base, hsl(s.hue+0.14+0.06*t, 0.7, min(0.98, low-0.08+0.12*t)))
	}
	for i := range hillColors { // far hills are pale, near ones dark
		t := float64(i) / (hillColors - 1)
		base = append(base, hsl(s.hue+0.08-0.12*t, 0.45, (low*0.72)*(1-t)+0.10*t))
	}
	palette := make(color.Palette, 0, sceneColors*levels)
	for level := range levels {
		for _, c := range base {
			palette = append(palette, mix(c, level))
		}
	}
	return palette
}

func mix(c color.RGBA, level int) color.RGBA {
	if level == 0 {
		return c
	}
	const shade = 0.38
	t := float64(level-levelPanel) / (levels - 1 - levelPanel)
	blend := func(v uint8) float64 { return float64(v)/255*shade*(1-t) + t }
	return rgb(blend(c.R), blend(c.G), blend(c.B))
}

func hsl(h, saturation, lightness float64) color.RGBA {
	h -= math.Floor(h)
	a := saturation * min(lightness, 1-lightness)
	f := func(n float64) float64 {
		k := math.Mod(n+h*12, 12)
		return lightness - a*max(-1, min(k-3, 9-k, 1))
	}
	return rgb(f(0), f(8), f(4))
}

func (s *scene) row(y int) []uint8 {
	return s.canvas.Pix[y*s.canvas.Stride : y*s.canvas.Stride+s.width]
}

// sky is a gradient, with stars at night.
func (s *scene) sky() {
	for y := range s.height {
		tone := uint8(min(skyColors-1, y*skyColors*10/(s.height*8)))
		row := s.row(y)
		for x := range row {
			row[x] = tone
		}
	}
	if !s.night {
		return
	}
	for range s.width * s.height / 3000 {
		x, y := s.rng.IntN(s.width), s.rng.IntN(s.height/2)
		s.canvas.Pix[y*s.canvas.Stride+x] = skyColors + sunColors - 1
	}
}

// sun is a disc with rings of light around it.
func (s *scene) sun() {
	side := float64(min(s.width, s.height))
	cx, cy := float64(s.width)*(0.2+0.6*s.rng.Float64()), float64(s.height)*(0.2+0.25*s.rng.Float64())
	radius := side * (0.08 + 0.07*s.rng.Float64())
	for ring := range sunColors {
		r := radius * (1 + 0.35*float64(sunColors-1-ring))
		if s.night && ring < sunColors-2 {
			continue // the moon has one ring
		}
		for y := max(0, int(cy-r)); y < min(s.height, int(cy+r)+1); y++ {
			dy := float64(y) - cy
			half := math.Sqrt(max(0, r*r-dy*dy))
			row := s.row(y)
			for x := max(0, int(cx-half)); x < min(s.width, int(cx+half)); x++ {
				row[x] = uint8(skyColors + ring)
			}
		}
	}
}

// hill is one range of hills, from the far ones to the near ones.
func (s *scene) hill(layer int) {
	t := float64(layer) / (hillColors - 1)
	level := float64(s.height) * (0.52 + 0.40*t)
	swing := float64(s.height) * (0.10 - 0.05*t)
	var waves [3]struct{ length, phase float64 }
	for i := range waves {
		waves[i].length = (0.6 + s.rng.Float64()) * float64(i+1) * 2 * math.Pi / float64(s.width)
		waves[i].phase = s.rng.Float64() * 2 * math.Pi
	}
	tone := uint8(skyColors + sunColors + layer)
	for x := range s.width {
		y := level
		for i, w := range waves {
			y -= swing / float64(i+1) * math.Sin(float64(x)*w.length+w.phase)
		}
		for at := max(0, int(y))*s.canvas.Stride + x; at < len(s.canvas.Pix); at += s.canvas.Stride {
			s.canvas.Pix[at] = tone
		}
	}
}
