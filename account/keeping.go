package account

import (
	"context"

	"github.com/jackc/pgx/v5"

	"ponti/internal/errs"
)

// Keeping is for how long a service keeps conversations after their end. The defaults are those of DefaultKeeping; what is right for a service is for its data
// protection impact assessment to say.
type Keeping struct {
	GuestHours    int // of a guest, that raised nothing
	MemberMonths  int // of a member, that raised nothing
	FlaggedMonths int // that somebody had to look at; and what they noted about it
}

// Bounds of Keeping. Over the most, erasing would be a word; under the least of what is flagged nobody could answer for what was done.
const (
	MaxGuestHours    = 7 * 24
	MaxMemberMonths  = 24
	MinFlaggedMonths = 6
	MaxFlaggedMonths = 60
)

// DefaultKeeping is that of a service that set none.
var DefaultKeeping = Keeping{GuestHours: 48, MemberMonths: 12, FlaggedMonths: 24}

// ChangeKeeping sets for how long conversations are kept that end from now on; those that have ended keep the date that their people were told. Invalid at the fields "keep_guest",
// "keep_member" and "keep_flagged".
func (a *Accounts) ChangeKeeping(ctx context.Context, actor Actor, k Keeping) error {
	if err := canSetService(actor); err != nil {
		return err
	}
	var bad errs.Fields
	within := func(field string, n, least, most int) {
		if n < least || n > most {
			bad.Add(field, "account.number_between", map[string]any{"Min": least, "Max": most})
		}
	}
	within("keep_guest", k.GuestHours, 1, MaxGuestHours)
	within("keep_member", k.MemberMonths, 1, MaxMemberMonths)
	within("keep_flagged", k.FlaggedMonths, MinFlaggedMonths, MaxFlaggedMonths)
	if err := bad.Err(); err != nil {
		return err
	}
	return a.changeService(ctx, actor, "settings.change_keeping", func(ctx context.Context, tx pgx.Tx) error {
		return updateKeeping(ctx, tx, actor.Service, k)
	})
}
