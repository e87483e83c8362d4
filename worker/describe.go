package worker

import "context"

// Describe is the text of the workerd configuration that would run opt's
// Workers: what `flint config` prints, without secrets. Nothing is started.
func Describe(ctx context.Context, opt Options) (string, error) {
	r := New(opt)
	defer func() {
		for _, w := range r.order {
			w.closeSession()
		}
	}()
	builds, err := r.buildAll(ctx, opt.Workers)
	if err != nil {
		return "", err
	}
	for i, b := range builds {
		b.setModules(b.files(moduleDir(i), r.token, false))
	}
	return compose(&r.opt, builds, opt.RunDir, true).Text(), nil
}
