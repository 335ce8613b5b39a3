package main

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutOfTurn(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(1000+s), 0) }
	offered := func(g guest, from, to int) *guest {
		g.notBefore, g.notAfter = at(from), at(to)
		return &g
	}
	came := func(s int) guest { return guest{feeling: 5, asked: at(s), given: at(s + 1)} }
	worse, urgent := came(4), came(4)
	worse.feeling, urgent.urgent = 2, true
	tests := []struct {
		name string
		all  []*guest
		want int64
	}{
		{"one after the other", []*guest{offered(came(0), 10, 11), offered(came(2), 12, 13)}, 0},
		{"who came later went first", []*guest{offered(came(0), 12, 13), offered(came(2), 10, 11)}, 1},
		{"who came first was never asked", []*guest{offered(came(2), 10, 11), {feeling: 5, asked: at(0), given: at(1)}}, 1},
		{"who came first had no place yet", []*guest{offered(came(12), 15, 16), offered(came(9), 8, 9)}, 0},
		{"both at once may be either way", []*guest{offered(came(0), 10, 12), offered(came(2), 11, 13)}, 0},
		{"both asked at once may be either way", []*guest{offered(came(0), 12, 13), offered(came(0), 10, 11)}, 0},
		{"who feels worse goes first", []*guest{offered(came(0), 12, 13), offered(worse, 10, 11)}, 0},
		{"and is not passed over", []*guest{offered(came(0), 10, 11), offered(worse, 12, 13)}, 1},
		{"the urgent go before all", []*guest{offered(worse, 12, 13), offered(urgent, 10, 11)}, 0},
		{"and are not passed over", []*guest{offered(worse, 10, 11), offered(urgent, 12, 13)}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, outOfTurn(tt.all)) })
	}
}

func TestTurns_find_who_is_told_two_things(t *testing.T) {
	t.Parallel()
	now := time.Now()
	turns := newTurns()
	g := newGuest(0, now)
	turns.add(g)
	turns.seated(g, "room", now)
	require.False(t, turns.told(g, "waiting", "room", 2, now))
	require.False(t, turns.told(g, "offered", "room", 1, now))
	require.True(t, turns.told(g, "in_session", "room", 0, now))
	require.False(t, turns.told(g, "in_session", "room", 0, now), "said again")
	require.Zero(t, turns.faults)
	turns.told(g, "waiting", "room", 1, now)
	require.EqualValues(t, 1, turns.faults.TwoStates, "who talks does not wait")
	require.Same(t, g, turns.took(t.Context(), "room", now, now, now))
	turns.took(t.Context(), "room", now, now, now)
	require.EqualValues(t, 1, turns.faults.MetTwice)
	turns.told(g, "waiting", "other", 1, now)
	require.EqualValues(t, 1, turns.faults.Doubled)
	require.ErrorIs(t, turns.faults.err(), errFaulty)
}

func TestSolve(t *testing.T) {
	t.Parallel()
	sum := sha256.Sum256([]byte("work:" + solve("work", 10)))
	require.Zero(t, sum[0])
	require.Less(t, sum[1], byte(0x40))
}

func TestPage_finds_what_scripts_find(t *testing.T) {
	t.Parallel()
	p := page{body: []byte(`<input type="hidden" name="version" value="2"/><input name="alias" class="x" value="Luce &amp; Mare"><a href="/rooms/0a8d3a4e-6f0e-4c41-9b39-2a9b3f0a1c11/help">`)}
	require.Equal(t, "2", p.value("version"))
	require.Equal(t, "Luce & Mare", p.value("alias"))
	require.Empty(t, p.value("puzzle"))
	require.Equal(t, "0a8d3a4e-6f0e-4c41-9b39-2a9b3f0a1c11", p.room())
	require.Empty(t, page{}.room())
}
