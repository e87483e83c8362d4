package main

import (
	"context"
	"fmt"
	"sync"

	"flint/emulator"
	"flint/internal/clock"
)

// installRuntime installs workerd by npm and shows how far it is.
func (a *app) installRuntime(ctx context.Context) error {
	watch := clock.StartStopwatch()
	announce := sync.OnceFunc(func() { // once npm runs, and not when there is none
		fmt.Fprintf(a.std.Err, "installing workerd %s by npm (about %d MB, once)\n", emulator.RuntimeVersion(), runtimeMB)
	})
	b, err := emulator.InstallRuntime(ctx, func(bytes int64) {
		announce()
		if a.std.Terminal {
			fmt.Fprintf(a.std.Err, "\r%s %3d MB", bar(bytes, runtimeMB<<20), bytes>>20)
		}
	})
	if a.std.Terminal {
		fmt.Fprint(a.std.Err, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.std.Err, "installed workerd %s in %.1f s\n", b.Version, watch.Elapsed().Seconds())
	return nil
}

// runtimeMB is the unpacked size of workerd, for the progress bar only.
const runtimeMB = 155

const barWidth = 30

func bar(done, total int64) string {
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
