package s3api

import (
	"context"

	"flint/internal/cferr"
)

func (q *request) getCORS(context.Context) error         { return cferr.NotServed("x") }
func (q *request) putCORS(context.Context) error         { return cferr.NotServed("x") }
func (q *request) deleteCORS(context.Context) error      { return cferr.NotServed("x") }
func (q *request) getLifecycle(context.Context) error    { return cferr.NotServed("x") }
func (q *request) putLifecycle(context.Context) error    { return cferr.NotServed("x") }
func (q *request) deleteLifecycle(context.Context) error { return cferr.NotServed("x") }
func (q *request) preflight() error                      { return cferr.NotServed("x") }
func (q *request) crossOrigin()                          {}
