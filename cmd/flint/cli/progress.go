package cli

import "fmt"

// Progress tells a person at a terminal how far a long command is.
type Progress struct {
	App   *App
	Total int64 // bytes, zero when not known
}

// Show replaces the line at the terminal by how many keys are done and how many bytes are read.
func (p *Progress) Show(keys int, read int64) {
	switch {
	case !p.App.Streams.Terminal:
	case p.Total > 0:
		fmt.Fprintf(p.App.Streams.Err, "\r%s %d keys", ProgressBar(read, p.Total), keys)
	default:
		fmt.Fprintf(p.App.Streams.Err, "\r%d keys", keys)
	}
}

// Done wipes the line.
func (p *Progress) Done() {
	if p.App.Streams.Terminal {
		fmt.Fprint(p.App.Streams.Err, "\r\x1b[K")
	}
}

// ProgressBar draws how much of a total is done.
func ProgressBar(done, total int64) string {
	filled := int(min(done*barWidth/total, barWidth))
	out := make([]rune, barWidth)
	for i := range out {
		out[i] = '░'
		if i < filled {
			out[i] = '█'
		}
	}
	return string(out)
}

const barWidth = 30
