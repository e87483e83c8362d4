package emulator

import (
	"context"
	"errors"

	"flint/config"
	"flint/r2"
)

// openR2 opens the buckets of a project with the driver that it names.
func openR2(p *config.Project, o r2.Options) (*r2.Store, error) {
	o.Driver = p.Settings.R2Driver
	s, err := r2.Open(o)
	if errors.Is(err, r2.ErrDriver) {
		return nil, &ConfigError{"[r2] driver: " + r2.ErrDriver.Error()}
	}
	return s, err
}

// warnIfR2IsDown says at the start, not at the first call, that an S3 store is away. It
// may still come.
func (e *Emulator) warnIfR2IsDown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	if err := e.services.r2.Ping(ctx); err != nil {
		e.log.Warn("R2 does not work yet", "error", err)
	}
}

// CheckR2 says what keeps the R2 driver of a project from answering; it is nil
// for the disk.
func CheckR2(ctx context.Context, p *config.Project) error {
	driver := p.Settings.R2Driver
	if driver == "" || driver == r2.Disk {
		return nil
	}
	s, err := r2.Open(r2.Options{Driver: driver})
	if err != nil {
		return err
	}
	return errors.Join(s.Ping(ctx), s.Close())
}
