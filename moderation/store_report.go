package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation/triage"
)

// caseRow is a case as it is stored.
type caseRow struct {
	ID           CaseID
	Service      account.ServiceID
	Subject      Subject
	Author       account.ID
	OpenedAt     time.Time
	ClaimedBy    account.ID
	ClaimedUntil time.Time
	Decision     DecisionKind
	Wrapped      []byte
	KeyID        string
	AppealOf     CaseID // zero: no appeal
	Sanction     Sanction
	SecondBy     account.ID // who asks for a second opinion; zero: nobody
	SecondAt     time.Time
	Level        triage.Level
	DueAt        time.Time // zero once everybody there is was told
	Overdue      bool      // somebody was told that it lies
	TakenBackAt  time.Time // zero: what was decided stands
	Now          time.Time
}

const caseColumns = `c.id, c.service_id, c.subject_kind, c.subject_id, c.author_id, c.opened_at, c.claimed_by, coalesce(c.claimed_until, '0001-01-01Z'),
	coalesce(c.decision, ''), c.text_wrapped, c.text_key_id, c.appeal_of, coalesce(c.sanction, ''), c.second_by, coalesce(c.second_at, '0001-01-01Z'),
	c.level::text, coalesce(c.due_at, '0001-01-01Z'), c.overdue_at is not null, coalesce(c.taken_back_at, '0001-01-01Z'), now()`

func (c *caseRow) fields() []any {
	return []any{&c.ID, &c.Service, &c.Subject.Kind, &c.Subject.ID, &c.Author, &c.OpenedAt, &c.ClaimedBy, &c.ClaimedUntil, &c.Decision, &c.Wrapped, &c.KeyID, &c.AppealOf, &c.Sanction, &c.SecondBy, &c.SecondAt,
		storedLevel{&c.Level}, &c.DueAt, &c.Overdue, &c.TakenBackAt, &c.Now}
}

func oneCase(op string, r pgx.Row) (c caseRow, err error) {
	err = r.Scan(c.fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return caseRow{}, ErrUnknown
	}
	if err != nil {
		return caseRow{}, fmt.Errorf("moderation: %s: %w", op, err)
	}
	return c, nil
}

func insertCase(ctx context.Context, q pg.Querier, c caseRow, lies time.Duration) error {
	_, err := q.Exec(ctx, `insert into moderation_cases (id, service_id, subject_kind, subject_id, author_id, text_wrapped, text_key_id, level, within, due_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8::text::moderation_level, $9::interval, now() + $9::interval)
		on conflict (service_id, subject_kind, subject_id) where state = 'open' do nothing`,
		c.ID, c.Service, string(c.Subject.Kind), c.Subject.ID, c.Author, c.Wrapped, c.KeyID, c.Level.String(), lies)
	if err != nil {
		return fmt.Errorf("moderation: insert case: %w", err)
	}
	return nil
}

func selectOpenCaseForUpdate(ctx context.Context, q pg.Querier, service account.ServiceID, s Subject) (caseRow, error) {
	c, err := oneCase("lock case", q.QueryRow(ctx, `select `+caseColumns+` from moderation_cases c
		where c.service_id = $1 and c.subject_kind = $2 and c.subject_id = $3 and c.state = 'open' for update`, service, string(s.Kind), s.ID))
	if errors.Is(err, ErrUnknown) {
		return caseRow{}, pg.ErrUnavailable // decided between our insert and our lock: the reporter tries again
	}
	return c, err
}

func insertReport(ctx context.Context, q pg.Querier, c caseRow, by account.Actor, why Reason, note []byte) error {
	_, err := q.Exec(ctx, `insert into moderation_reports (id, service_id, case_id, reporter_id, reason, note) values ($1, $2, $3, $4, $5, $6)
		on conflict on constraint moderation_reports_once do nothing`, ids.New[Report](), c.Service, c.ID, by.ID, string(why), note)
	if err != nil {
		return fmt.Errorf("moderation: insert report: %w", err)
	}
	return nil
}

func selectCase(ctx context.Context, q pg.Querier, service account.ServiceID, id CaseID) (caseRow, error) {
	return oneCase("select case", q.QueryRow(ctx, `select `+caseColumns+` from moderation_cases c where c.service_id = $1 and c.id = $2`, service, id))
}

func selectQueue(ctx context.Context, q pg.Querier, actor account.Actor) ([]caseRow, error) {
	rows, err := q.Query(ctx, `select `+caseColumns+` from moderation_cases c
		where c.service_id = $1 and c.state = 'open' and c.author_id <> $2
			and not exists (select from moderation_reports r where r.case_id in (c.id, c.appeal_of) and r.reporter_id = $2)
			and not exists (select from moderation_cases f where f.id = c.appeal_of and f.decided_by = $2)
		order by c.level desc, (c.overdue_at is not null and coalesce(c.claimed_until <= now(), true)) desc, (select max(case r.reason when 'danger' then 2 when 'spam' then 0 when 'other' then 0 else 1 end) from moderation_reports r
			where r.case_id in (c.id, c.appeal_of)) desc nulls last, c.opened_at, c.id limit 200`, actor.Service, actor.ID)
	if err != nil {
		return nil, fmt.Errorf("moderation: select queue: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (c caseRow, err error) { return c, r.Scan(c.fields()...) })
}

func selectQueueLength(ctx context.Context, q pg.Querier, service account.ServiceID) (n int, err error) {
	err = q.QueryRow(ctx, `select count(*) from moderation_cases where service_id = $1 and state = 'open'`, service).Scan(&n)
	return n, err
}

// selectIsInvolved: the author of what was reported, one who reported it, or of an appeal who decided first.
func selectIsInvolved(ctx context.Context, q pg.Querier, id CaseID, who account.ID) (is bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from moderation_cases where id = $1 and author_id = $2)
		or exists (select from moderation_cases c join moderation_reports r on r.case_id in (c.id, c.appeal_of) where c.id = $1 and r.reporter_id = $2)
		or exists (select from moderation_cases c join moderation_cases f on f.id = c.appeal_of where c.id = $1 and f.decided_by = $2)`, id, who).Scan(&is)
	if err != nil {
		return false, fmt.Errorf("moderation: select involved: %w", err)
	}
	return is, nil
}

type reportRow struct {
	Reason Reason
	Note   []byte
	At     time.Time
	Of     caseRow // under whose key the note is
}

// selectReports lists the reports of a case, with those of the one it appeals.
func selectReports(ctx context.Context, q pg.Querier, c caseRow) ([]reportRow, error) {
	rows, err := q.Query(ctx, `select r.reason, r.note, r.reported_at, `+caseColumns+` from moderation_reports r join moderation_cases c on c.id = r.case_id
		where r.case_id in ($1, $2) order by r.reported_at, r.id limit 50`, c.ID, c.AppealOf)
	if err != nil {
		return nil, fmt.Errorf("moderation: select reports: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (x reportRow, err error) {
		return x, r.Scan(append([]any{&x.Reason, &x.Note, &x.At}, x.Of.fields()...)...)
	})
}

// updateClaimed is compare-and-set: a case is claimed by whom holds it, or when nobody does.
func updateClaimed(ctx context.Context, q pg.Querier, id CaseID, by account.ID) error {
	tag, err := q.Exec(ctx, `update moderation_cases set claimed_by = $2, claimed_until = now() + make_interval(secs => $3),
			due_at = case when due_at is not null then now() + make_interval(secs => $3) + within end
		where id = $1 and state = 'open' and (claimed_by is null or claimed_by = $2 or claimed_until <= now())`, id, by, claimFor.Seconds())
	if err != nil {
		return fmt.Errorf("moderation: claim: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return whyNot(ctx, q, id, ErrTaken)
	}
	return nil
}

// updateClaimKept prolongs a claim that holds.
func updateClaimKept(ctx context.Context, q pg.Querier, id CaseID, by account.ID) error {
	tag, err := q.Exec(ctx, `update moderation_cases set claimed_until = now() + make_interval(secs => $3),
			due_at = case when due_at is not null then now() + make_interval(secs => $3) + within end
		where id = $1 and state = 'open' and claimed_by = $2 and claimed_until > now()`, id, by, claimFor.Seconds())
	if err != nil {
		return fmt.Errorf("moderation: keep claim: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return whyNot(ctx, q, id, ErrClaimFirst)
	}
	return nil
}

func updateDecided(ctx context.Context, q pg.Querier, id CaseID, by account.ID, d Decision, statement []byte) error {
	tag, err := q.Exec(ctx, `update moderation_cases set state = 'decided', due_at = null, decided_by = $2, decided_at = now(), decision = $3, sanction = nullif($5, ''), statement = $4
		where id = $1 and state = 'open' and claimed_by = $2 and claimed_until > now()`, id, by, string(d.Kind), statement, string(d.Sanction))
	if err != nil {
		return fmt.Errorf("moderation: decide: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return whyNot(ctx, q, id, ErrClaimFirst)
	}
	return nil
}

// updateWithheld decides a case, whoever holds it: what it is about never appears.
func updateWithheld(ctx context.Context, q pg.Querier, id CaseID, by account.ID, statement []byte) error {
	_, err := q.Exec(ctx, `update moderation_cases set state = 'decided', due_at = null, decided_by = $2, decided_at = now(), decision = 'hide', statement = $3
		where id = $1 and state = 'open'`, id, by, statement)
	if err != nil {
		return fmt.Errorf("moderation: withhold: %w", err)
	}
	return nil
}

// whyNot is ErrDecided for a case that is over, else held.
func whyNot(ctx context.Context, q pg.Querier, id CaseID, held error) error {
	var state string
	if err := q.QueryRow(ctx, `select state from moderation_cases where id = $1`, id).Scan(&state); err != nil {
		return fmt.Errorf("moderation: select case state: %w", err)
	}
	if state == "decided" {
		return ErrDecided
	}
	return held
}

// insertNotices tells the author of a hidden subject, or of one that led to a sanction, and everybody who reported it, and of an appeal its author
// and, when the first decision was taken back, the reporters; it returns whom. What followed for the author is not for reporters to know.
func insertNotices(ctx context.Context, q pg.Querier, c caseRow, d Decision) ([]account.ID, error) {
	rows, err := q.Query(ctx, `insert into moderation_notices (id, service_id, account_id, case_id, kind)
		select gen_random_uuid(), $1, t.account_id, $2, t.kind from (
			select author_id as account_id, case when appeal_of is not null then case $3 when 'hide' then 'appeal_kept' else 'appeal_restored' end
					else case $4 when 'warn' then 'warned' when 'mute' then 'muted' when 'ban' then 'banned' else 'hidden' end end as kind
				from moderation_cases where id = $2 and ($3 = 'hide' or $4 <> '' or appeal_of is not null)
			union all
			select reporter_id, case when $3 = 'hide' then 'report_hidden' when $3 = 'acted' or $4 <> '' then 'report_acted' else 'report_kept' end
				from moderation_reports where case_id = $2
			union all
			select r.reporter_id, 'report_restored' from moderation_cases c join moderation_cases f on f.id = c.appeal_of and f.decision = 'hide'
				join moderation_reports r on r.case_id = f.id where c.id = $2 and $3 = 'none') t
		returning account_id`, c.Service, c.ID, string(d.Kind), string(d.Sanction))
	if err != nil {
		return nil, fmt.Errorf("moderation: insert notices: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[account.ID])
}

type noticeRow struct {
	Notice
	Of     caseRow
	Sealed []byte
}

func selectNotices(ctx context.Context, q pg.Querier, actor account.Actor) ([]noticeRow, error) {
	rows, err := q.Query(ctx, fmt.Sprintf(`select n.id, n.kind, n.noticed_at, n.read_at is not null, case when n.kind = 'taken_back' then c.taken_back else c.statement end, case when n.kind in ('hidden', 'warned', 'muted', 'banned') then `+appealState+` else '' end,
			coalesce((select s.until from moderation_sanctions s where s.case_id = c.id and s.lifted_at is null), '0001-01-01Z'), `+caseColumns+`
		from moderation_notices n join moderation_cases c on c.id = n.case_id left join moderation_cases a on a.appeal_of = c.id
		where n.service_id = $1 and n.account_id = $2 order by n.noticed_at desc, n.id limit $3`, int(appealFor.Seconds())), actor.Service, actor.ID, noticesShown)
	if err != nil {
		return nil, fmt.Errorf("moderation: select notices: %w", err)
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (n noticeRow, err error) {
		err = r.Scan(append([]any{&n.ID, &n.Kind, &n.At, &n.Read, &n.Sealed, &n.Appeal, &n.Until}, n.Of.fields()...)...)
		n.Subject, n.Case, n.Hidden = n.Of.Subject, n.Of.ID, n.Of.Decision == DecideHide && n.Of.TakenBackAt.IsZero()
		return n, err
	})
}

func selectUnreadNotices(ctx context.Context, q pg.Querier, actor account.Actor) (n int, err error) {
	err = q.QueryRow(ctx, `select count(*) from moderation_notices where service_id = $1 and account_id = $2 and read_at is null`, actor.Service, actor.ID).Scan(&n)
	return n, err
}

func updateNoticesRead(ctx context.Context, q pg.Querier, actor account.Actor, upTo time.Time) error {
	_, err := q.Exec(ctx, `update moderation_notices set read_at = now() where service_id = $1 and account_id = $2 and read_at is null and noticed_at <= $3`,
		actor.Service, actor.ID, upTo)
	if err != nil {
		return fmt.Errorf("moderation: mark notices: %w", err)
	}
	return nil
}
