package providers

import (
	"testing"
)

func TestProviderTable(t *testing.T) {
	t.Parallel()
	known := knownModels()
	if known.AsOf == "" || len(known.OpenAI.Models) < 10 || len(known.Anthropic.Models) < 5 || len(known.DeepSeek.Models) < 2 || known.OpenAI.Embeddings["text-embedding-3-large"] != 3072 {
		t.Errorf("yaml: %+v", known)
	}
	for name, want := range map[string]bool{"gpt-4o": true, "gpt-9-next": true, "ft:gpt-4o:x": true, "gpt-image-1": false, "text-embedding-3-small": false, "claude-3": false} {
		if got := known.OpenAI.knows(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
