package moderation

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/audit"
)

// What somebody reads on a shift weighs on them. After pauseAfter alerts and reports within exposureFor a pause is suggested: a choice of ours, about
// one in each three quarters of an hour, to be reviewed by those who supervise. Nothing is withheld from who goes on.
const (
	exposureFor = 12 * time.Hour
	pauseAfter  = 8
)

// Exposure is how much an ESP or tutor has opened of late, for them alone.
type Exposure struct {
	Opened int  // alerts and reports of the last twelve hours, each once
	Pause  bool // it is much
}

// Exposure counts what the actor has opened, by the audit log. Whoever may see alerts may.
func (m *Moderation) Exposure(ctx context.Context, actor account.Actor) (Exposure, error) {
	if err := account.Can(actor, account.EscalationSeeAndAcknowledge, account.Relation{Assigned: true}); err != nil {
		return Exposure{}, err
	}
	n, err := audit.CountObjects(ctx, m.pool, actor.Service, actor.ID, time.Now().Add(-exposureFor), "escalation.see", "report.see")
	return Exposure{Opened: n, Pause: n >= pauseAfter}, err
}
