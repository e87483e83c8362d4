package media

import (
	"encoding/json"
	"strings"

	"flint/ai/inference"
)

// maxDescribedImages is how many images of a conversation's last message are described.
const maxDescribedImages = 4

// DescribeImages describes the images that a chat is asked about: those of the
// last message of the user, and the image input. Empty when there are none.
// https://developers.cloudflare.com/workers-ai/models/llama-3.2-11b-vision-instruct/
func DescribeImages(in inference.Fields) (string, error) {
	var out []string
	if in.Has("image") {
		s, err := inspectImage(in, "image")
		if err != nil {
			return "", err
		}
		out = append(out, s.describe())
	}
	for _, raw := range imageParts(in["messages"]) {
		var address string
		if json.Unmarshal(raw, &address) == nil && !strings.HasPrefix(address, "data:") {
			out = append(out, "An image at "+inference.Shorten(address, 100)+", which flint does not load.")
			continue
		}
		s, err := inspectImage(inference.Fields{"image_url": raw}, "image_url")
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
			if inference.IsType(p.Image, "string") && len(out) < maxDescribedImages {
				out = append(out, p.Image)
			}
		}
		return out
	}
	return nil
}
