package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"

	"ponti/account"
	"ponti/chat"
	"ponti/internal/ids"
	"ponti/internal/pg"
	"ponti/roster"
)

// crowdCommand makes people for ponti-load, through the use-cases that people use.
type crowdCommand struct {
	Settings

	Rooms int `default:"200" help:"Conversations to make, each between a guest and an ESP."`
}

// crowd is what ponti-load reads: a session of the tutor on call, and of each conversation the room and the session of each side.
type crowd struct {
	Cookie string      `json:"cookie"`
	Tutor  string      `json:"tutor"`
	Rooms  []crowdRoom `json:"rooms"`
}

type crowdRoom struct {
	Room   string `json:"room"`
	Person string `json:"person"`
	ESP    string `json:"esp"`
}

var (
	errNotEmpty    = errors.New("crowd: this database is in use: people for a load test go into an empty one")
	errNotLoopback = errors.New("crowd: PONTI_URL is not an http address of this machine, so this looks like a real installation")
)

const maxCrowd = 10_000

func (c crowdCommand) Run(ctx context.Context, out io.Writer) error {
	cfg, err := c.Config()
	if err != nil {
		return err
	}
	host := cfg.URL.Hostname()
	if ip := net.ParseIP(host); cfg.URL.Scheme != "http" || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return errNotLoopback
	}
	if c.Rooms < 1 || c.Rooms > maxCrowd {
		return fmt.Errorf("crowd: --rooms is from 1 to %d", maxCrowd)
	}
	st, err := openStores(ctx, cfg, newLog(cfg))
	if err != nil {
		return err
	}
	made, err := c.make(ctx, cfg, st)
	if err = errors.Join(err, st.close()); err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(made)
}

func (c crowdCommand) make(ctx context.Context, cfg Config, st *stores) (*crowd, error) {
	if err := pg.Migrate(ctx, st.url, migrations()...); err != nil {
		return nil, err
	}
	a, err := newApp(cfg, st, newLog(cfg))
	if err != nil {
		return nil, err
	}
	if there, err := a.accounts.Services(ctx); err != nil || len(there) > 0 {
		return nil, errors.Join(err, errNotEmpty)
	}
	service, err := a.accounts.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: "Load test", Host: account.AnyHost, Locale: "it"})
	if err != nil {
		return nil, err
	}
	m := &crowdMaker{app: a, service: service}
	if err := m.staff(ctx, c.Rooms); err != nil {
		return nil, fmt.Errorf("crowd: staff: %w", err)
	}
	made := &crowd{Cookie: "ponti"}
	if made.Tutor, err = m.session(ctx, m.tutor); err != nil {
		return nil, fmt.Errorf("crowd: tutor: %w", err)
	}
	for i := range c.Rooms {
		r, err := m.meet(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("crowd: conversation %d: %w", i+1, err)
		}
		made.Rooms = append(made.Rooms, r)
	}
	return made, nil
}

type crowdMaker struct {
	*app

	service      account.ServiceID
	admin, tutor account.Actor
	esps         []account.Actor
}

func (m *crowdMaker) actor(id account.ID, role account.Role) account.Actor {
	return account.Actor{Service: m.service, ID: id, Role: role, Locale: "it"}
}

// staff makes an admin, a tutor and the ESPs. Their passwords are random and known to nobody.
func (m *crowdMaker) staff(ctx context.Context, esps int) error {
	token, _, err := m.accounts.FirstAdminToken(ctx, m.service)
	if err != nil {
		return err
	}
	id, err := m.accounts.CreateFirstAdmin(ctx, m.service, token, "Load admin", ids.New[crowd]().String())
	if err != nil {
		return err
	}
	m.admin = m.actor(id, account.RoleAdmin)
	if m.tutor, err = m.invited(ctx, account.RoleTutor, "Load tutor"); err != nil {
		return err
	}
	m.esps = make([]account.Actor, esps)
	const atOnce = 4 // hashing their passwords takes a core for 45 ms each
	var all sync.WaitGroup
	errs := make([]error, atOnce)
	for w := range atOnce {
		all.Go(func() {
			for i := w; i < esps && errs[w] == nil; i += atOnce {
				if m.esps[i], errs[w] = m.invited(ctx, account.RoleESP, fmt.Sprintf("Load ESP %d", i+1)); errs[w] == nil {
					errs[w] = m.accounts.AssignTutor(ctx, m.admin, m.esps[i].ID, m.tutor.ID)
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return m.roster.GoOn(ctx, m.tutor)
}

func (m *crowdMaker) invited(ctx context.Context, role account.Role, alias string) (account.Actor, error) {
	token, err := m.accounts.Invite(ctx, m.admin, account.Invite{Role: role, Alias: alias})
	if err != nil {
		return account.Actor{}, err
	}
	id, err := m.accounts.AcceptInvitation(ctx, m.service, token, alias, ids.New[crowd]().String())
	return m.actor(id, role), err
}

// meet has a guest wait and an ESP, who is the only one free, accept them.
func (m *crowdMaker) meet(ctx context.Context, i int) (crowdRoom, error) {
	esp := m.esps[i]
	if err := m.roster.Heartbeat(ctx, roster.Beat{Account: m.tutor.ID}); err != nil {
		return crowdRoom{}, err
	}
	if err := m.roster.GoOn(ctx, esp); err != nil {
		return crowdRoom{}, err
	}
	id, err := m.accounts.Enter(ctx, m.service, account.Entry{Alias: "Load guest " + spelled(i), Adult: true, ConsentVersion: account.ConsentVersion, Locale: "it"})
	if err != nil {
		return crowdRoom{}, err
	}
	guest := m.actor(id, account.RoleGuest)
	if _, err := m.chat.EnterWaiting(ctx, guest, chat.Entry{}); err != nil {
		return crowdRoom{}, err
	}
	desk, err := m.chat.Desk(ctx, esp)
	if err != nil {
		return crowdRoom{}, err
	}
	if desk.Offer == nil {
		return crowdRoom{}, errors.New("nobody was offered")
	}
	room, err := m.chat.AcceptOffer(ctx, esp, desk.Offer.ID)
	if err != nil {
		return crowdRoom{}, err
	}
	r := crowdRoom{Room: room.String()}
	if r.Person, err = m.session(ctx, guest); err != nil {
		return r, err
	}
	r.ESP, err = m.session(ctx, esp)
	return r, err
}

// spelled is a number in letters that make no word: 451 in digits reads as the name of a health authority, which no guest may bear.
func spelled(n int) string {
	const letters = "bdfgjkmnvz"
	name := string(letters[n%10])
	for n /= 10; n > 0; n /= 10 {
		name = string(letters[n%10]) + name
	}
	return name
}

func (m *crowdMaker) session(ctx context.Context, who account.Actor) (token string, err error) {
	sessions := m.accounts.Sessions()
	manager := sessions.Manager("ponti", false)
	if ctx, err = manager.Load(ctx, ""); err != nil {
		return "", err
	}
	if err := sessions.Begin(ctx, manager, who.ID); err != nil {
		return "", err
	}
	token, _, err = manager.Commit(ctx)
	return token, err
}
