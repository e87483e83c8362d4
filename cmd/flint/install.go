package main

import (
	"context"
	"fmt"
	"sync"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
	"flint/internal/clock"
)

// installRuntime installs workerd by npm and shows how far it is.
func (a root) installRuntime(ctx context.Context) error {
	watch := clock.StartStopwatch()
	announce := sync.OnceFunc(func() { // once npm runs, and not when there is none
		fmt.Fprintf(a.Streams.Err, "installing workerd %s by npm (about %d MB, once)\n", emulator.RuntimeVersion(), runtimeMB)
	})
	b, err := emulator.InstallRuntime(ctx, func(bytes int64) {
		announce()
		if a.Streams.Terminal {
			fmt.Fprintf(a.Streams.Err, "\r%s %3d MB", cli.ProgressBar(bytes, runtimeMB<<20), bytes>>20)
		}
	})
	if a.Streams.Terminal {
		fmt.Fprint(a.Streams.Err, "\r\x1b[K")
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(a.Streams.Err, "installed workerd %s in %.1f s\n", b.Version, watch.Elapsed().Seconds())
	return nil
}

// installPolyfills installs the polyfills of Node's modules if a Worker may
// need them. Where that fails the Worker is tried all the same: what it really
// imports may be there.
func (a root) installPolyfills(ctx context.Context, p *config.Project) {
	if !p.Settings.Install || !emulator.WantsPolyfills(p) {
		return
	}
	fmt.Fprintln(a.Streams.Err, "installing the polyfills of Node's modules by npm (2 MB, once)")
	if err := emulator.InstallPolyfills(ctx); err != nil {
		fmt.Fprintf(a.Streams.Err, "they are not installed, so some imports will fail: %v\n", err)
	}
}

// runtimeMB is the unpacked size of workerd, for the progress bar only.
const runtimeMB = 155
