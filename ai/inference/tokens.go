package inference

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Pieces splits text into flint's tokens: up to six letters or digits with the
// space before them, or one other character. Joined they are the text.
func Pieces(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := pieceLength(text)
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

func pieceLength(text string) int {
	n := 0
	if text[0] == ' ' && len(text) > 1 {
		n = 1
	}
	letters := 0
	for letters < 6 && n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		n += size
		letters++
	}
	if letters == 0 {
		_, size := utf8.DecodeRuneInString(text[n:])
		n += size
	}
	return n
}

// CountTokens counts the pieces of text that stand for tokens.
func CountTokens(text string) int {
	n := 0
	for range Pieces(text) {
		n++
	}
	return n
}

// TruncateTokens shortens text to at most maxTokens tokens and reports whether it
// was longer.
func TruncateTokens(text string, maxTokens int) (string, bool) {
	count, bytes := 0, 0
	for piece := range Pieces(text) {
		if count == maxTokens {
			return text[:bytes], true
		}
		count++
		bytes += len(piece)
	}
	return text, false
}

// Shorten cuts text to n characters; a text that was longer ends with an ellipsis.
func Shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:n-1])) + "…"
}
