package ai

import (
	"cmp"
	"encoding/json"
	"strings"
)

// maxSights is how many images of a conversation's last message are described.
const maxSights = 4

// sights describe the images that a chat is asked about: those of the last
// message of the user, or the image input. Empty when there are none.
// https://developers.cloudflare.com/workers-ai/models/llama-3.2-11b-vision-instruct/
func sights(in fields) (string, error) {
	var out []string
	if in.has("image") {
		s, err := look(in, "image")
		if err != nil {
			return "", err
		}
		out = append(out, s.describe())
	}
	for _, raw := range imageParts(in["messages"]) {
		var address string
		if json.Unmarshal(raw, &address) == nil && !strings.HasPrefix(address, "data:") {
			out = append(out, "An image at "+shorten(address, 100)+", which flint does not load.")
			continue
		}
		s, err := look(fields{"image_url": raw}, "image_url")
		if err != nil {
			return "", err
		}
		out = append(out, s.describe())
	}
	return strings.Join(out, " "), nil
}

// imageParts are the addresses in {type: "image_url", image_url: {url}} of the
// last message of the user; the url may stand without its object.
func imageParts(messages json.RawMessage) (out []json.RawMessage) {
	var turns []struct {
		Role    string
		Content json.RawMessage
	}
	if json.Unmarshal(messages, &turns) != nil {
		return nil
	}
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].Role != "user" {
			continue
		}
		var parts []struct {
			Image json.RawMessage `json:"image_url"`
		}
		if json.Unmarshal(turns[i].Content, &parts) != nil {
			return nil
		}
		for _, p := range parts {
			var object struct{ URL json.RawMessage }
			if json.Unmarshal(p.Image, &object) == nil && object.URL != nil {
				p.Image = object.URL
			}
			if isType(p.Image, "string") && len(out) < maxSights {
				out = append(out, p.Image)
			}
		}
		return out
	}
	return nil
}

// imageSource is where the image of a block of Anthropic's API is.
// https://docs.anthropic.com/en/docs/build-with-claude/vision
type imageSource struct {
	Type      string `json:"type"` // base64, url or file
	MediaType string `json:"media_type,omitempty"`
	Data      string `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
	FileID    string `json:"file_id,omitempty"`
}

// image is the address of a block's image, or the name of a file that flint
// does not have; empty when it has none: that of
// Anthropic's image or of the Responses API's input_image.
// https://platform.openai.com/docs/guides/images-vision
func (b *block) image() string {
	switch {
	case b.Type == "image" && b.Source != nil && b.Source.Type == "base64":
		return "data:" + b.Source.MediaType + ";base64," + b.Source.Data
	case b.Type == "image" && b.Source != nil:
		return cmp.Or(b.Source.URL, b.Source.FileID)
	case b.Type == "input_image":
		return cmp.Or(b.Image, b.FileID)
	}
	return ""
}

// contentOf is the content of a chat's message: the texts of blocks, with
// their images in parts of their own.
func contentOf(blocks []block) any {
	text := textsOf(blocks)
	var parts []map[string]any
	for i := range blocks {
		if address := blocks[i].image(); address != "" {
			parts = append(parts, map[string]any{"type": "image_url", "image_url": map[string]string{"url": address}})
		}
	}
	if parts == nil {
		return text
	}
	if text != "" {
		parts = append(parts, map[string]any{"type": "text", "text": text})
	}
	return parts
}
