package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/jackc/pgx/v5"

	"ponti/internal/audit"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// lifetime bounds a session: idle since anything was last seen of it, and from its beginning.
type lifetime struct{ idle, whole time.Duration }

// lifetimeOf is a rule of the service. Staff have no shorter idle time than their shift: their screen is locked instead.
func lifetimeOf(r Role) lifetime {
	switch {
	case r == RoleGuest:
		return lifetime{time.Hour, 12 * time.Hour}
	case Actor{Role: r}.IsStaff():
		return lifetime{8 * time.Hour, 8 * time.Hour}
	}
	return lifetime{24 * time.Hour, 30 * 24 * time.Hour}
}

// ErrSessionOver says that a session ended, was ended, or never was.
var ErrSessionOver = errs.New(errs.Unauthenticated, "error.sign_in_first")

// Keys of the session data. All values are strings.
const (
	keyAccount = "account" // set by Begin: the session is to be made for this account
	keyActor   = "actor"   // set by FindCtx: who this is now, read with the session
)

// SessionStore keeps the sessions of a scs.SessionManager in PostgreSQL. It stores the SHA-256 of a token, never the token, and
// reads who the account is now with every session, so what was withdrawn does not work one request longer.
type SessionStore struct{ a *Accounts }

// Sessions is the store of sessions.
func (a *Accounts) Sessions() *SessionStore { return &SessionStore{a} }

// Manager makes the session manager of the site. With secure the cookie is for https only.
func (s *SessionStore) Manager(cookie string, secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store, m.Codec, m.HashTokenInStore = s, sessionCodec{}, true
	m.Lifetime = lifetimeOf(RoleMember).whole // the longest; the store ends shorter ones
	m.Cookie.Name, m.Cookie.Secure = cookie, secure
	return m
}

// Begin signs an account in: the session of before, if any, is over, and the token is another.
func (s *SessionStore) Begin(ctx context.Context, m *scs.SessionManager, id ID) error {
	if err := m.Destroy(ctx); err != nil {
		return fmt.Errorf("account: begin session: %w", err)
	}
	m.Put(ctx, keyAccount, id.String())
	return nil
}

// Actor is who the request's session belongs to, or a visitor: also when the session is of another service.
func (s *SessionStore) Actor(ctx context.Context, m *scs.SessionManager, service ServiceID) Actor {
	var actor Actor
	if err := json.Unmarshal([]byte(m.GetString(ctx, keyActor)), &actor); err != nil || actor.Service != service {
		return Visitor(service)
	}
	return actor
}

// FindCtx gives the data of a living session, with its actor.
func (s *SessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	row, err := selectSessionByToken(ctx, s.a.pool, hashToken(token))
	if errors.Is(err, ErrSessionOver) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	actor, err := json.Marshal(row.actor)
	if err != nil {
		return nil, false, fmt.Errorf("account: session: %w", err)
	}
	values := map[string]any{keyActor: string(actor)}
	for k, v := range row.data {
		values[k] = v
	}
	b, err := sessionCodec{}.Encode(row.endsAt, values)
	return b, err == nil, err
}

// CommitCtx makes the session that Begin asked for, or keeps changed data. A session that ended meanwhile stays ended.
func (s *SessionStore) CommitCtx(ctx context.Context, token string, b []byte, _ time.Time) error {
	_, values, err := sessionCodec{}.Decode(b)
	if err != nil {
		return err
	}
	data, account := map[string]string{}, ""
	_, living := values[keyActor]
	for k, v := range values {
		switch text, _ := v.(string); k {
		case keyActor:
		case keyAccount:
			account = text
		default:
			data[k] = text
		}
	}
	if living {
		return updateSessionData(ctx, s.a.pool, hashToken(token), data)
	}
	if account == "" {
		return errors.New("account: a visitor has no session")
	}
	id, err := ids.Parse[Account](account)
	if err != nil {
		return err
	}
	return pg.InTx(ctx, s.a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := deleteSessionsOver(ctx, tx); err != nil {
			return err
		}
		role, err := selectRole(ctx, tx, id)
		if err != nil {
			return err
		}
		return insertSession(ctx, tx, ids.New[Session](), id, role, hashToken(token), data)
	})
}

// DeleteCtx ends the session of a token, if there is one.
func (s *SessionStore) DeleteCtx(ctx context.Context, token string) error {
	id, err := deleteSessionByToken(ctx, s.a.pool, hashToken(token))
	if errors.Is(err, ErrSessionOver) {
		return nil
	}
	if err == nil {
		s.a.announce(id)
	}
	return err
}

// Find is FindCtx, for the interface.
func (s *SessionStore) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx, for the interface.
func (s *SessionStore) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(context.Background(), token, b, expiry)
}

// Delete is DeleteCtx, for the interface.
func (s *SessionStore) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

// sessionCodec writes session data as JSON; values are strings.
type sessionCodec struct{}

type sessionData struct {
	Deadline time.Time         `json:"deadline"`
	Values   map[string]string `json:"values"`
}

// Encode refuses values that are not strings.
func (sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	d := sessionData{Deadline: deadline, Values: make(map[string]string, len(values))}
	for k, v := range values {
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("account: session value %q is not a string", k)
		}
		d.Values[k] = text
	}
	return json.Marshal(d)
}

// Decode reads what Encode wrote.
func (sessionCodec) Decode(b []byte) (time.Time, map[string]any, error) {
	var d sessionData
	if err := json.Unmarshal(b, &d); err != nil {
		return time.Time{}, nil, fmt.Errorf("account: session data: %w", err)
	}
	values := make(map[string]any, len(d.Values))
	for k, v := range d.Values {
		values[k] = v
	}
	return d.Deadline, values, nil
}

// ActorBySession is who a session belongs to now; ErrSessionOver otherwise.
func (a *Accounts) ActorBySession(ctx context.Context, id SessionID) (Actor, error) {
	living, err := a.LiveSessions(ctx, []SessionID{id})
	if err != nil {
		return Actor{}, err
	}
	actor, ok := living[id]
	if !ok {
		return Actor{}, ErrSessionOver
	}
	return actor, nil
}

// LiveSessions tells which sessions still hold, and who each belongs to now, in one statement. An open socket counts as
// something seen: nobody is cut off by the idle time in the middle of a conversation.
func (a *Accounts) LiveSessions(ctx context.Context, sessions []SessionID) (map[SessionID]Actor, error) {
	if len(sessions) == 0 {
		return map[SessionID]Actor{}, nil
	}
	return selectLiveSessions(ctx, a.pool, sessions)
}

// SignOut ends one session. One that is over already is no error.
func (a *Accounts) SignOut(ctx context.Context, id SessionID) error {
	account, err := deleteSession(ctx, a.pool, id)
	if errors.Is(err, ErrSessionOver) {
		return nil
	}
	if err == nil {
		a.announce(account)
	}
	return err
}

// SignOutEverywhere ends every session of the actor, this one too.
func (a *Accounts) SignOutEverywhere(ctx context.Context, actor Actor) error {
	if err := Can(actor, ProfileReadOwnEditOwn, Relation{Own: true}); err != nil {
		return err
	}
	return a.endSessions(ctx, actor, actor.ID)
}

// EndSessions ends every session of somebody else of the actor's service.
func (a *Accounts) EndSessions(ctx context.Context, actor Actor, id ID) error {
	tutor, err := a.TutorOf(ctx, a.pool, id)
	if err != nil && !errors.Is(err, ErrNoTutor) {
		return err
	}
	if err := Can(actor, AccountEndAnotherSessions, Relation{Object: true, Assigned: tutor == actor.ID}); err != nil {
		return err
	}
	return a.endSessions(ctx, actor, id)
}

func (a *Accounts) endSessions(ctx context.Context, actor Actor, id ID) error {
	err := pg.InTx(ctx, a.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockAccount(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		if err := deleteSessionsOf(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		return audit.Append(ctx, tx, entry(actor, "account.end_sessions", "account:"+id.String(), ""))
	})
	if err != nil {
		return err
	}
	a.announce(id)
	return nil
}
