package conformance

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// The values of Item.By: who serves the item.
const (
	ByBoth  = "both"
	ByFlint = "flint" // flint only
	ByPeer  = "peer"  // the peer only
	ByNone  = "none"
)

// Binding is one section of compat.txt.
type Binding struct {
	Name, Page string
	Items      []Item
}

// Item is a method or an option of a binding.
type Item struct {
	Name, By string
	Steps    []string // IDs of the steps that prove By
	Note     string
}

// ParseCompat parses compat.txt. Errors name the line.
func ParseCompat(text string) ([]Binding, error) {
	var out []Binding
	for i, line := range strings.Split(text, "\n") {
		if head, ok := strings.CutPrefix(line, "## "); ok {
			at := strings.LastIndex(head, " ")
			if at < 0 {
				return nil, fmt.Errorf("compat.txt:%d: want ## name page", i+1)
			}
			out = append(out, Binding{Name: head[:at], Page: head[at+1:]})
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		item, err := parseItem(line)
		if err == nil && len(out) == 0 {
			err = fmt.Errorf("an item before the first ## name")
		}
		if err != nil {
			return nil, fmt.Errorf("compat.txt:%d: %w", i+1, err)
		}
		b := &out[len(out)-1]
		b.Items = append(b.Items, item)
	}
	return out, nil
}

func parseItem(line string) (Item, error) {
	cells := strings.Split(line, "|")
	if len(cells) < 3 || len(cells) > 4 {
		return Item{}, fmt.Errorf("want name | both, flint, peer or none | steps | note")
	}
	it := Item{Name: strings.TrimSpace(cells[0]), By: strings.TrimSpace(cells[1])}
	if !slices.Contains([]string{ByBoth, ByFlint, ByPeer, ByNone}, it.By) {
		return it, fmt.Errorf("%q: want both, flint, peer or none", it.By)
	}
	for step := range strings.SplitSeq(cells[2], ",") {
		if step = strings.TrimSpace(step); step != "" {
			it.Steps = append(it.Steps, step)
		}
	}
	if len(cells) == 4 {
		it.Note = strings.TrimSpace(cells[3])
	}
	if it.Note == "" && len(it.Steps) == 0 {
		return it, fmt.Errorf("%s: neither a step nor a note", it.Name)
	}
	return it, nil
}

// CheckCompat returns the claims of the list that the cases do not prove.
func CheckCompat(list []Binding, cases []*Case, d *Differences) (problems []string) {
	steps := map[string]*Case{}
	for _, c := range cases {
		for _, s := range c.Steps {
			steps[s.ID] = c
		}
	}
	for _, b := range list {
		for _, it := range b.Items {
			for _, p := range it.check(steps, d) {
				problems = append(problems, b.Name+": "+it.Name+": "+p)
			}
		}
	}
	return problems
}

func (it *Item) check(steps map[string]*Case, d *Differences) (problems []string) {
	if it.By != ByNone && len(it.Steps) == 0 {
		problems = append(problems, "no step proves it")
	}
	for _, id := range it.Steps {
		c := steps[id]
		if c == nil {
			problems = append(problems, "there is no step "+id)
			continue
		}
		e, _ := d.Find(id)
		notServed := e != nil && e.Kind == KindNotServed
		switch {
		case it.By == ByBoth && (c.Peer == PeerNone || notServed):
			problems = append(problems, id+" does not show that both serve it")
		case it.By == ByFlint && c.Peer != PeerNone && (e == nil || notServed):
			problems = append(problems, id+" does not show that only flint serves it")
		case it.By == ByPeer && !notServed:
			problems = append(problems, id+" does not show that flint does not serve it")
		}
	}
	return problems
}

const compatHead = `# What flint serves

Generated from conformance/ by ` + "`make conformance UPDATE=1`" + `; a test fails when it is out of date. The peer is
wrangler %s with Miniflare %s and workerd %s; flint runs on the same workerd.
Every step named here runs on flint and on the peer, with the same Worker and the same requests, but for
those of Workers AI and of bindings/remote, which the peer does not serve without an account.

`

// FormatCompat returns the text of docs/COMPAT.md.
func FormatCompat(list []Binding, cases []*Case, d *Differences, versions map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, compatHead, versions["wrangler"], versions["miniflare"], versions["workerd"])
	writeCounts(&b, cases, d)
	for _, binding := range list {
		fmt.Fprintf(&b, "\n## %s\n\n<%s>\n\n| | flint | peer | steps | |\n|---|---|---|---|---|\n", binding.Name, binding.Page)
		for _, it := range binding.Items {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", it.Name, it.flintCell(d), yesOrNo(it.By, ByPeer), codeSpans(it.Steps), it.Note)
		}
	}
	b.WriteString("\n## Where flint differs on purpose\n\n| step | why | says who |\n|---|---|---|\n")
	for _, e := range d.Accepted {
		fmt.Fprintf(&b, "| `%s` | %s: %s | %s |\n", e.Step, kindText[e.Kind], e.Because, e.Source)
	}
	if len(d.FlintBugs) > 0 {
		b.WriteString("\n## Where flint is wrong\n\n| step | what is wrong |\n|---|---|\n")
		for _, e := range d.FlintBugs {
			fmt.Fprintf(&b, "| `%s` | %s |\n", e.Step, e.Because)
		}
	}
	return b.String()
}

var kindText = map[string]string{
	KindDocumentation: "documented", KindPeerBug: "a fault of the peer", KindNotServed: "not served yet",
}

// flintCell is the cell of the column flint: "partly" while one of the steps shows a bug.
func (it *Item) flintCell(d *Differences) string {
	for _, id := range it.Steps {
		if e, accepted := d.Find(id); e != nil && !accepted {
			return "partly"
		}
	}
	return yesOrNo(it.By, ByFlint)
}

func yesOrNo(by, who string) string {
	if by == ByBoth || by == who {
		return "yes"
	}
	return "no"
}

func codeSpans(steps []string) string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = "`" + s + "`"
	}
	return strings.Join(out, " ")
}

// writeCounts writes a line for each service: its steps, and how many differ.
func writeCounts(b *strings.Builder, cases []*Case, d *Differences) {
	steps, differing, withoutPeer := map[string]int{}, map[string]int{}, map[string]int{}
	var services []string
	for _, c := range cases {
		service := filepath.Dir(c.ID)
		if steps[service] == 0 {
			services = append(services, service)
		}
		steps[service] += len(c.Steps)
		if c.Peer == PeerNone {
			withoutPeer[service] += len(c.Steps)
		}
		for _, s := range c.Steps {
			if e, _ := d.Find(s.ID); e != nil {
				differing[service]++
			}
		}
	}
	sort.Strings(services)
	b.WriteString("| | steps | the same answer | another answer | without the peer |\n|---|---|---|---|---|\n")
	all, allDiffering, allWithoutPeer := 0, 0, 0
	for _, s := range services {
		writeCount(b, s, steps[s], differing[s], withoutPeer[s])
		all, allDiffering, allWithoutPeer = all+steps[s], allDiffering+differing[s], allWithoutPeer+withoutPeer[s]
	}
	writeCount(b, "all", all, allDiffering, allWithoutPeer)
}

func writeCount(b *strings.Builder, name string, steps, differing, withoutPeer int) {
	fmt.Fprintf(b, "| %s | %d | %d | %d | %d |\n", name, steps, steps-differing-withoutPeer, differing, withoutPeer)
}

// Compat generates docs/COMPAT.md from the files in dir, the folder of this package.
// problems are the claims that the cases do not prove.
func Compat(dir string) (text string, problems []string, err error) {
	cases, err := LoadCases(filepath.Join(dir, "cases"))
	if err != nil {
		return "", nil, err
	}
	d, err := LoadDifferences(filepath.Join(dir, "differences.yaml"))
	if err != nil {
		return "", nil, err
	}
	source, err := os.ReadFile(filepath.Join(dir, "compat.txt"))
	if err != nil {
		return "", nil, err
	}
	list, err := ParseCompat(string(source))
	if err != nil {
		return "", nil, err
	}
	versions, err := Versions(filepath.Join(dir, "peer"))
	if err != nil {
		return "", nil, err
	}
	return FormatCompat(list, cases, d, versions), CheckCompat(list, cases, d), nil
}
