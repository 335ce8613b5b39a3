package chat

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ponti/account"
	"ponti/internal/ids"
)

func TestAssign(t *testing.T) {
	t.Parallel()
	p := []placeRow{{id: newPlaceID()}, {id: newPlaceID()}, {id: newPlaceID()}}
	a, b := ids.New[account.Account](), ids.New[account.Account]()
	const resting, rested = false, true
	knows := func(p placeRow, esp account.ID) placeRow { p.prefers = esp; return p }
	knowsB, second := knows(p[0], b), knows(p[1], a)
	tests := []struct {
		name   string
		queue  []placeRow
		free   []account.ID
		passed map[passing]bool
		want   []match
	}{
		{"nobody free", p, nil, nil, nil},
		{"nobody waits", nil, []account.ID{a}, nil, nil},
		{"first to first", p, []account.ID{a, b}, nil, []match{{p[0], a}, {p[1], b}}},
		{"who let the person pass is not asked while another is free", p[:1], []account.ID{a, b}, map[passing]bool{{p[0].id, a}: rested}, []match{{p[0], b}}},
		{"and may have the next person", p[:2], []account.ID{a, b}, map[passing]bool{{p[0].id, a}: resting}, []match{{p[0], b}, {p[1], a}}},
		{"alone, is asked again after a breath", p[:1], []account.ID{a}, map[passing]bool{{p[0].id, a}: rested}, []match{{p[0], a}}},
		{"alone, is left in peace until then", p[:1], []account.ID{a}, map[passing]bool{{p[0].id, a}: resting}, nil},
		{"alone, has the next person first", p[:2], []account.ID{a}, map[passing]bool{{p[0].id, a}: rested}, []match{{p[1], a}}},
		{"who knows one has that one", []placeRow{knowsB, p[1]}, []account.ID{a, b}, nil, []match{{knowsB, b}, {p[1], a}}},
		{"who knows nobody leaves them to who does", []placeRow{p[0], second}, []account.ID{a, b}, nil, []match{{p[0], b}, {second, a}}},
		{"but does not wait for it", []placeRow{p[0], second}, []account.ID{a}, nil, []match{{p[0], a}}},
		{"whom they know let them pass", []placeRow{knowsB}, []account.ID{a, b}, map[passing]bool{{p[0].id, b}: rested}, []match{{knowsB, a}}},
		{"whom they know is not free", []placeRow{knowsB}, []account.ID{a}, nil, []match{{knowsB, a}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, assign(tt.queue, tt.free, tt.passed)) })
	}
}
