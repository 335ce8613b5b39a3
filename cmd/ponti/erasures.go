package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/audit"
	"ponti/internal/ids"
	"ponti/internal/worker"
)

// erased is a line of a journal of erasures: what was erased, and nothing of what it said.
type erased struct {
	N       int64     `json:"n"` // of the register's chain
	At      time.Time `json:"at"`
	What    string    `json:"what"` // account, conversation or post
	Service string    `json:"service"`
	ID      string    `json:"id"`
	Posts   bool      `json:"posts,omitempty"` // of an account: what they wrote in the forum goes too
}

const (
	journalEvery  = time.Second
	journalAtOnce = 500
)

// journal writes what is erased into a file outside the database, for a backup that is older to be told. It copies from the register, so that it misses nothing while
// it cannot write, and every instance writes all. Of those with the same directory one writes; another goes on when it ends.
type journal struct {
	worker.Worker
	dir   string
	pool  *pgxpool.Pool
	epoch func(context.Context) (string, error)
	log   zerolog.Logger

	behind prometheus.Gauge

	file *os.File // used by run alone; nil: not open
	of   string   // the epoch it is of
	last int64    // what it holds
}

func newJournal(a *app, r prometheus.Registerer, log zerolog.Logger) *journal {
	return &journal{
		dir: a.config.Erasures, pool: a.stores.pool, epoch: a.chat.Epoch, log: log,
		behind: promauto.With(r).NewGauge(prometheus.GaugeOpts{Name: "ponti_erasures_unwritten_seconds", Help: "For how long what was erased could not be written to the journal outside the database; 0 when it is."}),
	}
}

// Start writes until Stop or the end of ctx. Without a directory it does nothing.
func (j *journal) Start(ctx context.Context) {
	if j.dir == "" {
		j.log.Warn().Msg("erasures are not written to a journal (PONTI_ERASURES): a backup that is brought back would bring back what was erased since")
		return
	}
	j.Worker.Start(ctx, func(ctx context.Context) {
		defer j.close()
		tick := time.NewTicker(journalEvery)
		defer tick.Stop()
		well, told := time.Now(), time.Time{}
		for {
			err := worker.Guard(func() error { return j.copy(ctx) })
			switch {
			case err == nil:
				well = time.Now()
				j.behind.Set(0)
			case ctx.Err() == nil:
				j.behind.Set(time.Since(well).Seconds())
				if time.Since(told) > time.Minute {
					told = time.Now()
					j.log.Error().Err(err).Msg("erasures cannot be written to their journal")
				}
				j.close()
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

func (j *journal) close() {
	if j.file != nil {
		_ = j.file.Close() // every line is on the disk already
		j.file = nil
	}
}

// errWrittenByAnother says that another instance holds the file.
var errWrittenByAnother = errors.New("written by another instance")

// copy writes what the register holds and the file does not.
func (j *journal) copy(ctx context.Context) error {
	epoch, err := j.epoch(ctx)
	if err != nil {
		return err
	}
	if j.file != nil && j.of != epoch {
		j.close()
	}
	if j.file == nil {
		if err := j.open(epoch); errors.Is(err, errWrittenByAnother) {
			return nil
		} else if err != nil {
			return err
		}
	}
	for {
		list, err := audit.After(ctx, j.pool, j.last, journalAtOnce, account.ActErase, chat.ActErase, forum.ActDelete)
		if err != nil || len(list) == 0 {
			return err
		}
		if err := j.write(list); err != nil {
			return err
		}
	}
}

// open takes up the file of a history of the database, behind its last whole line.
func (j *journal) open(epoch string) error {
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(j.dir, "erasures-"+epoch+".jsonl"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.Join(errWrittenByAnother, file.Close())
	}
	last, size, err := readJournal(file, func(erased) error { return nil })
	if err == nil {
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, 0)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	j.file, j.of, j.last = file, epoch, last
	return nil
}

func (j *journal) write(list []audit.Linked) error {
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for _, l := range list {
		_, id, _ := strings.Cut(l.Object, ":")
		what := map[string]string{account.ActErase: "account", chat.ActErase: "conversation", forum.ActDelete: "post"}[l.Action]
		if err := enc.Encode(erased{l.N, l.At, what, ids.ID[account.Service](l.Service).String(), id, l.Reason == account.WithPosts}); err != nil {
			return err
		}
	}
	if _, err := j.file.Write(lines.Bytes()); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.last = list[len(list)-1].N
	return nil
}

// readJournal gives each whole line of a journal; last is the highest number, size where the last whole line ends.
func readJournal(file *os.File, give func(erased) error) (last, size int64, err error) {
	lines := bufio.NewReader(file)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF):
			return last, size, nil // without its end a line was never written whole
		case err != nil:
			return last, size, err
		}
		var e erased
		if err := json.Unmarshal(line, &e); err != nil {
			return last, size, fmt.Errorf("%s: line %d is not of a journal of erasures", file.Name(), n)
		}
		if err := give(e); err != nil {
			return last, size, err
		}
		last, size = max(last, e.N), size+int64(len(line))
	}
}
