package forum

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// ProposalID names a proposal.
type ProposalID = ids.ID[Proposal]

// ProposalKind is what somebody proposes to do.
type ProposalKind string

// The kinds.
const (
	ProposeCreate  ProposalKind = "create"  // to make a category
	ProposeArchive ProposalKind = "archive" // to have one read and no longer written to
	ProposeRestore ProposalKind = "restore" // to bring one back from there
)

// ProposalState is how it stands with a proposal.
type ProposalState string

// The states.
const (
	ProposalAsked     ProposalState = "asked"     // waits for a second administrator
	ProposalApproved  ProposalState = "approved"  // it was done
	ProposalDeclined  ProposalState = "declined"  // another administrator said no, and why
	ProposalWithdrawn ProposalState = "withdrawn" // who proposed it took it back
	ProposalLapsed    ProposalState = "lapsed"    // nobody answered in time, or who proposed it is no administrator any more
)

// proposalLife is how long a second administrator is waited for.
const proposalLife = 7 * 24 * time.Hour

// maxProposals bounds how many that are settled are told.
const maxProposals = 50

// MaxSlug is how long a slug may be.
const MaxSlug = 60

// Errors of proposals.
var (
	ErrProposalGone  = errs.New(errs.Conflict, "desk.gone")       // it is not asked for any more
	ErrProposalOwn   = errs.New(errs.Conflict, "desk.own")        // one's own: another administrator must answer
	ErrProposalWaits = errs.New(errs.Conflict, "desk.waits")      // there is one about this category already
	ErrSlugTaken     = errs.New(errs.Conflict, "desk.slug_taken") // since it was proposed
	ErrNotArchived   = errs.New(errs.Conflict, "desk.not_archived")
)

// Proposal is what one administrator proposes and another decides about. What it says is never changed: who wants it otherwise proposes anew.
type Proposal struct {
	ID       ProposalID
	Kind     ProposalKind
	State    ProposalState
	Category CategoryID // zero of one that is not made
	Slug     string     // of the category, as the next two
	Title    string
	Audience Audience
	Rules    string // of a new one, as Place
	Place    int    // among the open ones, from 1
	Why      string
	AskedBy  string // alias
	AskedAt  time.Time
	Until    time.Time // when it lapses
	// SettledBy is the alias of who approved, declined or took back.
	SettledBy string
	SettledAt time.Time
	Reason    string // why it was declined
	Mine      bool   // the actor's
}

// stands is true of one that may still be decided about: it waits, and who proposed it still could.
func (r proposalRow) stands(admins []account.ID) bool {
	return r.State == ProposalAsked && slices.Contains(admins, r.askedBy)
}

func (r proposalRow) seenBy(actor account.Actor, admins []account.ID, names map[account.ID]account.Public) Proposal {
	p := r.Proposal
	p.AskedBy, p.SettledBy, p.Mine, p.Until = names[r.askedBy].Alias, names[r.settledBy].Alias, r.askedBy == actor.ID, p.AskedAt.Add(proposalLife)
	if p.State == ProposalAsked && !r.stands(admins) {
		p.State = ProposalLapsed
	}
	return p
}

// ProposeCategory proposes a category that does not exist yet; in.Position is where it is to stand among the open ones, from 1, and nothing or too much is the end. Without a slug it gets
// one from its title. Administrators may; another approves. Errors: errs.Fields, also for a slug that is taken or proposed already.
func (f *Forum) ProposeCategory(ctx context.Context, actor account.Actor, in NewCategory, why string) (ProposalID, error) {
	var wrong errs.Fields
	in = in.prepared(&wrong)
	p := Proposal{ID: ids.New[Proposal](), Kind: ProposeCreate, Slug: in.Slug, Title: in.Title, Audience: in.Audience, Rules: in.Rules, Why: prepareReason("why", why, &wrong)}
	return p.ID, f.propose(ctx, actor, wrong, func(ctx context.Context, tx pgx.Tx, waiting []proposalRow) (Proposal, error) {
		all, err := selectCategoryIDs(ctx, tx, actor.Service)
		if err != nil {
			return p, err
		}
		if _, taken := all[p.Slug]; taken {
			return p, errs.Field("slug", "desk.slug_taken", nil)
		}
		if slices.ContainsFunc(waiting, func(r proposalRow) bool { return r.Kind == ProposeCreate && r.Slug == p.Slug }) {
			return p, errs.Field("slug", "desk.slug_proposed", nil)
		}
		now, err := selectOrder(ctx, tx, actor.Service)
		if p.Place = in.Position; p.Place < 1 || p.Place > len(now.open) {
			p.Place = len(now.open) + 1
		}
		return p, err
	})
}

// ProposeArchive proposes that a category can be read and no longer written to. Administrators may; another approves. Errors: errs.Fields, ErrProposalWaits, ErrArchived when it
// is already, account.ErrNotFound.
func (f *Forum) ProposeArchive(ctx context.Context, actor account.Actor, slug, why string) (ProposalID, error) {
	return f.proposeFor(ctx, actor, ProposeArchive, slug, why)
}

// ProposeRestore proposes to bring a category back from the archive. Rights and errors as ProposeArchive, and ErrNotArchived.
func (f *Forum) ProposeRestore(ctx context.Context, actor account.Actor, slug, why string) (ProposalID, error) {
	return f.proposeFor(ctx, actor, ProposeRestore, slug, why)
}

func (f *Forum) proposeFor(ctx context.Context, actor account.Actor, kind ProposalKind, slug, why string) (ProposalID, error) {
	var wrong errs.Fields
	p := Proposal{ID: ids.New[Proposal](), Kind: kind, Why: prepareReason("why", why, &wrong)}
	return p.ID, f.propose(ctx, actor, wrong, func(ctx context.Context, tx pgx.Tx, waiting []proposalRow) (Proposal, error) {
		c, err := lockCategory(ctx, tx, actor.Service, slug)
		p.Category = c.ID
		switch {
		case err != nil:
			return p, err
		case kind == ProposeArchive && c.Archived():
			return p, ErrArchived
		case kind == ProposeRestore && !c.Archived():
			return p, ErrNotArchived
		case slices.ContainsFunc(waiting, func(r proposalRow) bool { return r.Category == c.ID }):
			return p, ErrProposalWaits
		}
		return p, nil
	})
}

// propose stores what ready makes of a proposal beside those that wait.
func (f *Forum) propose(ctx context.Context, actor account.Actor, wrong errs.Fields, ready func(ctx context.Context, tx pgx.Tx, waiting []proposalRow) (Proposal, error)) error {
	if err := mayRunDesk(actor); err != nil {
		return err
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	return f.onDesk(ctx, actor, func(ctx context.Context, tx pgx.Tx, admins []account.ID) error {
		waiting, err := f.waiting(ctx, tx, actor, admins)
		if err != nil {
			return err
		}
		p, err := ready(ctx, tx, waiting)
		if err != nil {
			return err
		}
		if err := insertProposal(ctx, tx, actor, p); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "forum_category.ask_to_"+string(p.Kind), p.object())
	})
}

// waiting are the proposals that may be decided about. Those that may not be any more lapse with it.
func (f *Forum) waiting(ctx context.Context, tx pgx.Tx, actor account.Actor, admins []account.ID) (list []proposalRow, err error) {
	if err := updateProposalsLapsed(ctx, tx, actor.Service, proposalLife, admins); err != nil {
		return nil, err
	}
	all, err := selectProposals(ctx, tx, actor.Service, proposalLife)
	for _, p := range all {
		if p.stands(admins) {
			list = append(list, p)
		}
	}
	return list, err
}

// object names a proposal, and the category there is, in the audit log.
func (p Proposal) object() string {
	if p.Category.IsZero() {
		return "forum_proposal:" + p.ID.String()
	}
	return "forum_category:" + p.Category.String() + " forum_proposal:" + p.ID.String()
}

// ApproveProposal does what another administrator proposes. Errors: ErrProposalOwn, ErrProposalGone when it was decided, taken back or has lapsed, ErrSlugTaken, account.ErrNotFound.
func (f *Forum) ApproveProposal(ctx context.Context, actor account.Actor, id ProposalID) (Proposal, error) {
	return f.settle(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, r proposalRow) (p Proposal, err error) {
		p = r.Proposal
		if r.askedBy == actor.ID {
			return p, ErrProposalOwn
		}
		if p.Kind == ProposeCreate {
			p.Category = ids.New[Category]()
			err = insertProposed(ctx, tx, actor.Service, p)
		} else {
			err = found(updateArchived(ctx, tx, actor.Service, p.Category, p.Kind == ProposeArchive))
		}
		if pg.Constraint(err) == "forum_categories_slug_once" {
			return p, ErrSlugTaken
		}
		if err != nil {
			return p, err
		}
		if err := p.putInPlace(ctx, tx, actor.Service); err != nil {
			return p, err
		}
		if err := updateProposal(ctx, tx, actor, p, ProposalApproved, ""); err != nil {
			return p, err
		}
		return p, appendAudit(ctx, tx, actor, "forum_category."+string(p.Kind), p.object())
	})
}

// putInPlace has a category that was just made stand where it was proposed, and one that went to the archive or came back at the end of those it is now among.
func (p Proposal) putInPlace(ctx context.Context, tx pgx.Tx, s account.ServiceID) error {
	now, err := selectOrder(ctx, tx, s)
	if err != nil {
		return err
	}
	next := now.without(p.Category)
	switch p.Kind {
	case ProposeCreate:
		next.open = slices.Insert(next.open, min(p.Place-1, len(next.open)), p.Category)
	case ProposeRestore:
		next.open = append(next.open, p.Category)
	case ProposeArchive:
		next.archived = append(next.archived, p.Category)
	}
	return updateOrder(ctx, tx, s, next)
}

// DeclineProposal says no to what another administrator proposes, who reads why. Errors as ApproveProposal, and errs.Fields.
func (f *Forum) DeclineProposal(ctx context.Context, actor account.Actor, id ProposalID, reason string) error {
	var wrong errs.Fields
	reason = prepareReason("reason", reason, &wrong)
	_, err := f.settle(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, r proposalRow) (Proposal, error) {
		if r.askedBy == actor.ID {
			return r.Proposal, ErrProposalOwn
		}
		if err := wrong.Err(); err != nil {
			return r.Proposal, err
		}
		if err := updateProposal(ctx, tx, actor, r.Proposal, ProposalDeclined, reason); err != nil {
			return r.Proposal, err
		}
		return r.Proposal, appendAudit(ctx, tx, actor, "forum_category.decline", r.object())
	})
	return err
}

// WithdrawProposal takes back one's own. Errors: account.ErrForbidden for somebody else's, ErrProposalGone, account.ErrNotFound.
func (f *Forum) WithdrawProposal(ctx context.Context, actor account.Actor, id ProposalID) error {
	_, err := f.settle(ctx, actor, id, func(ctx context.Context, tx pgx.Tx, r proposalRow) (Proposal, error) {
		if r.askedBy != actor.ID {
			return r.Proposal, account.ErrForbidden
		}
		if err := updateProposal(ctx, tx, actor, r.Proposal, ProposalWithdrawn, ""); err != nil {
			return r.Proposal, err
		}
		return r.Proposal, appendAudit(ctx, tx, actor, "forum_category.withdraw", r.object())
	})
	return err
}

// settle ends a proposal that waits, once.
func (f *Forum) settle(ctx context.Context, actor account.Actor, id ProposalID, end func(context.Context, pgx.Tx, proposalRow) (Proposal, error)) (p Proposal, err error) {
	if err := mayRunDesk(actor); err != nil {
		return p, err
	}
	err = f.onDesk(ctx, actor, func(ctx context.Context, tx pgx.Tx, admins []account.ID) error {
		r, err := selectProposal(ctx, tx, actor.Service, id, proposalLife)
		if err != nil {
			return err
		}
		if !r.stands(admins) {
			return ErrProposalGone
		}
		p, err = end(ctx, tx, r)
		return err
	})
	return p, err
}

var slugShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$`)

// prepared is a category as it may be proposed, or what is wrong with it.
func (in NewCategory) prepared(wrong *errs.Fields) NewCategory {
	in.Title, in.Rules = prepareTitle(in.Title, wrong), prepareRules(in.Rules, wrong)
	if in.Audience.reading() == "" {
		wrong.Add("audience", "desk.audience_missing", nil)
	}
	switch in.Slug = strings.ToLower(strings.TrimSpace(in.Slug)); {
	case in.Slug == "":
		if in.Slug = plainSlug(in.Title); in.Slug == "" {
			wrong.Add("slug", "desk.slug_missing", nil)
		}
	case len(in.Slug) > MaxSlug:
		wrong.Add("slug", "desk.slug_long", map[string]any{"Max": MaxSlug})
	case !slugShape.MatchString(in.Slug):
		wrong.Add("slug", "desk.slug_shape", nil)
	}
	return in
}

// prepareReason cleans why somebody wants or declines something, and checks it.
func prepareReason(field, text string, wrong *errs.Fields) string {
	text = cleanText(text)
	switch n := utf8.RuneCountInString(text); {
	case n < MinReason || blank(text):
		wrong.Add(field, "desk.reason_short", map[string]any{"Min": MinReason})
	case n > MaxReason:
		wrong.Add(field, "desk.reason_long", map[string]any{"Max": MaxReason, "Over": n - MaxReason})
	}
	return text
}
