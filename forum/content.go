package forum

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"ponti/account"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/moderation"
)

// Content is what moderation asks about posts, under moderation.SubjectPost. It checks no rights: moderation has done so.
func (f *Forum) Content() moderation.Content { return content{f} }

type content struct{ *Forum }

// Excerpt is the post as it stands; of a deleted one, what it said last.
func (c content) Excerpt(ctx context.Context, q pg.Querier, s account.ServiceID, id string) (moderation.Excerpt, error) {
	post, err := ids.Parse[Post](id)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	e, err := selectEvidence(ctx, q, s, post)
	if errors.Is(err, account.ErrNotFound) {
		return c.heldExcerpt(ctx, q, s, post)
	}
	if err != nil {
		return moderation.Excerpt{}, err
	}
	names, err := c.accounts.Public(ctx, q, []account.ID{named(e.Author, e.voice > 0)})
	if err != nil {
		return moderation.Excerpt{}, err
	}
	return moderation.Excerpt{
		Author: e.Author, AuthorAlias: told(account.Actor{}, e.Author, e.voice > 0, 0, names).Alias, Nameless: e.voice > 0, Text: e.Text, Place: e.Category.String(), Title: e.Title,
		URL: Path(e.Thread, e.Number), Hidden: e.Hidden, At: e.At,
	}, nil
}

// heldExcerpt is a post that nobody reads yet.
func (c content) heldExcerpt(ctx context.Context, q pg.Querier, s account.ServiceID, id PostID) (moderation.Excerpt, error) {
	h, err := selectHeld(ctx, q, account.System(s), id, false)
	if err != nil {
		return moderation.Excerpt{}, err
	}
	names, err := c.accounts.Public(ctx, q, []account.ID{h.named()})
	if err != nil {
		return moderation.Excerpt{}, err
	}
	return moderation.Excerpt{
		Author: h.Author, AuthorAlias: h.toldTo(account.Actor{}, names).Alias, Nameless: h.Nameless, Text: h.Source, Place: h.Category.ID.String(), Title: h.Title,
		URL: HeldPath(h.ID), Hidden: true, At: h.At,
	}, nil
}

// Hide keeps a post from view; its author reads the reason.
func (content) Hide(ctx context.Context, q pg.Querier, s account.ServiceID, id, reason string, by account.ID) error {
	post, err := ids.Parse[Post](id)
	if err != nil {
		return err
	}
	if reason = strings.TrimSpace(reason); reason == "" {
		return errors.New("forum: hide without a reason")
	}
	return found(updatePostHidden(ctx, q, s, post, reason, by))
}

// Restore shows a hidden post again.
func (c content) Restore(ctx context.Context, q pg.Querier, s account.ServiceID, id string) error {
	post, err := ids.Parse[Post](id)
	if err != nil {
		return err
	}
	h, err := selectHeld(ctx, q, account.System(s), post, true)
	if err == nil && h.Refused && h.Kind.rule().twoReaders {
		return updateHeldWaiting(ctx, q, s, post) // no one person lets a story appear
	}
	if err == nil && h.Refused {
		_, err = c.publish(ctx, q, s, h)
		return err
	}
	return found(updatePostRestored(ctx, q, s, post))
}

// Moderators are those who look after the category of a post, never its author.
func (content) Moderators(ctx context.Context, q pg.Querier, s account.ServiceID, id string) ([]account.ID, error) {
	post, err := ids.Parse[Post](id)
	if err != nil {
		return nil, err
	}
	who, err := selectModeratorsOf(ctx, q, s, post)
	if !errors.Is(err, account.ErrNotFound) {
		return who, err
	}
	if _, err := selectHeld(ctx, q, account.System(s), post, false); err != nil {
		return nil, err
	}
	return selectHeldModerators(ctx, q, s, post)
}

// MayRead is nil when the actor may read the post now: its category, and its text when it is hidden.
func (content) MayRead(ctx context.Context, q pg.Querier, actor account.Actor, id string) error {
	if err := mayEnter(actor); err != nil {
		return err
	}
	post, err := ids.Parse[Post](id)
	if err != nil {
		return err
	}
	r, _, c, err := selectPost(ctx, q, actor, post, false)
	if errors.Is(err, account.ErrNotFound) {
		h, err := selectHeld(ctx, q, actor, post, false)
		if err != nil {
			return err
		}
		return maySeeHeld(actor, h)
	}
	if err != nil {
		return err
	}
	if err := mayRead(actor, c.place()); err != nil {
		return err
	}
	if r.Deleted || r.Hidden && !maySeeHidden(actor, c.place(), r.Author == actor.ID) {
		return account.ErrNotFound
	}
	return nil
}

// Opened notes nothing: what stands in a forum was written to be read.
func (content) Opened(context.Context, pg.Querier, account.Actor, string) error { return nil }

func found(ok bool, err error) error {
	if err == nil && !ok {
		return account.ErrNotFound
	}
	return err
}

// HeldPath is where a held post is read by its author and its moderators.
func HeldPath(id PostID) string { return "/forum/held/" + id.String() }

// Path is the permalink of a post. The number alone names its page.
func Path(t ThreadID, number int) string {
	p := "/forum/threads/" + t.String()
	if after := PageOf(number); after > 0 {
		p += "?after=" + strconv.Itoa(after)
	}
	return p + "#post-" + strconv.Itoa(number)
}

// PageOf is the number before the first of the page on which a number stands.
func PageOf(number int) int { return (number - 1) / PostsPerPage * PostsPerPage }
