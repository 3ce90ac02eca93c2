package signin

import (
	"context"

	"github.com/halle-cloud/halle/access"
)

type callerKey struct{}

// WithCaller puts who calls into the context of a request. The server's middleware does it, once, before api and web.
func WithCaller(ctx context.Context, c access.Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf is who calls; the zero Caller is nobody.
func CallerOf(ctx context.Context) access.Caller {
	c, _ := ctx.Value(callerKey{}).(access.Caller)
	return c
}
