package markdown

import (
	"bytes"
	"slices"
	"strconv"
	"sync"

	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"flint/ai/inference"
)

var htmlConverter = sync.OnceValue(func() *converter.Converter {
	return converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(), table.NewTablePlugin()))
})

// htmlToMarkdown converts a page. What would make the converter write far more
// than it reads is flattened first.
func htmlToMarkdown(data []byte) (string, error) {
	doc, err := html.Parse(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	flatten(doc, 0, 0)
	out, err := htmlConverter().ConvertNode(doc)
	return string(out), err
}

// flatten removes elements below n that are nested too deep, and tables that
// would be too large; their content stays.
func flatten(n *html.Node, depth, blocks int) {
	for c := n.FirstChild; c != nil; {
		next := c.NextSibling
		nestedBlocks := blocks
		if isAnyAtom(c.DataAtom, atom.Blockquote, atom.Ul, atom.Ol, atom.Table) {
			nestedBlocks++
		}
		switch {
		case c.Type != html.ElementNode:
		case depth > inference.MaxHTMLDepth || nestedBlocks > inference.MaxHTMLBlocks:
			if first := c.FirstChild; first != nil {
				next = first
			}
			unwrap(c)
		default:
			if c.DataAtom == atom.Table && tableCells(c) > inference.MaxCells {
				c.DataAtom, c.Data = atom.Div, "div"
			}
			flatten(c, depth+1, nestedBlocks)
		}
		c = next
	}
}

func isAnyAtom(a atom.Atom, of ...atom.Atom) bool { return slices.Contains(of, a) }

// unwrap puts the children of n in its place.
func unwrap(n *html.Node) {
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
}

// tableCells is how many bytes of cells, padded to the width of their column, a
// table may get, counted in cells of 16: rows times columns times the widest.
func tableCells(t *html.Node) int {
	rows, columns, widest, row := 0, 0, 0, 0
	for n := range t.Descendants() {
		switch {
		case n.DataAtom == atom.Tr:
			rows, row = rows+1, 0
		case isAnyAtom(n.DataAtom, atom.Td, atom.Th):
			row += span(n, "colspan")
			rows += span(n, "rowspan") - 1
			columns, widest = max(columns, row), max(widest, textLength(n))
		}
	}
	return rows * columns * (1 + widest/16)
}

// span is the value of colspan or rowspan.
func span(n *html.Node, name string) int {
	for _, a := range n.Attr {
		if a.Key == name {
			v, err := strconv.Atoi(a.Val)
			if err != nil {
				return 1
			}
			return min(max(v, 1), inference.MaxCells)
		}
	}
	return 1
}

func textLength(n *html.Node) int {
	length := 0
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			length += len(d.Data)
		}
	}
	return length
}
