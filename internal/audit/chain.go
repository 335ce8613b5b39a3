package audit

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/internal/pg"
)

// Each link holds the hash of its entry and of the link before it, so no entry can be edited, dropped or exchanged without all later
// hashes being made anew. Somebody who may write everything in the database could do that, too: a Head kept elsewhere finds it.

// Head is one place of the chain: the number of a link and its hash. The zero Head stands before the first link.
type Head struct {
	N    int64
	Hash [sha256.Size]byte
}

// String is what is kept elsewhere, and what ParseHead reads.
func (h Head) String() string {
	return strconv.FormatInt(h.N, 10) + ":" + hex.EncodeToString(h.Hash[:])
}

// ParseHead reads what String wrote.
func ParseHead(text string) (h Head, err error) {
	n, sum, _ := strings.Cut(strings.TrimSpace(text), ":")
	raw, errHex := hex.DecodeString(sum)
	if h.N, err = strconv.ParseInt(n, 10, 64); err != nil || errHex != nil || h.N < 1 || len(raw) != len(h.Hash) {
		return Head{}, errors.New("audit: a head is a number, a colon and 64 hexadecimal digits")
	}
	copy(h.Hash[:], raw)
	return h, nil
}

// record is an entry as it is stored.
type record struct {
	id      int64
	service [16]byte
	at      time.Time
	actor   *[16]byte
	texts   [4]string // role, action, object, reason
}

// next is the place after h, which holds r.
func (h Head) next(linkedAt time.Time, r record) Head {
	b := append([]byte("ponti audit 1\x00"), h.Hash[:]...)
	for _, n := range []int64{h.N + 1, linkedAt.UnixMicro(), r.id, r.at.UnixMicro()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, r.service[:]...)
	if r.actor == nil {
		b = append(b, 0)
	} else {
		b = append(append(b, 1), r.actor[:]...)
	}
	for _, text := range r.texts {
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return Head{N: h.N + 1, Hash: sha256.Sum256(b)}
}

// linkLock is the advisory lock of who links: one at a time, whichever instance.
const linkLock = 0x706f6e7469_61 // "pontia"

// page bounds what is held in memory at once.
const page = 1000

// Link chains every entry that waits for it, and says how many. While another instance does it there is nothing to do.
func Link(ctx context.Context, pool *pgxpool.Pool) (linked int, err error) {
	err = pg.InTx(ctx, pool, func(ctx context.Context, tx pgx.Tx) error {
		linked = 0
		var mine bool
		if err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock($1)`, linkLock).Scan(&mine); err != nil || !mine {
			return err
		}
		var now time.Time
		head, err := selectHead(ctx, tx, &now)
		for after := int64(0); err == nil; {
			var waiting []record
			if waiting, err = selectPending(ctx, tx, after); err != nil || len(waiting) == 0 {
				return err
			}
			heads, entries := make([]Head, len(waiting)), make([]int64, len(waiting))
			for i, r := range waiting {
				head = head.next(now, r)
				heads[i], entries[i] = head, r.id
			}
			err = insertLinks(ctx, tx, now, heads, entries)
			linked += len(waiting)
			after = entries[len(entries)-1]
		}
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("audit: link: %w", err)
	}
	return linked, nil
}

// Pulse writes one row. It fails where nothing can be stored: on a full disk, or when the server only reads.
func Pulse(ctx context.Context, q pg.Querier) error {
	if _, err := q.Exec(ctx, `update audit_pulse set at = now()`); err != nil {
		return fmt.Errorf("audit: pulse: %w", pg.Classify(err))
	}
	return nil
}
