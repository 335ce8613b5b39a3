package forum

import (
	"ponti/account"
)

// Audience says who may read and write in a category.
type Audience string

// The audiences. Helpers (ESPs and tutors) belong to each of them; guests, administrators and auditors to none.
const (
	ForMembers Audience = "members"
	ForFamily  Audience = "family"
	ForStaff   Audience = "staff"
)

// reading is the row of the authorization matrix that opens a category; an unknown audience is open to nobody.
func (a Audience) reading() account.Action {
	switch a {
	case ForMembers:
		return account.ForumCategoryReadMembersOnly
	case ForFamily:
		return account.ForumCategoryReadFamilyOnly
	case ForStaff:
		return account.ForumCategoryReadStaffOnly
	}
	return ""
}

// place is where something stands, with what the store knows of the actor there.
type place struct {
	Category  CategoryID
	Audience  Audience
	Archived  bool
	Moderator bool // the actor looks after the category
}

func (p place) relation(own bool) account.Relation {
	return account.Relation{Object: true, Own: own, InCategory: p.Moderator}
}

// mayEnter refuses those who may read no category at all, before anything is looked up: a visitor learns to sign in, whatever they asked for.
func mayEnter(actor account.Actor) error {
	return account.Can(actor, ForMembers.reading(), account.Relation{Object: true})
}

func mayRead(actor account.Actor, p place) error {
	return account.Can(actor, p.Audience.reading(), p.relation(false))
}

// maySeeHidden is true of those who may read a hidden post's text.
func maySeeHidden(actor account.Actor, p place, own bool) bool {
	return account.Can(actor, account.PostReadHiddenOrHeld, p.relation(own)) == nil
}

// mayWrite decides about new posts in a place that the actor may read (R2: read before act).
func mayWrite(actor account.Actor, p place, act account.Action) error {
	if err := mayRead(actor, p); err != nil {
		return err
	}
	if err := account.Can(actor, act, p.relation(true)); err != nil {
		return err
	}
	if p.Archived {
		return ErrArchived
	}
	return nil
}

// mayChange decides about editing and deleting a post.
func mayChange(actor account.Actor, p place, own bool) error {
	if err := mayRead(actor, p); err != nil {
		return err
	}
	return account.Can(actor, account.PostWriteEditOwnDeleteOwn, p.relation(own))
}
