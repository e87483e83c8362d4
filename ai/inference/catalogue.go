package inference

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// Shapes of answers; catalogue.yaml says what each one is.
const (
	ShapeResponse     = "response"
	ShapeChat         = "chat"
	ShapePNG          = "png"
	ShapeJPEG         = "jpeg"
	ShapeBase64       = "base64"
	ShapeEmbedding    = "embedding"
	ShapeRerank       = "rerank"
	ShapeSentiment    = "sentiment"
	ShapeTranslation  = "translation"
	ShapeTranslations = "translations"
	ShapeMoondream    = "moondream"
	ShapeSummary      = "summary"
	ShapeGuard        = "guard"

	ShapeTranscript     = "transcript"
	ShapeTranscriptLong = "transcript-long"
	ShapeDeepgram       = "deepgram"
	ShapeSpeech         = "speech"
	ShapeVoice          = "voice"
	ShapeDescription    = "description"
	ShapeLabels         = "labels"
	ShapeBoxes          = "boxes"
	ShapeTurn           = "turn"
	ShapeDecision       = "decision"
)

//go:embed catalogue.yaml
var catalogueYAML []byte

// Model is one entry of the catalogue.
type Model struct {
	Name            string            // @cf/author/name
	Task            string            // Text Generation, Text-to-Image …
	Shape           string            // the form of its answers
	Dims            int               // length of its vectors, for embeddings
	Inputs          []Input           // what the model's schema says of its inputs, by name
	HasFamilyInputs bool              // Inputs are those of other models with this shape, because the schema of this one is not known
	Properties      map[string]string // context_window, function_calling, lora, beta, planned_deprecation_date …
}

// Catalogue is the table of known models.
type Catalogue struct {
	AsOf        string // the day on which the table was last compared with the documentation
	Models      []*Model
	taskIDs     map[string]string // name -> id
	byName      map[string]*Model
	byLowerName map[string]*Model // by the name in lower case
}

// LoadCatalogue reads, once, the models and the inputs that each takes.
var LoadCatalogue = sync.OnceValues(func() (*Catalogue, error) {
	c, err := parseCatalogue(catalogueYAML)
	if err != nil {
		return nil, err
	}
	return c, c.addInputs(inputsYAML)
})

// addInputs gives each model its inputs.
func (c *Catalogue) addInputs(data []byte) error {
	schemas, err := parseInputs(data)
	if err != nil {
		return err
	}
	for name := range schemas.byModel {
		if c.byName[name] == nil {
			return fmt.Errorf("ai: inputs of the unknown model %s", name)
		}
	}
	for _, m := range c.Models {
		own, ok := schemas.byModel[m.Name]
		if m.Inputs, m.HasFamilyInputs = own, !ok; !ok {
			m.Inputs = schemas.byShape[m.Shape]
		}
		if m.Inputs == nil {
			return fmt.Errorf("ai: no inputs are known of %s", m.Name)
		}
	}
	return nil
}

func parseCatalogue(data []byte) (*Catalogue, error) {
	var file struct {
		AsOf  string                      `yaml:"as_of"`
		Tasks []struct{ Name, ID string } `yaml:"tasks"`
		Group []struct {
			Task, Shape string
			Dims        int
			Models      []string
		} `yaml:"groups"`
		Properties map[string]map[string]string `yaml:"properties"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("ai: catalogue: %w", err)
	}
	c := &Catalogue{AsOf: file.AsOf, taskIDs: map[string]string{}, byName: map[string]*Model{}, byLowerName: map[string]*Model{}}
	for _, t := range file.Tasks {
		if t.ID == "" {
			t.ID = StableUUID("task " + t.Name)
		}
		c.taskIDs[t.Name] = t.ID
	}
	for _, g := range file.Group {
		if c.taskIDs[g.Task] == "" {
			return nil, fmt.Errorf("ai: catalogue: unknown task %q", g.Task)
		}
		for _, name := range g.Models {
			if c.byLowerName[strings.ToLower(name)] != nil {
				return nil, fmt.Errorf("ai: catalogue: %s is there twice", name)
			}
			model := &Model{Name: name, Task: g.Task, Shape: g.Shape, Dims: g.Dims, Properties: file.Properties[name]}
			c.Models = append(c.Models, model)
			c.byName[name], c.byLowerName[strings.ToLower(name)] = model, model
		}
	}
	for name := range file.Properties {
		if c.byName[name] == nil {
			return nil, fmt.Errorf("ai: catalogue: properties of the unknown model %s", name)
		}
	}
	slices.SortFunc(c.Models, func(a, b *Model) int { return strings.Compare(a.Name, b.Name) })
	return c, nil
}

// Lookup finds a model by its name, whatever its case: answers carry the name
// as its documentation page spells it. The error is 5007 and names the nearest known model.
func Lookup(name string) (*Model, error) {
	c, err := LoadCatalogue()
	if err != nil {
		return nil, err
	}
	if model := c.byName[name]; model != nil {
		return model, nil
	}
	if model := c.byLowerName[strings.ToLower(TruncateBytes(name, maxModelName))]; model != nil {
		return model, nil
	}
	return nil, noSuchModel(name, c.nearest(name))
}

// nearest is the known name with the smallest edit distance to name, or empty
// when none is close enough to be a typing error.
func (c *Catalogue) nearest(name string) string {
	if len(name) > maxModelName {
		return ""
	}
	best, bestDistance := "", len(name)/3+1
	lower := strings.ToLower(name)
	for _, model := range c.Models {
		known := strings.ToLower(model.Name)
		if strings.HasSuffix(known, "/"+strings.TrimPrefix(lower, "/")) {
			return model.Name // the author was left out
		}
		if d := Distance(lower, known); d < bestDistance {
			best, bestDistance = model.Name, d
		}
	}
	if best == "" {
		return c.nearestBeginning(lower)
	}
	return best
}

// nearestBeginning is the shortest of the known names that begin most like
// name, for one whose end was left out (-instruct, -awq …); empty when none does.
func (c *Catalogue) nearestBeginning(name string) string {
	best, bestDistance := "", len(name)/6+1
	for _, model := range c.Models {
		known := strings.ToLower(model.Name)
		d := Distance(name, known[:min(len(known), len(name))])
		if d < bestDistance || d == bestDistance && best != "" && len(known) < len(best) {
			best, bestDistance = model.Name, d
		}
	}
	return best
}

// Distance is the Levenshtein distance in bytes.
func Distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// StableUUID derives an id from a name, because the catalogue holds no ids.
func StableUUID(name string) string {
	sum := sha256.Sum256([]byte("flint workers ai " + name))
	sum[6] = sum[6]&0x0f | 0x50
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MediaField is the name of the input that a request body of bytes is, or empty.
func (m *Model) MediaField() string {
	switch m.Shape {
	case ShapeTranscript, ShapeTranscriptLong, ShapeDeepgram, ShapeTurn:
		return "audio"
	case ShapeDescription, ShapeLabels, ShapeBoxes, ShapePNG, ShapeJPEG, ShapeBase64:
		return "image"
	}
	return ""
}
