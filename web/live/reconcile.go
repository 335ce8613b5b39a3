package live

import (
	"context"
	"slices"
	"strings"
	"time"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/bus"
	"ponti/roster"
)

// Rhythm of the loops.
const (
	tick          = 500 * time.Millisecond
	ticksPerCheck = 4  // heads, members and sessions: every 2 s
	ticksPerEpoch = 20 // every 10 s
	kickPause     = 50 * time.Millisecond
	viewEvery     = 10 * time.Second // how a room stands, without having been told that it changed
	viewEveryPoor = 2 * time.Second  // the same while the bus is degraded
	viewWhole     = time.Minute      // the same, whatever its mark says

	comparedAtOnce = 1000 // rooms
)

// listen takes hints from the bus. A hint is never believed: it only says where to look, or opens as a sealed event.
func (h *Hub) listen() {
	for {
		select {
		case <-h.base.Done():
			return
		case hint := <-h.Bus.Hints():
			h.hear(hint)
		}
	}
}

func (h *Hub) hear(hint bus.Hint) {
	defer h.survive()
	if hint.Resync && hint.Channel == "" {
		for _, r := range h.allRooms() {
			h.soil(r.id)
		}
		return // threads are looked at by themselves
	}
	kind, name, _ := strings.Cut(hint.Channel, ":")
	if kind == "account" {
		var id account.ID
		if id.UnmarshalText([]byte(name)) != nil {
			return
		}
		word := string(hint.Payload)
		if hint.Resync {
			word = bus.Session // views and rooms are looked at by themselves
		}
		h.word(id, word)
		return
	}
	if kind == "thread" {
		h.hearThread(name)
		return
	}
	var id chat.RoomID
	if id.UnmarshalText([]byte(name)) != nil {
		return
	}
	h.mu.Lock()
	r := h.rooms[id]
	h.mu.Unlock()
	switch {
	case r == nil:
	case kind == "here" && !hint.Resync:
		h.hearPresence(r, hint.Payload)
	case kind == "room" && hint.Resync:
		h.soil(id)
	case kind == "room":
		h.hearEvent(r, hint.Payload)
	}
}

func (h *Hub) hearEvent(r *room, payload []byte) {
	event, err := h.Chat.OpenEvent(payload)
	if err != nil || event.Room != r.id {
		h.counts.forged.Inc() // or its key is not in memory yet
		h.soil(r.id)
		return
	}
	if h.unsure() {
		return // the comparison that makes rights sure again finds the message
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if h.deliver(r, event.Message) {
		h.hold(r, event.Message)
	}
}

// soil asks for one room to be compared with Postgres soon.
func (h *Hub) soil(id chat.RoomID) {
	h.mu.Lock()
	h.dirty[id] = true
	h.mu.Unlock()
	select {
	case h.kick <- struct{}{}:
	default:
	}
}

// reconcile compares what was delivered, and who may hear it, with Postgres: the last message of a room leaves no gap when
// it is lost, and a right that was taken away says nothing by itself.
func (h *Hub) reconcile() {
	clock := time.NewTicker(tick)
	defer clock.Stop()
	failed := false // the last round: the next tick tries again
	check := func() {
		failed = true
		h.safely(func(ctx context.Context) { failed = !h.checkAll(ctx) })
	}
	check()
	for n := 1; ; n++ {
		kick := h.kick
		select {
		case <-h.base.Done():
			return
		case <-kick:
			n--
			h.safely(h.compareDirty)
			pause(h.base, kickPause) // whoever forges hints gets no more than twenty looks a second for it
		case <-clock.C:
			switch {
			case failed || n%ticksPerCheck == 0:
				check()
			case h.Bus.Degraded():
				h.safely(func(ctx context.Context) { _ = h.compareHeads(ctx, h.allRooms()) }) // tried again in half a second
			}
			if n%ticksPerEpoch == 0 {
				h.safely(h.checkEpoch)
			}
		}
	}
}

// checkAll is the round that keeps every right younger than 5 s, and says whether it could.
func (h *Hub) checkAll(ctx context.Context) bool {
	asked, unsure := time.Now(), h.unsure()
	rooms := h.allRooms()
	if h.compareHeads(ctx, rooms) != nil || h.checkSessions(ctx, h.allSockets()) != nil {
		return false
	}
	h.checked(asked)
	if unsure { // what came meanwhile was shown to nobody
		for _, r := range rooms {
			h.refill(r)
		}
	}
	return true
}

func (h *Hub) compareDirty(ctx context.Context) {
	h.mu.Lock()
	var list []*room
	for id := range h.dirty {
		if r := h.rooms[id]; r != nil {
			list = append(list, r)
		}
	}
	clear(h.dirty)
	h.mu.Unlock()
	_ = h.compareHeads(ctx, list) // failing, the next round does it
}

// compareHeads asks for the heads of rooms in one query and acts on what differs.
func (h *Hub) compareHeads(ctx context.Context, rooms []*room) error {
	if len(rooms) == 0 {
		return nil
	}
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	heads, err := h.Chat.Heads(ctx, ids)
	if err != nil {
		return err
	}
	for _, r := range rooms {
		head, exists := heads[r.id]
		r.mu.Lock()
		members := !exists || head.Version != r.version || r.hasTutor()
		if r.loaded && head.Seq > r.head {
			h.expect(r, head.Seq)
		}
		if members && exists && head.Version != r.version {
			h.viewsOf(r)
		}
		r.mu.Unlock()
		if members {
			if err := h.checkMembers(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// expect reads a room from Postgres, unless all up to a sequence comes over the bus after all: in a conversation that is lively just
// now there is always something on its way. r.mu is held.
func (h *Hub) expect(r *room, head int64) {
	if h.Bus.Degraded() || r.doubt || time.Since(r.sentAt) > lively {
		h.refillLocked(r)
		return
	}
	if r.awaited {
		return
	}
	r.awaited = true
	h.tasks.Go(func() {
		pause(h.base, onItsWay)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.awaited = false
		if r.head < head {
			h.refillLocked(r)
		}
	})
}

// hasTutor: a tutor's right ends with an escalation, which does not change the room's version; r.mu is held.
func (r *room) hasTutor() bool {
	for s := range r.subs {
		if s.actor.Load().Is(account.RoleTutor) {
			return true
		}
	}
	return false
}

// checkSessions ends the sockets whose session is over, and those whose account is not what it was.
func (h *Hub) checkSessions(ctx context.Context, list []*socket) error {
	if len(list) == 0 {
		return nil
	}
	ids := make([]account.SessionID, len(list))
	for i, s := range list {
		ids[i] = s.session
	}
	living, err := h.LiveSessions(ctx, ids)
	if err != nil {
		return err
	}
	for _, s := range list {
		actor, ok := living[s.session]
		was := s.actor.Load()
		switch {
		case !ok || actor.ID != s.account:
			s.bye(reasonSession, 0)
		case actor.Role != was.Role || actor.Service != was.Service:
			s.bye(reasonLater, time.Second) // what it joined and watches was decided for another role
		default:
			actor.Session = s.session
			s.actor.Store(&actor)
		}
	}
	return nil
}

// checkEpoch ends all sockets when the database tells another history than before: what clients have may not be in it.
func (h *Hub) checkEpoch(ctx context.Context) {
	epoch, err := h.Chat.Epoch(ctx)
	if err != nil {
		return
	}
	if old := h.epoch.Swap(&epoch); old != nil && *old != epoch {
		for _, s := range h.allSockets() {
			s.bye(reasonLater, 5*time.Second)
		}
	}
}

func (h *Hub) knownEpoch(ctx context.Context) (string, error) {
	if e := h.epoch.Load(); e != nil {
		return *e, nil
	}
	e, err := h.Chat.Epoch(ctx)
	if err != nil {
		return "", err
	}
	h.epoch.CompareAndSwap(nil, &e)
	return *h.epoch.Load(), nil
}

// beat is the one sweep for all that sockets need from time to time: no socket has a ticker of its own.
func (h *Hub) beat() {
	clock := time.NewTicker(time.Second)
	defer clock.Stop()
	for {
		select {
		case <-h.base.Done():
			return
		case now := <-clock.C:
			h.safely(func(context.Context) { h.sweep(now) })
		}
	}
}

func (h *Hub) sweep(now time.Time) {
	degraded := h.Bus.Degraded()
	for _, s := range h.allSockets() {
		if !now.Before(s.pingAt) {
			s.pingAt = now.Add(pingEvery)
			s.put(pingFrame)
		}
		if !now.Before(s.headsAt) {
			s.headsAt = now.Add(headsEvery)
			s.sendHeads()
		}
		s.lookDue(now, degraded)
	}
	h.lookAtThreads(now, degraded)
	h.noteSigns(now)
	h.noteRead()
	again := viewEvery
	if degraded {
		again = viewEveryPoor
	}
	h.forgetEmpty(now)
	var due []*room
	for _, r := range h.allRooms() {
		h.updatePresence(r, now, degraded)
		r.mu.Lock()
		if len(r.subs) > 0 && now.Sub(r.viewedAt) >= again {
			r.viewedAt = now
			due = append(due, r)
		}
		r.mu.Unlock()
	}
	for some := range slices.Chunk(due, comparedAtOnce) {
		h.task(func(ctx context.Context) { h.compareViews(ctx, some) })
	}
}

// compareViews reads those rooms again that do not stand as they stood. Where PostgreSQL cannot even say that, reading them all would not help it: then they are
// compared again when they are due again, and read when nobody has for long.
func (h *Hub) compareViews(ctx context.Context, rooms []*room) {
	ids := make([]chat.RoomID, len(rooms))
	for i, r := range rooms {
		ids[i] = r.id
	}
	marks, err := h.Chat.Marks(ctx, ids)
	for _, r := range rooms {
		now, there := marks[r.id]
		r.mu.Lock()
		r.hasBeenRead(now.Read)
		if err == nil && (!there || now.Mark != r.mark) || time.Since(r.wholeAt) >= viewWhole {
			r.mark = now.Mark // before the reading: what changes meanwhile makes another
			h.viewsOf(r)
		}
		r.mu.Unlock()
	}
}

// noteSigns notes signs of life: who is silent for a minute is off call, and is missing from their conversation.
func (h *Hub) noteSigns(now time.Time) {
	var signs []chat.Sign
	var staff []roster.Beat
	h.mu.Lock()
	for id, l := range h.accounts {
		ago, works := l.sign()
		if now.Sub(l.signAt) < signsEvery || ago >= staleAfter {
			continue
		}
		l.signAt = now
		signs = append(signs, chat.Sign{Account: id, Ago: ago})
		if works {
			staff = append(staff, roster.Beat{Account: id, Ago: ago})
		}
	}
	h.mu.Unlock()
	if len(signs) > 0 {
		h.task(func(ctx context.Context) { _ = h.Chat.StillHere(ctx, signs...) }) // two may be lost before anybody is missed
	}
	if len(staff) > 0 {
		h.task(func(ctx context.Context) { _ = h.Heartbeat(ctx, staff...) })
	}
}

// sign is how long ago an account was heard of, and whether it answers people; Hub.mu is held.
func (l *listener) sign() (ago time.Duration, works bool) {
	ago = silentAfter
	for s := range l.sockets {
		a := s.actor.Load()
		ago, works = min(ago, s.silence()), works || a.IsPeer() || a.Is(account.RoleTutor)
	}
	return ago, works
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
