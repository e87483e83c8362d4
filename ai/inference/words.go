package inference

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	MaxTranscriptWords = 20_000 // in one transcript: more than two hours
)

// ParseTexts reads the texts to embed: text, a string or a list of them, or queries and documents.
func ParseTexts(in Fields) (texts []string, problem string) {
	if !in.Has("text") && (in.Has("queries") || in.Has("documents")) { // qwen3-embedding's
		for _, name := range []string{"queries", "documents"} {
			if !in.Has(name) {
				continue
			}
			more, problem := ParseTexts(Fields{"text": in[name]})
			if problem != "" {
				return nil, strings.ReplaceAll(problem, "/text", "/"+name)
			}
			texts = append(texts, more...)
		}
		return texts, ""
	}
	if !in.Has("text") {
		return nil, Missing("text")
	}
	if IsType(in["text"], "string") {
		text, problem := in.Text("text", Bounds{1, Unbounded})
		return []string{text}, problem
	}
	if json.Unmarshal(in["text"], &texts) != nil {
		return nil, Mismatch("/text", "string", in["text"])
	}
	if len(texts) == 0 {
		return nil, Missing("text")
	}
	if len(texts) > maxTexts {
		return nil, "Length of '/text' must be <= " + strconv.Itoa(maxTexts)
	}
	return texts, ""
}

// TruncateBytes is the beginning of a text, at most n bytes of it and no half character.
func TruncateBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// LowerWords is text as words in lower case.
func LowerWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), IsSeparator)
}

// Stem removes the commonest English endings from a word.
func Stem(word string) string {
	for _, ending := range []string{"ing", "ly", "ed", "es", "s"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) >= 3 {
			return rest
		}
	}
	return word
}

// IsSeparator reports whether r is neither a letter nor a digit.
func IsSeparator(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// InputText is the input name if it is a string, else empty.
func InputText(in Fields, name string) string {
	var s string
	_ = json.Unmarshal(in[name], &s) // another type is no text
	return s
}

// StopWords are too common to be the topic of a text or to tell two texts apart.
var StopWords = func() map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(`a about above according after again all also analyze analyse always an and any are as ask at be because been before being
		below best between both brief but by can case create could describe did do does each else etc every example explain few five following
		for format four from generate get give given has have here how i if in include including into is it its json just keep kind
		know like list long make many may me mine more most must my need new no not now number object of on one only or other our
		out output please provide question questions reply respond response return say set shape short should show six so some
		something string such take ten text than that the their them then there these they thing things this those three to too two
		up us use user using valid very want was we were what when where which while who why will with word words would write you
		your hello hi hey prompt answer answers based sentence sentences paragraph help tell person people fields keys properties`) {
		set[w] = true
	}
	return set
}()
