package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation/triage"
)

// row is an escalation as it is stored.
type row struct {
	ID             EscalationID
	Service        account.ServiceID
	Subject        Subject
	Level          triage.Level
	Category       triage.Category
	Person, ESP    account.ID
	State          State
	Rung           Rung
	Round          int
	Fence          int64
	RaisedAt       time.Time
	DueAt          time.Time // zero when closed
	Owner          account.ID
	AcknowledgedAt time.Time
	Outcome        Outcome
	Times          *times // of the ladder when it was raised; nil: those a service starts with
	Now            time.Time
	Routed         bool // to the actor who asked; only selectEscalation and selectConsole know
}

const columns = `e.id, e.service_id, e.subject_kind, e.subject_id, e.level::text, e.category, e.person_id, e.esp_id, e.state, e.rung, e.round,
	e.fence, e.raised_at, coalesce(e.due_at, '0001-01-01Z'), e.owner_id, coalesce(e.acknowledged_at, '0001-01-01Z'), coalesce(e.outcome, ''), e.times, now()`

func (e *row) fields(level *string) []any {
	return []any{&e.ID, &e.Service, &e.Subject.Kind, &e.Subject.ID, level, &e.Category, &e.Person, &e.ESP, &e.State, &e.Rung, &e.Round,
		&e.Fence, &e.RaisedAt, &e.DueAt, &e.Owner, &e.AcknowledgedAt, &e.Outcome, &e.Times, &e.Now}
}

// scan reads columns and what follows them.
func scan(r pgx.Row, more ...any) (e row, err error) {
	var level string
	if err = r.Scan(append(e.fields(&level), more...)...); err != nil {
		return row{}, err
	}
	e.Level, err = triage.ParseLevel(level)
	return e, err
}

// one reads a single escalation; no row is ErrUnknown.
func one(op string, r pgx.Row, more ...any) (row, error) {
	e, err := scan(r, more...)
	if errors.Is(err, pgx.ErrNoRows) {
		return row{}, ErrUnknown
	}
	if err != nil {
		return row{}, fmt.Errorf("moderation: %s: %w", op, err)
	}
	return e, nil
}

func selectCause(ctx context.Context, q pg.Querier, service account.ServiceID, c Cause) (row, error) {
	return one("select cause", q.QueryRow(ctx, `select `+columns+` from moderation_causes c join moderation_escalations e on e.id = c.escalation_id
		where c.service_id = $1 and c.kind = $2 and c.ref = $3`, service, string(c.Kind), c.Ref))
}

func selectOpenForUpdate(ctx context.Context, q pg.Querier, service account.ServiceID, s Subject) (row, error) {
	return one("lock open", q.QueryRow(ctx, `select `+columns+` from moderation_escalations e
		where e.service_id = $1 and e.subject_kind = $2 and e.subject_id = $3 and e.state <> 'closed' for update`, service, string(s.Kind), s.ID))
}

// insertEscalation opens an escalation that is due at once; errAgain when another transaction opened one for the subject.
func insertEscalation(ctx context.Context, q pg.Querier, id EscalationID, r Raise) (row, error) {
	e, err := one("insert", q.QueryRow(ctx, `insert into moderation_escalations as e
		(id, service_id, subject_kind, subject_id, level, category, rules, person_id, esp_id, times)
		values ($1, $2, $3, $4, $5::text::moderation_level, $6, $7, $8, $9, (select times from moderation_policies where service_id = $2 and state = 'active'))
		on conflict (service_id, subject_kind, subject_id) where state <> 'closed' do nothing returning `+columns,
		id, r.Service, string(r.Subject.Kind), r.Subject.ID, r.Level.String(), string(r.Category), list(r.Rules), r.Person, r.ESP))
	if errors.Is(err, ErrUnknown) {
		return row{}, errAgain
	}
	return e, err
}

// insertCause ties a cause to its escalation; errAgain when another transaction has put the same cause.
func insertCause(ctx context.Context, q pg.Querier, id EscalationID, r Raise) error {
	tag, err := q.Exec(ctx, `insert into moderation_causes (service_id, escalation_id, kind, ref, level, category, rules)
		values ($1, $2, $3, $4, $5::text::moderation_level, $6, $7) on conflict on constraint moderation_causes_once do nothing`,
		r.Service, id, string(r.Cause.Kind), r.Cause.Ref, r.Level.String(), string(r.Category), list(r.Rules))
	if err != nil {
		return fmt.Errorf("moderation: insert cause: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return errAgain
	}
	return nil
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// Every change of an escalation goes through one of the updates below: each bumps the fence, which numbers its step.

func updateJoined(ctx context.Context, q pg.Querier, e row) (row, error) {
	return one("join", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1 where e.id = $1 and e.fence = $2 returning `+columns, e.ID, e.Fence))
}

// selectIsOther tells whether no cause of an escalation has a category at its level.
func selectIsOther(ctx context.Context, q pg.Querier, e row, c triage.Category) (is bool, err error) {
	err = q.QueryRow(ctx, `select not exists (select from moderation_causes where escalation_id = $1 and category = $2 and level = $3::text::moderation_level)`,
		e.ID, string(c), e.Level.String()).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("moderation: select other: %w", err)
	}
	return is, nil
}

// updateWidened is updateJoined that gives an owner a time from now.
func updateWidened(ctx context.Context, q pg.Querier, e row, wait time.Duration) (row, error) {
	return one("widen", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1,
			due_at = case when e.state = 'acknowledged' then now() + make_interval(secs => $3) else e.due_at end
		where e.id = $1 and e.fence = $2 returning `+columns, e.ID, e.Fence, wait.Seconds()))
}

func updateLifted(ctx context.Context, q pg.Querier, e row, r Raise, state State, rung Rung, wait time.Duration) (row, error) {
	return one("lift", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1, level = $3::text::moderation_level, category = $4, rules = $5,
			esp_id = coalesce($6, e.esp_id), state = $7, rung = $8, round = 0, due_at = now() + make_interval(secs => $9), owner_id = null, acknowledged_at = null, acted_at = null
		where e.id = $1 and e.fence = $2 returning `+columns,
		e.ID, e.Fence, r.Level.String(), string(r.Category), list(r.Rules), r.ESP, string(state), int16(rung), wait.Seconds()))
}

func updateStepped(ctx context.Context, q pg.Querier, e row, s step) (row, error) {
	return one("step", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1, state = $3, rung = $4, round = $5, due_at = $6,
			owner_id = case when $7 then null else e.owner_id end, acknowledged_at = case when $7 then null else e.acknowledged_at end,
			acted_at = case when $7 then null else e.acted_at end
		where e.id = $1 and e.fence = $2 returning `+columns, e.ID, e.Fence, string(s.State), int16(s.Rung), s.Round, s.DueAt, s.Forget))
}

// updateAcknowledged is compare-and-set: the row it returns has fence 0 when somebody was first.
func updateAcknowledged(ctx context.Context, q pg.Querier, e row, by account.ID, patience time.Duration) (row, error) {
	e, err := one("acknowledge", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1, state = 'acknowledged', owner_id = $2,
			acknowledged_at = now(), acted_at = now(), due_at = now() + make_interval(secs => $3)
		where e.id = $1 and e.state in ('raised', 'offered') returning `+columns, e.ID, by, patience.Seconds()))
	if errors.Is(err, ErrUnknown) {
		return row{}, nil
	}
	return e, err
}

func updateTakenOver(ctx context.Context, q pg.Querier, e row, by account.ID, patience time.Duration) (row, error) {
	return one("take over", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1, owner_id = $3,
			acknowledged_at = now(), acted_at = now(), due_at = now() + make_interval(secs => $4)
		where e.id = $1 and e.fence = $2 returning `+columns, e.ID, e.Fence, by, patience.Seconds()))
}

func selectTakenSince(ctx context.Context, q pg.Querier, s Subject, but account.ID, within time.Duration) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from moderation_escalations where subject_kind = $1 and subject_id = $2 and state = 'acknowledged'
		and owner_id <> $3 and acknowledged_at > now() - $4::interval)`, string(s.Kind), s.ID, but, within).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("moderation: select taken since: %w", err)
	}
	return is, nil
}

func updateActed(ctx context.Context, q pg.Querier, e row, patience time.Duration) (row, error) {
	return one("act", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1, acted_at = now(), due_at = now() + make_interval(secs => $3)
		where e.id = $1 and e.fence = $2 returning `+columns, e.ID, e.Fence, patience.Seconds()))
}

func updateClosed(ctx context.Context, q pg.Querier, e row, by account.ID, outcome Outcome, note seal.Alone) (row, error) {
	e, err := one("close", q.QueryRow(ctx, `update moderation_escalations e set fence = e.fence + 1, state = 'closed', due_at = null, closed_at = now(),
			outcome = $3, note = $4, note_wrapped = $5, note_key_id = $6, note_form = $7
		where e.id = $1 and e.owner_id = $2 and e.state = 'acknowledged' returning `+columns,
		e.ID, by, string(outcome), note.Text, note.Wrapped, note.KeyID, int16(noteInParts)))
	if errors.Is(err, ErrUnknown) {
		return row{}, ErrNotOwner // lost between our reading and our writing
	}
	return e, err
}

// lockNewestCause takes the escalation's row lock, after which no cause joins it, and names the last that did.
func lockNewestCause(ctx context.Context, q pg.Querier, id EscalationID) (newest int64, err error) {
	if _, err := q.Exec(ctx, `select 1 from moderation_escalations where id = $1 for update`, id); err != nil {
		return 0, fmt.Errorf("moderation: lock: %w", err)
	}
	// A statement of its own: it sees what was committed while the lock was waited for.
	err = q.QueryRow(ctx, `select coalesce(max(id), 0) from moderation_causes where escalation_id = $1`, id).Scan(&newest)
	if err != nil {
		return 0, fmt.Errorf("moderation: select newest cause: %w", err)
	}
	return newest, nil
}

func insertStep(ctx context.Context, q pg.Querier, e row, kind StepKind, by account.ID) error {
	var due *time.Time
	if !e.DueAt.IsZero() {
		due = &e.DueAt
	}
	_, err := q.Exec(ctx, `insert into moderation_steps (service_id, escalation_id, fence, kind, level, rung, round, actor_id, due_at)
		values ($1, $2, $3, $4, $5::text::moderation_level, $6, $7, $8, $9)`,
		e.Service, e.ID, e.Fence, string(kind), e.Level.String(), int16(e.Rung), e.Round, by, due)
	if err != nil {
		return fmt.Errorf("moderation: insert step: %w", err)
	}
	return nil
}

// selectEscalation reads an escalation of the actor's service and whether it is routed to the actor.
func selectEscalation(ctx context.Context, q pg.Querier, actor account.Actor, id EscalationID) (row, error) {
	var routed bool
	e, err := one("select", q.QueryRow(ctx, `select `+columns+`, exists (select from moderation_routes r where r.escalation_id = e.id and r.account_id = $3 and r.until is null)
		from moderation_escalations e where e.service_id = $1 and e.id = $2`, actor.Service, id, actor.ID), &routed)
	e.Routed = routed
	return e, err
}

// selectConsole reads what is open in the actor's service: what is routed to the actor, and what somebody owns.
func selectConsole(ctx context.Context, q pg.Querier, actor account.Actor) ([]row, error) {
	rows, err := q.Query(ctx, `select `+columns+`, r.id is not null
		from moderation_escalations e left join moderation_routes r on r.escalation_id = e.id and r.account_id = $2 and r.until is null
		where e.service_id = $1 and e.state <> 'closed' and (r.id is not null and (e.level = 'amber' or $3) or e.state = 'acknowledged')
		order by e.state = 'acknowledged', e.level desc, e.raised_at, e.id limit 500`, actor.Service, actor.ID, actor.Is(account.RoleTutor))
	if err != nil {
		return nil, fmt.Errorf("moderation: select console: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (row, error) {
		var routed bool
		e, err := scan(r, &routed)
		e.Routed = routed
		return e, err
	})
}

func selectOwnedForUpdate(ctx context.Context, q pg.Querier, s Subject, who account.ID) (row, error) {
	return one("lock owned", q.QueryRow(ctx, `select `+columns+` from moderation_escalations e
		where e.subject_kind = $1 and e.subject_id = $2 and e.state = 'acknowledged' and e.owner_id = $3 for update`, string(s.Kind), s.ID, who))
}

func selectLastState(ctx context.Context, q pg.Querier, s Subject) (state State, level triage.Level, err error) {
	var name string
	err = q.QueryRow(ctx, `select state, level::text from moderation_escalations where subject_kind = $1 and subject_id = $2
		order by raised_at desc, state <> 'closed' desc limit 1`, string(s.Kind), s.ID).Scan(&state, &name)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", triage.None, ErrUnknown
	}
	if err != nil {
		return "", triage.None, fmt.Errorf("moderation: select care: %w", err)
	}
	level, err = triage.ParseLevel(name)
	return state, level, err
}

func selectWorstOf(ctx context.Context, q pg.Querier, s Subject) (triage.Level, error) {
	var name *string
	err := q.QueryRow(ctx, `select max(level)::text from moderation_escalations where subject_kind = $1 and subject_id = $2`, string(s.Kind), s.ID).Scan(&name)
	if err != nil {
		return triage.None, fmt.Errorf("moderation: select worst: %w", err)
	}
	if name == nil {
		return triage.None, nil
	}
	return triage.ParseLevel(*name)
}

// selectLastStates is selectLastState of many subjects, as what their persons may know.
func selectLastStates(ctx context.Context, q pg.Querier, kind SubjectKind, ids []string) (map[string]Care, error) {
	rows, err := q.Query(ctx, `select distinct on (subject_id) subject_id, state, level::text from moderation_escalations
		where subject_kind = $1 and subject_id = any($2) order by subject_id, raised_at desc, state <> 'closed' desc`, string(kind), ids)
	if err != nil {
		return nil, fmt.Errorf("moderation: select cares: %w", err)
	}
	all := make(map[string]Care, len(ids))
	var id, name string
	var state State
	_, err = pgx.ForEachRow(rows, []any{&id, &state, &name}, func() error {
		level, err := triage.ParseLevel(name)
		all[id] = care(state, level)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("moderation: select cares: %w", err)
	}
	return all, nil
}

func selectStateMarks(ctx context.Context, q pg.Querier, kind SubjectKind, ids []string) (map[string]string, error) {
	rows, err := q.Query(ctx, `select subject_id, string_agg(concat_ws('.', id, state, level), ' ' order by id) from moderation_escalations
		where subject_kind = $1 and subject_id = any($2) group by subject_id`, string(kind), ids)
	if err != nil {
		return nil, fmt.Errorf("moderation: select marks: %w", err)
	}
	marks := map[string]string{}
	var id, mark string
	if _, err = pgx.ForEachRow(rows, []any{&id, &mark}, func() error { marks[id] = mark; return nil }); err != nil {
		return nil, fmt.Errorf("moderation: select marks: %w", err)
	}
	return marks, nil
}

func selectOpenOf(ctx context.Context, q pg.Querier, s Subject) (id EscalationID, level triage.Level, err error) {
	var name string
	err = q.QueryRow(ctx, `select id, level::text from moderation_escalations where subject_kind = $1 and subject_id = $2 and state <> 'closed'`,
		string(s.Kind), s.ID).Scan(&id, &name)
	if errors.Is(err, pgx.ErrNoRows) {
		return EscalationID{}, triage.None, nil
	}
	if err != nil {
		return EscalationID{}, triage.None, fmt.Errorf("moderation: select open escalation: %w", err)
	}
	level, err = triage.ParseLevel(name)
	return id, level, err
}

func selectCauses(ctx context.Context, q pg.Querier, id EscalationID) ([]ShownCause, error) {
	rows, err := q.Query(ctx, `select id, kind, ref, level::text, category, rules, at from moderation_causes where escalation_id = $1 order by id desc limit 20`, id)
	if err != nil {
		return nil, fmt.Errorf("moderation: select causes: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c ShownCause, err error) {
		var level string
		if err = r.Scan(&c.id, &c.Kind, &c.Ref, &level, &c.Category, &c.Rules, &c.At); err == nil {
			c.Level, err = triage.ParseLevel(level)
		}
		return c, err
	})
}

// selectOthers reads of many escalations the categories of their causes beside their own, in the order in which they came; new is what came since their owner last did something.
func selectOthers(ctx context.Context, q pg.Querier, of []EscalationID) (map[EscalationID][]Another, error) {
	rows, err := q.Query(ctx, `select e.id, c.category, e.state = 'acknowledged' and min(c.at) > e.acted_at
		from moderation_escalations e join moderation_causes c on c.escalation_id = e.id and c.category not in (e.category, 'none')
		where e.id = any($1) and e.state <> 'closed' group by e.id, c.category order by min(c.id)`, of)
	if err != nil {
		return nil, fmt.Errorf("moderation: select others: %w", err)
	}
	all := map[EscalationID][]Another{}
	var id EscalationID
	var a Another
	if _, err = pgx.ForEachRow(rows, []any{&id, &a.Category, &a.New}, func() error { all[id] = append(all[id], a); return nil }); err != nil {
		return nil, fmt.Errorf("moderation: select others: %w", err)
	}
	return all, nil
}

// selectSteps reads the history, and in the same order who did each step.
func selectSteps(ctx context.Context, q pg.Querier, id EscalationID) (steps []ShownStep, by []account.ID, err error) {
	rows, err := q.Query(ctx, `select kind, level::text, rung, actor_id, at from
		(select * from moderation_steps where escalation_id = $1 order by fence desc limit 100) last order by fence`, id)
	if err != nil {
		return nil, nil, fmt.Errorf("moderation: select steps: %w", err)
	}
	var s ShownStep
	var level string
	var who account.ID
	_, err = pgx.ForEachRow(rows, []any{&s.Kind, &level, &s.Rung, &who, &s.At}, func() (err error) {
		s.Level, err = triage.ParseLevel(level)
		steps, by = append(steps, s), append(by, who)
		return err
	})
	return steps, by, err
}

func selectNote(ctx context.Context, q pg.Querier, id EscalationID) (s seal.Alone, form noteForm, err error) {
	err = q.QueryRow(ctx, `select note, note_wrapped, coalesce(note_key_id, ''), note_form from moderation_escalations where id = $1`, id).Scan(&s.Text, &s.Wrapped, &s.KeyID, &form)
	if err != nil {
		return seal.Alone{}, 0, fmt.Errorf("moderation: select note: %w", err)
	}
	return s, form, nil
}
