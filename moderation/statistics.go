package moderation

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// StatisticsFor is what the statistics cover.
const StatisticsFor = 30 * 24 * time.Hour

// fewest is the least that is told of counts to those who see no single alert: fewer might point at somebody.
const fewest = 5

// Figure is a count. Few stands for one that is not told: 1 to 4.
type Figure struct {
	N   int
	Few bool
}

// LevelStatistics are the escalations of one level, as it is now, that were raised within StatisticsFor.
type LevelStatistics struct {
	Level        triage.Level
	Raised       Figure
	Acknowledged Figure
	// Median and Slow, the 95th percentile, are from being raised to the first acknowledgement; zero when nobody has acknowledged one, or it is not told.
	Median, Slow time.Duration
	Climbed      Figure // went beyond the first rung
	Reopened     Figure // nobody acted on it after the acknowledgement
	Outcomes     map[Outcome]Figure
}

// Statistics count the escalations of the actor's service, the gravest level first. Tutors may; administrators and auditors, who open none, are not told counts of one to four, nor
// times that so few make.
func (m *Moderation) Statistics(ctx context.Context, actor account.Actor) ([]LevelStatistics, error) {
	if err := account.Can(actor, account.EscalationStatistics, account.Relation{}); err != nil {
		return nil, err
	}
	rows, err := selectStatistics(ctx, m.pool, actor.Service)
	if err != nil {
		return nil, pg.Classify(err)
	}
	figure := func(n int) Figure {
		if !actor.Is(account.RoleTutor) && n > 0 && n < fewest {
			return Figure{Few: true}
		}
		return Figure{N: n}
	}
	list := make([]LevelStatistics, len(rows))
	for i, r := range rows {
		s := LevelStatistics{Level: r.level, Raised: figure(r.raised), Acknowledged: figure(r.acknowledged), Climbed: figure(r.climbed), Reopened: figure(r.reopened), Outcomes: map[Outcome]Figure{}}
		if !s.Acknowledged.Few {
			s.Median, s.Slow = r.median, r.slow
		}
		for _, o := range outcomes {
			s.Outcomes[o] = figure(r.outcomes[string(o)])
		}
		list[i] = s
	}
	return list, nil
}
