package emulator

import (
	"fmt"
	"strings"
)

// suggestions are how many commands a ready flint suggests to try.
const suggestions = 3

// try lists commands that show something of this project: those of flint.toml
// or, without, some that its bindings make sense of.
func (e *Emulator) try(run Run) []string {
	list := e.project.Settings.Try
	if len(list) == 0 {
		list = e.defaultTry()
	}
	fill := strings.NewReplacer("{url}", run.URL, "{control}", run.Control)
	out := make([]string, len(list))
	for i, command := range list {
		out[i] = fill.Replace(command)
	}
	return out
}

func (e *Emulator) defaultTry() []string {
	out := []string{"curl {url}/"}
	for i := range e.project.Workers {
		w := &e.project.Workers[i]
		for _, d := range w.D1 {
			out = append(out, fmt.Sprintf("flint d1 execute %s --command \"SELECT name FROM sqlite_master\"", d.Name))
		}
		for _, n := range w.KV {
			out = append(out, "flint kv key list --binding "+n.Binding)
		}
		for _, b := range w.R2 {
			out = append(out, "flint r2 object list "+b.Bucket)
		}
		if len(w.QueueProducers)+len(w.QueueConsumers) > 0 {
			out = append(out, "flint queues list")
		}
	}
	out = append(out, "curl {control}/_flint/health", "flint config")
	return out[:suggestions]
}
