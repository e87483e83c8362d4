package providers

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"flint/internal/cferr"
)

// imageSource is where the image of a block of Anthropic's API is.
// https://docs.anthropic.com/en/docs/build-with-claude/vision
type imageSource struct {
	Type      string `json:"type"` // base64, url or file
	MediaType string `json:"media_type,omitempty"`
	Data      string `json:"data,omitempty"`
	URL       string `json:"url,omitempty"`
	FileID    string `json:"file_id,omitempty"`
}

// block is a part of a message: text, image, tool_use, tool_result, thinking …
type block struct {
	Type    string          `json:"type"`
	Text    *string         `json:"text,omitempty"`
	ID      string          `json:"id,omitempty"`
	Name    string          `json:"name,omitempty"`
	Input   json.RawMessage `json:"input,omitempty"`
	UseID   string          `json:"tool_use_id,omitempty"`
	Content json.RawMessage `json:"content,omitempty"`
	Source  *imageSource    `json:"source,omitempty"`    // of an image
	Image   string          `json:"image_url,omitempty"` // of input_image in the Responses API
	FileID  string          `json:"file_id,omitempty"`   // instead of it
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

// blocksOf reads a content, which is a text or a list of blocks.
func blocksOf(where string, raw json.RawMessage) ([]block, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []block{{Type: "text", Text: &one}}, nil
	}
	var blocks []block
	if json.Unmarshal(raw, &blocks) != nil {
		return nil, cferr.New(http.StatusBadRequest, 0, where+": Input should be a valid string or list")
	}
	return blocks, nil
}

func textsOf(blocks []block) string {
	var texts []string
	for _, b := range blocks {
		if b.Text != nil && *b.Text != "" {
			texts = append(texts, *b.Text)
		}
	}
	return strings.Join(texts, "\n")
}
