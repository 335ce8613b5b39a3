package live

import (
	"context"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation/triage"
	"ponti/web/wire"
)

// refill reads from Postgres what the room lacks. One reading at a time serves all who wait for it; a wish that comes
// meanwhile makes it look once more.
func (h *Hub) refill(r *room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.refillLocked(r)
}

func (h *Hub) refillLocked(r *room) {
	r.missing = true
	if r.reading || !r.loaded {
		return
	}
	r.reading = true
	h.task(func(ctx context.Context) {
		over := false
		defer func() { // it may panic, too
			if !over {
				r.mu.Lock()
				r.reading, r.doubt = false, true
				r.mu.Unlock()
			}
		}()
		for !over {
			if !h.refillOnce(ctx, r) {
				return // the next comparison of heads finds the room again, and waits for nothing then
			}
			r.mu.Lock()
			if over = !r.missing; over {
				r.reading, r.doubt = false, false
			}
			r.mu.Unlock()
		}
	})
}

// refillOnce reads one page and says whether it could.
func (h *Hub) refillOnce(ctx context.Context, r *room) bool {
	r.mu.Lock()
	r.missing = false
	after, asking := r.head, r.readers()
	r.mu.Unlock()
	for _, s := range asking {
		list, err := h.Chat.MessagesAfter(ctx, *s.actor.Load(), r.id, after, historyPage)
		switch {
		case errs.KindOf(err) == errs.NotFound:
			continue // no longer a member: somebody else may still be
		case err != nil:
			return false
		case h.unsure():
			return false // checkAll asks again when rights are sure
		}
		r.mu.Lock()
		for _, m := range list {
			if !h.deliver(r, m) {
				h.counts.healed.Inc()
			}
		}
		r.missing = r.missing || len(list) == historyPage
		r.mu.Unlock()
		return true
	}
	return true
}

// readers are the sockets in whose name the room may be read, tutors last: their reading is audited; r.mu is held.
func (r *room) readers() []*socket {
	var first, last []*socket
	for s := range r.subs {
		if !r.members[s.account] {
			continue
		}
		if s.actor.Load().Is(account.RoleTutor) {
			last = append(last, s)
		} else {
			first = append(first, s)
		}
	}
	return append(first, last...)
}

// checkMembers asks who may hear the room now. Whoever no longer may stops hearing it.
func (h *Hub) checkMembers(ctx context.Context, r *room) error {
	members, version, err := h.Chat.Members(ctx, r.id)
	if errs.KindOf(err) == errs.NotFound {
		members, version, err = nil, maxVersion, nil
	}
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.setMembers(members, version)
	var out []*socket
	for s := range r.subs {
		if !r.members[s.account] {
			out = append(out, s)
		}
	}
	r.mu.Unlock()
	for _, s := range out {
		h.leave(s, r)
		h.refuse(s, r.id.String(), "", errNotHere)
	}
	return nil
}

// maxVersion is newer than any: the room itself is gone.
const maxVersion = 1<<63 - 1

// viewsOf reads the room again for each who hears it; r.mu is held.
func (h *Hub) viewsOf(r *room) {
	r.viewedAt = time.Now()
	r.wholeAt = r.viewedAt
	for s, me := range r.subs {
		h.task(func(ctx context.Context) { h.readView(ctx, r, s, me) })
	}
}

// readView reads the room with the socket's own authority and tells what changed.
func (h *Hub) readView(ctx context.Context, r *room, s *socket, me *sub) {
	asked := time.Now()
	r.mu.Lock()
	mark := r.mark
	r.mu.Unlock()
	v, err := h.Chat.Room(ctx, *s.actor.Load(), r.id)
	if errs.KindOf(err) == errs.NotFound {
		h.leave(s, r)
		h.refuse(s, r.id.String(), "", err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.mark = "" // it is read again in a few seconds
		return
	}
	if r.subs[s] == me {
		me.view = &v
		r.remember(s.account, known{view: &v, role: s.actor.Load().Role, mark: mark, at: asked})
		h.tellView(r, s, me)
	}
}

// stateFrame says how the room stands. The level is for staff; a person is shown the numbers instead.
func stateFrame(id string, v *chat.RoomView, staff bool) wire.State {
	f := wire.State{Room: id, State: string(v.State), Care: string(v.Care), Numbers: v.Level >= triage.Red || v.Care != ""}
	if staff && v.Level > triage.None {
		f.Level = v.Level.String()
	}
	f.Given = v.Given
	if staff {
		f.Whispers, f.Card = v.Whispers, v.Card != nil
	}
	if b := v.Bound; b != nil {
		f.Ends = b.EndsAt.Unix()
		switch {
		case b.Held:
			f.More = "held"
		case b.Wanted:
			f.More = "wanted"
		case b.Asked:
			f.More = "asked"
		}
	}
	return f
}
