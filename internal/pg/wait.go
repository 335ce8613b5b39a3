package pg

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// acquireTimeout is the longest wait for a free connection: better a plain "not now" than a page that hangs.
const acquireTimeout = time.Second

// onceTimeout is the longest sum of them while somebody looks at an empty page: with the longest wait for a lock after it, and room for what a busy
// machine adds, an answer comes within two seconds.
const onceTimeout = 700 * time.Millisecond

// WaitOnce returns a context with which all waits for a free connection, of transactions and single statements together, take 700 ms
// at most; after that one that is not free at once is ErrUnavailable, or its cause where nobody classifies it. It is for a request that makes many statements
// while somebody waits for the answer. Without it only the wait of each transaction has that bound.
func WaitOnce(ctx context.Context) context.Context {
	left := new(atomic.Int64)
	left.Store(int64(onceTimeout))
	return context.WithValue(ctx, waitKey{}, left)
}

// atOnce is how long taking a free connection may take.
const atOnce = 10 * time.Millisecond

type (
	waitKey   struct{} // what is left of the waits of a request, in nanoseconds
	acquiring struct{} // the wait that is on
)

// waiting is one wait for a connection.
type waiting struct {
	begin  time.Time
	left   *atomic.Int64
	cancel context.CancelFunc
}

// waits bounds what WaitOnce asked for. The pool calls it as it would a tracer, and goes on with the context that it returns until it has a connection;
// what is then done with the connection has the caller's own.
type waits struct{}

var _ interface {
	pgx.QueryTracer // what the field of the configuration takes
	pgxpool.AcquireTracer
} = waits{}

// TraceAcquireStart begins a wait.
func (waits) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	left, ok := ctx.Value(waitKey{}).(*atomic.Int64)
	if !ok {
		return ctx
	}
	w := &waiting{begin: time.Now(), left: left}
	ctx, w.cancel = context.WithTimeout(ctx, max(time.Duration(left.Load()), atOnce))
	return context.WithValue(ctx, acquiring{}, w)
}

// TraceAcquireEnd takes what the wait took from what was left.
func (waits) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireEndData) {
	if w, ok := ctx.Value(acquiring{}).(*waiting); ok {
		w.left.Add(-int64(time.Since(w.begin)))
		w.cancel()
	}
}

// TraceQueryStart has nothing to do.
func (waits) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd has nothing to do.
func (waits) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
