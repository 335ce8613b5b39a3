package account

import (
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/internal/errs"
	"ponti/internal/ids"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	service := ids.New[Service]()
	// wrong tries until refused, at most n; it tells how many were taken.
	wrong := func(th *throttle, alias string, from Network, n int) (taken int) {
		for range n {
			if _, err := th.begin(service, alias, from); err != nil {
				return taken
			}
			taken++
		}
		return taken
	}
	setUp := func(f func(t *testing.T, th *throttle, home, away Network)) func(*testing.T) {
		return func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				th := newThrottle(time.Now)
				f(t, th, th.network(netip.MustParseAddr("192.0.2.7")), th.network(netip.MustParseAddr("2001:db8::1")))
			})
		}
	}
	t.Run("one network has few wrong tries for one account, then waits", setUp(func(t *testing.T, th *throttle, home, away Network) {
		assert.Equal(t, int(pairBudget.size), wrong(th, "luna", home, 100))
		_, err := th.begin(service, "luna", home)
		assert.Equal(t, errs.TooMany, errs.KindOf(err))
		refused, ok := errors.AsType[*errs.Error](err)
		require.True(t, ok)
		assert.Equal(t, 20, refused.Params["Seconds"])
		assert.Equal(t, 1, wrong(th, "sole", home, 1), "another account is not held up")
		assert.Equal(t, 1, wrong(th, "luna", away, 1), "nor the same from elsewhere")
		<-time.After(pairBudget.refill)
		assert.Equal(t, 1, wrong(th, "luna", home, 100))
	}))
	t.Run("right answers cost nothing", setUp(func(t *testing.T, th *throttle, home, _ Network) {
		for range 200 {
			try, err := th.begin(service, "luna", home)
			require.NoError(t, err)
			try.right()
		}
	}))
	t.Run("guessing from many networks ends, and the owner still gets in where they have been", setUp(func(t *testing.T, th *throttle, home, _ Network) {
		try, err := th.begin(service, "luna", home)
		require.NoError(t, err)
		try.right()
		guesses := 0
		for i := range 200 {
			guesses += wrong(th, "luna", th.network(netip.AddrFrom4([4]byte{10, 0, byte(i), 1})), 10)
		}
		assert.Equal(t, int(accountBudget.size), guesses)
		assert.Equal(t, 1, wrong(th, "luna", home, 1))
	}))
	t.Run("one network cannot try every account", setUp(func(t *testing.T, th *throttle, home, away Network) {
		taken := 0
		for i := range 200 {
			taken += wrong(th, string(rune('a'+i)), home, 1)
		}
		assert.Equal(t, int(networkBudget.size), taken)
		assert.Equal(t, 1, wrong(th, "a", away, 1))
	}))
	t.Run("neighbours share a bucket, the address itself is not in it", setUp(func(t *testing.T, th *throttle, home, away Network) {
		assert.Equal(t, home, th.network(netip.MustParseAddr("::ffff:192.0.2.200")))
		assert.Equal(t, away, th.network(netip.MustParseAddr("2001:db8::ffff")))
		assert.NotEqual(t, home, th.network(netip.MustParseAddr("192.0.3.7")))
		assert.NotEqual(t, home, newThrottle(time.Now).network(netip.MustParseAddr("192.0.2.7")), "salted")
		assert.Zero(t, th.network(netip.Addr{}))
	}))
	t.Run("memory is bounded", setUp(func(t *testing.T, th *throttle, home, _ Network) {
		for i := range maxCounted + 10 {
			th.mu.Lock()
			th.at(key('p', th.sum([]byte{byte(i), byte(i >> 8), byte(i >> 16)})), pairBudget, th.now())
			th.mu.Unlock()
		}
		wrong(th, "luna", home, 1)
		assert.Less(t, len(th.counts), 10)
	}))
}
