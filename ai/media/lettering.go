package media

import (
	"image"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"flint/ai/inference"
)

var typeface = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gobold.TTF) })

// writePrompt draws the prompt on a panel across the picture, as large as it fits.
func (s *scene) writePrompt(prompt string) error {
	parsed, err := typeface()
	if err != nil {
		return err
	}
	text := inference.Shorten(strings.Join(strings.Fields(prompt), " "), inference.MaxPromptShown)
	if text == "" {
		return nil
	}
	size := min(float64(s.width)/13, float64(s.height)/8)
	for {
		face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
		if err != nil {
			return err
		}
		lines := wrap(face, text, s.width*84/100)
		textHeight := face.Metrics().Height.Ceil() * len(lines)
		if textHeight <= s.height*50/100 || size < 9 {
			s.drawText(face, lines, textHeight)
			return face.Close()
		}
		size *= 0.82
		if err := face.Close(); err != nil {
			return err
		}
	}
}

// wrap breaks text into lines of at most wide pixels; a longer word is broken.
func wrap(face font.Face, text string, maxWidth int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		joined := word
		if line != "" {
			joined = line + " " + word
		}
		if font.MeasureString(face, joined).Ceil() <= maxWidth {
			line = joined
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for font.MeasureString(face, word).Ceil() > maxWidth && utf8.RuneCountInString(word) > 1 {
			n := len(word)
			for n > 1 && font.MeasureString(face, word[:n]).Ceil() > maxWidth {
				_, last := utf8.DecodeLastRuneInString(word[:n])
				n -= last
			}
			n = max(n, firstRune(word))
			lines, word = append(lines, word[:n]), word[n:]
		}
		line = word
	}
	return append(lines, line)
}

func firstRune(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// drawText draws the panel and the lines on it.
func (s *scene) drawText(face font.Face, lines []string, textHeight int) {
	lineHeight, pad := face.Metrics().Height.Ceil(), s.height/24
	top := (s.height - textHeight) / 2
	s.panel(image.Rect(0, top-pad, s.width, top+textHeight+pad))
	mask := image.NewAlpha(image.Rect(0, 0, s.width, lineHeight+lineHeight/2))
	pen := font.Drawer{Dst: mask, Src: image.White, Face: face}
	for i, line := range lines {
		clear(mask.Pix)
		pen.Dot = fixed.Point26_6{X: (fixed.I(s.width) - pen.MeasureString(line)) / 2, Y: face.Metrics().Ascent}
		pen.DrawString(line)
		s.blendText(mask, top+i*lineHeight)
	}
}

// panel darkens the rows of r.
func (s *scene) panel(r image.Rectangle) {
	r = r.Intersect(s.canvas.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := s.row(y)
		for x := range row {
			row[x] = row[x]%sceneColors + levelPanel*sceneColors
		}
	}
}

// blendText draws a line of text onto the panel, at the levels of the palette.
func (s *scene) blendText(mask *image.Alpha, top int) {
	for y := range mask.Rect.Dy() {
		if top+y < 0 || top+y >= s.height {
			continue
		}
		row, covered := s.row(top+y), mask.Pix[y*mask.Stride:]
		for x := range row {
			if covered[x] >= 43 {
				level := levelPanel + (int(covered[x])*(levels-1-levelPanel)+127)/255
				row[x] = row[x]%sceneColors + uint8(level*sceneColors)
			}
		}
	}
}
