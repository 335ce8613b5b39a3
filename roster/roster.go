// Package roster knows who works when: planned shifts, who is on shift now, who is on call, and whether people may enter.
// It knows nothing of conversations or escalations; those ask it who is there.
//
// Invariants: an account has at most one open duty; on call means an open duty heard of within the last minute, by the
// database's clock; Ponti is open only while at least one peer and one tutor are on call,
// and not in the last 45 minutes of their planned shifts. All instants are UTC.
package roster

import (
	"embed"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"ponti/account"
	"ponti/internal/bus"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/internal/worker"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations is the history of this package's tables. They refer to those of account.
func Migrations() pg.Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the path is a constant of this file
	}
	return pg.Migrations{Name: "roster", FS: sub}
}

// How long a duty lives without a heartbeat. Sockets and consoles of staff beat every 15 s.
const (
	onCallFor = time.Minute      // then nobody is sent to them
	silentFor = 10 * time.Minute // then the duty is over, as of the last heartbeat
)

// ShiftID names a planned shift.
type ShiftID = ids.ID[Shift]

// Shift is planned work, from an instant to another.
type Shift struct {
	ID      ShiftID
	Account account.ID
	Role    account.Role
	Alias   string
	From    time.Time
	To      time.Time
}

// Duty is somebody who is on shift.
type Duty struct {
	Account account.ID
	Role    account.Role
	Alias   string // filled by OnShift only
	Since   time.Time
	OnCall  bool // heard of within the last minute
}

// Current is what somebody sees of their own work.
type Current struct {
	On      bool
	Since   time.Time
	Planned *Shift // the planned shift that runs now, else the next one; nil when none is planned
}

// Opening is whether people may enter, and when they may if not.
type Opening struct {
	Open    bool
	Covered bool       // a peer and a tutor are on call: whoever is in already is met, also after the last admission
	ESPs    int        // on call
	Tutors  int        // on call
	LastAt  *time.Time // when open: the last admission, one conversation before the shifts end; nil while somebody works without a planned shift
	NextAt  *time.Time // when closed: the next moment a peer and a tutor are planned to come on; nil when none is planned
}

// Errors that people meet.
var (
	ErrAlreadyOn    = errs.New(errs.Conflict, "roster.already_on")
	ErrNotOn        = errs.New(errs.Conflict, "roster.not_on")
	ErrNoTutor      = errs.New(errs.Conflict, "roster.no_tutor")
	ErrShiftUnknown = errs.New(errs.NotFound, "error.not_found")
	ErrSameStart    = errs.Field("from", "roster.same_start", nil)
	ErrNotStaff     = errs.Field("account", "roster.not_staff", nil)
)

// Roster answers who is there. Safe for concurrent use.
type Roster struct {
	pool     *pgxpool.Pool
	accounts *account.Accounts
	hints    bus.Publisher
	sweeper  worker.Worker
}

// New makes a roster. Start begins the sweep that ends silent duties.
func New(pool *pgxpool.Pool, accounts *account.Accounts, hints bus.Publisher) *Roster {
	return &Roster{pool: pool, accounts: accounts, hints: hints}
}
