package live

import (
	"context"
	"errors"
	"time"

	"golang.org/x/time/rate"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/errs"
	"ponti/moderation/triage"
	"ponti/web/wire"
)

// Errors that only sockets know.
var (
	errTooManyRooms = errs.New(errs.TooMany, "live.too_many_rooms")
	errTooFast      = errs.New(errs.TooMany, "live.too_fast")
)

// Acts are the rows of the authorization matrix that each frame from a client stands for; a watch has one for each view.
// The use-case behind a frame asks for the same.
func Acts() map[string]account.Action {
	return map[string]account.Action{
		"join": account.ConversationReadContent, "leave": account.ConversationReadContent, "send": account.MessageSend,
		"beat": account.MessageTypingSeenPresence, "typing": account.MessageTypingSeenPresence, "read": account.MessageTypingSeenPresence,
		"watch " + string(wire.Waiting): account.ConversationAskForOne,
		"watch " + string(wire.Desk):    account.ConversationAcceptTheNextOne,
		"watch " + string(wire.Console): account.EscalationSeeAndAcknowledge,
		"watch " + string(wire.Notices): account.ProfileReadOwnEditOwn,
		"follow":                        account.ForumCategoryReadMembersOnly, // of which category is asked with the thread
	}
}

// answer carries out one frame. The reading goroutine waits for it, so a client's frames are taken one after the other; what became of a message is told when it
// is known.
func (s *socket) answer(f wire.Client) {
	ctx, cancel := context.WithTimeout(s.hub.base, callTimeout)
	defer cancel()
	switch f := f.(type) {
	case *wire.Join:
		// A long past takes as long as the client reads; s.wait bounds each step.
		s.mu.Lock()
		full := len(s.rooms) >= roomsPerSocket
		s.mu.Unlock()
		err := error(errTooManyRooms)
		if !full {
			err = s.hub.join(s.hub.base, s, f)
		}
		s.refuseIf(err, f.Room, "")
	case *wire.Leave:
		for _, r := range s.joined() {
			if r.id.String() == f.Room {
				s.hub.leave(s, r)
			}
		}
	case *wire.Send:
		s.refuseIf(s.post(f), f.Room, f.CID)
	case *wire.Typing:
		s.writes(f.Room)
	case *wire.Read:
		s.hasRead(f.Room, f.Seq)
	case *wire.Watch:
		s.refuseIf(s.watch(f.View), "", "")
	case *wire.Follow:
		s.refuseIf(s.follow(ctx, f), "", "")
	case *wire.Beat:
		s.sendHeads()
	}
}

// post has a message stored, and reads on meanwhile: who writes much does not wait for each message, and what waits is stored together.
func (s *socket) post(in *wire.Send) error {
	if s.messages == nil {
		perMinute, times := messagesPerMinute(*s.actor.Load()), s.hub.pace.times
		s.messages = rate.NewLimiter(rate.Every(time.Minute/time.Duration(perMinute*times)), 10*times)
	}
	if !s.messages.Allow() {
		s.hub.counts.refused("messages").Inc()
		return errTooFast
	}
	if err := s.hub.MaySend(*s.actor.Load()); err != nil {
		return err
	}
	var id chat.RoomID
	if err := id.UnmarshalText([]byte(in.Room)); err != nil {
		return err
	}
	if s.flight == nil {
		s.flight = make(chan struct{}, inFlight)
	}
	select {
	case s.flight <- struct{}{}:
	case <-s.hub.base.Done():
		return errUnsure
	}
	begin := time.Now()
	err := s.hub.Chat.SendMessage(*s.actor.Load(), chat.Post{Room: id, CID: in.CID, Text: in.Text}, func(receipt chat.Receipt, err error) {
		defer s.survive() // it is the writer's goroutine
		<-s.flight
		if err != nil {
			s.refuseIf(err, in.Room, in.CID)
			return
		}
		s.hub.counts.sendToCommit.Observe(time.Since(begin).Seconds())
		s.send(wire.Ack{Room: in.Room, CID: in.CID, Seq: receipt.Seq, At: receipt.At.UTC()})
		if receipt.Level > triage.None {
			s.hub.lookAgain(s, id)
		}
	})
	if err != nil {
		<-s.flight
	}
	return err
}

func (s *socket) watch(v wire.View) error {
	rel := account.Relation{OnShift: true, Assigned: true, Own: true} // whether it holds now is asked when the view is read
	if err := account.Can(*s.actor.Load(), Acts()["watch "+string(v)], rel); err != nil {
		return err
	}
	s.mu.Lock()
	if s.views == nil {
		s.views = map[wire.View]*watched{}
	}
	s.views[v] = &watched{next: time.Now().Add(every(v))}
	s.mu.Unlock()
	s.hub.task(func(ctx context.Context) { s.look(ctx, v, true) })
	return nil
}

// wait returns when little waits for the socket, so that a long past does not fill the queue.
func (s *socket) wait(ctx context.Context) error {
	late := time.NewTimer(silentAfter)
	defer late.Stop()
	for s.waiting() > queueBytes/4 {
		select {
		case <-s.drained:
		case <-late.C:
			return context.DeadlineExceeded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (s *socket) refuseIf(err error, room, cid string) {
	if err != nil && !s.isGone() {
		s.hub.refuse(s, room, cid, err)
	}
}

// refuse tells a client that something was not done, in its language. Everything that is not a person's mistake is logged here, once.
func (h *Hub) refuse(s *socket, room, cid string, err error) {
	key, later := "error.internal_what", false
	var params map[string]any
	if fields, ok := errors.AsType[errs.Fields](err); ok && len(fields) > 0 {
		err = fields[0]
	}
	if e, ok := errors.AsType[*errs.Error](err); ok {
		key, params = e.Key, e.Params
	}
	switch errs.KindOf(err) {
	case errs.Internal:
		later = true
		h.Log.Error().Err(err).Msg("live: frame failed")
	case errs.Unavailable, errs.TooMany:
		later = true
	case errs.Invalid, errs.Unauthenticated, errs.Forbidden, errs.NotFound, errs.Conflict:
		// the same frame would be refused again
	}
	s.send(wire.Refused{Room: room, CID: cid, Key: key, Text: h.Text(s.actor.Load().Locale, key, params), Later: later})
}

func (s *socket) sendHeads() {
	heads := wire.Heads{Rooms: map[string]int64{}}
	rooms := s.joined()
	if s.hub.unsure() {
		rooms = nil
	}
	for _, r := range rooms {
		r.mu.Lock()
		if me := r.subs[s]; me != nil && !me.joining {
			heads.Rooms[r.id.String()] = max(r.head, me.last) // who came from another instance may be ahead of the room here
		}
		r.mu.Unlock()
	}
	s.send(heads)
}

func (s *socket) welcome() {
	ctx, cancel := context.WithTimeout(s.hub.base, callTimeout)
	defer cancel()
	epoch, err := s.hub.knownEpoch(ctx)
	if err != nil {
		s.bye(reasonLater, 5*time.Second)
		return
	}
	s.send(wire.Welcome{Epoch: epoch, Beat: headsEvery.Seconds()})
}
