package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"ponti/account"
	"ponti/forum"
	"ponti/roster"
)

type demoCommand struct {
	Settings

	Size int `help:"Invented discussions of twenty posts to add when the demo is made, to see how the forum bears its size: 100000 take some minutes."`
}

// maxSize is twenty million posts.
const maxSize = 1_000_000

func (d demoCommand) Run(ctx context.Context, out io.Writer) error {
	if d.Size < 0 || d.Size > maxSize {
		return fmt.Errorf("demo: --size is from 0 to %d", maxSize)
	}
	return run(ctx, d.Settings, func(ctx context.Context, a *app) error { return a.startDemo(ctx, out, d.Size) })
}

//go:embed demo.json
var demoJSON []byte

// demo is what demo.json holds. All people in it are invented.
type demo struct {
	Password string
	Size     int `json:"-"` // of the first service's forum, beside its own threads
	Services []demoService
}

type demoService struct {
	Name, Host string
	People     []demoPerson
	Shifts     []demoShift
	Categories []demoCategory
	Threads    []demoThread
	Pages      []demoPage
}

type demoPage struct {
	Kind, Title, Text, Province, Address, Phone, Mail, Web, Hours string
}

type demoPerson struct {
	Alias string
	Role  account.Role
	Tutor string
}

// demoShift is planned every day for two weeks.
type demoShift struct{ Alias, Start, End string }

type demoCategory struct {
	Slug, Title, Audience, Rules string
	Moderators                   []string
	Nameless                     bool
}

type demoThread struct {
	Category, Title string
	Kind            forum.Kind
	Abstract        string // of a publication
	demoPost
	Replies []demoPost
}

type demoPost struct {
	Author   string
	DaysAgo  int `json:"days_ago"`
	Text     string
	Notes    []forum.ContentNote
	Nameless bool
}

var errNotDemo = errors.New("this database is in real use: the demo's people do not go in there. Use ponti serve, or another database")

// startDemo fills an empty database with the demo's services, the first of them with so many more discussions, and prints how to come in. A database that
// holds the demo already stays as it is.
func (a *app) startDemo(ctx context.Context, out io.Writer, size int) error {
	d := demo{Size: size}
	if err := json.Unmarshal(demoJSON, &d); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	present, err := a.accounts.Services(ctx)
	if err != nil {
		return err
	}
	for _, s := range present {
		if !slices.ContainsFunc(d.Services, func(ds demoService) bool { return ds.Name == s.Name && ds.Host == s.Host }) {
			return errNotDemo
		}
	}
	for _, s := range d.Services {
		if slices.ContainsFunc(present, func(p account.Service) bool { return p.Host == s.Host }) {
			continue
		}
		if err := a.seedService(ctx, d, s); err != nil {
			return fmt.Errorf("demo: %s: %w", s.Name, err)
		}
	}
	return a.announceDemo(ctx, out, d)
}

// announceDemo prints the address and one sign-in for each role.
func (a *app) announceDemo(ctx context.Context, out io.Writer, d demo) error {
	services, err := a.accounts.Services(ctx)
	if err != nil {
		return err
	}
	p := &printer{w: out}
	p.line("\nPonti demo, with invented people. The password of all of them: %s\n", d.Password)
	for _, ds := range d.Services {
		i := slices.IndexFunc(services, func(s account.Service) bool { return s.Host == ds.Host })
		p.line("%s   %s", a.siteURL(services[i]), ds.Name)
		p.line("  %-9s enters without an account", account.RoleGuest)
		shown := map[account.Role]bool{}
		for _, person := range ds.People {
			if !shown[person.Role] {
				shown[person.Role] = true
				p.line("  %-9s %s", person.Role, person.Alias)
			}
		}
		p.line("")
	}
	p.line("Ponti opens when an ESP and a tutor have gone on shift, each in a browser window of their own.")
	p.line("Ctrl-C ends it.")
	return p.err
}

// printer keeps the first error of several lines.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// seeding makes one service through the same use-cases that people use.
type seeding struct {
	*app
	demo    demo
	service account.ServiceID
	zone    *time.Location
	people  map[string]account.Actor
}

func (a *app) seedService(ctx context.Context, d demo, s demoService) error {
	id, err := a.accounts.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: s.Name, Host: s.Host, Locale: "it"})
	if err != nil {
		return err
	}
	made, err := a.accounts.Service(ctx, id)
	if err != nil {
		return err
	}
	sd := &seeding{app: a, demo: d, service: id, zone: made.TimeZone, people: map[string]account.Actor{}}
	for _, step := range []func(context.Context, demoService) error{sd.seedPeople, sd.seedShifts, sd.seedForum} {
		if err := step(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (sd *seeding) seedPeople(ctx context.Context, s demoService) error {
	var admin account.Actor
	for _, p := range s.People {
		var id account.ID
		var err error
		switch {
		case p.Role == account.RoleMember || p.Role == account.RoleFamily:
			id, _, err = sd.accounts.SignUp(ctx, sd.service, account.SignUp{Alias: p.Alias, Password: sd.demo.Password, Adult: true,
				ConsentVersion: account.ConsentVersion, Family: p.Role == account.RoleFamily, Locale: "it"})
		case admin.ID.IsZero():
			id, err = sd.firstAdmin(ctx, p)
		default:
			id, err = sd.invited(ctx, admin, p)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Role, err)
		}
		sd.people[p.Alias] = account.Actor{Service: sd.service, ID: id, Role: p.Role, Alias: p.Alias, Locale: "it"}
		if admin.ID.IsZero() {
			admin = sd.people[p.Alias]
		}
		if p.Tutor != "" {
			if err := sd.accounts.AssignTutor(ctx, admin, id, sd.people[p.Tutor].ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (sd *seeding) firstAdmin(ctx context.Context, p demoPerson) (account.ID, error) {
	token, ok, err := sd.accounts.FirstAdminToken(ctx, sd.service)
	if err != nil {
		return account.ID{}, err
	}
	if !ok || p.Role != account.RoleAdmin {
		return account.ID{}, errors.New("the first person of a demo service is its admin")
	}
	return sd.accounts.CreateFirstAdmin(ctx, sd.service, token, p.Alias, sd.demo.Password)
}

func (sd *seeding) invited(ctx context.Context, admin account.Actor, p demoPerson) (account.ID, error) {
	token, err := sd.accounts.Invite(ctx, admin, account.Invite{Role: p.Role, Alias: p.Alias})
	if err != nil {
		return account.ID{}, err
	}
	return sd.accounts.AcceptInvitation(ctx, sd.service, token, p.Alias, sd.demo.Password)
}

// demoDays is how far ahead the demo's shifts are planned.
const demoDays = 14

func (sd *seeding) seedShifts(ctx context.Context, s demoService) error {
	today := time.Now().In(sd.zone)
	for day := range demoDays {
		for _, sh := range s.Shifts {
			from, err := clockOn(today, day, sh.Start)
			if err != nil {
				return err
			}
			to, err := clockOn(today, day, sh.End)
			if err != nil {
				return err
			}
			if from.Before(today) {
				continue // who goes on shift now talks for as long as they like, at whatever time of day the demo is begun
			}
			if _, err := sd.roster.PlanShift(ctx, sd.people[s.People[0].Alias], roster.Shift{Account: sd.people[sh.Alias].ID, From: from, To: to}); err != nil {
				return fmt.Errorf("shift of day %d: %w", day, err)
			}
		}
	}
	return nil
}

func (sd *seeding) seedForum(ctx context.Context, s demoService) error {
	system, admin := account.System(sd.service), sd.people[s.People[0].Alias]
	categories := map[string]forum.CategoryID{}
	for i, c := range s.Categories {
		id, err := sd.forum.CreateCategory(ctx, system, forum.NewCategory{Slug: c.Slug, Audience: forum.Audience(c.Audience), Title: c.Title, Rules: c.Rules, Position: i + 1})
		if err != nil {
			return fmt.Errorf("category %s: %w", c.Slug, err)
		}
		categories[c.Slug] = id
		if c.Nameless {
			if err := sd.forum.AllowNameless(ctx, admin, c.Slug, true); err != nil {
				return fmt.Errorf("without a name in %s: %w", c.Slug, err)
			}
		}
		for _, m := range c.Moderators {
			if err := sd.forum.AssignModerator(ctx, admin, id, sd.people[m].ID); err != nil {
				return fmt.Errorf("moderator of %s: %w", c.Slug, err)
			}
		}
	}
	now := time.Now()
	for _, t := range s.Threads {
		planted := forum.Planted{Category: categories[t.Category], Kind: t.Kind, Title: t.Title, Told: forum.Told{Abstract: t.Abstract}}
		for i, p := range append([]demoPost{t.demoPost}, t.Replies...) {
			planted.Posts = append(planted.Posts, forum.PlantedPost{Author: sd.people[p.Author].ID, Text: p.Text, Notes: p.Notes, Nameless: p.Nameless,
				At: now.AddDate(0, 0, -p.DaysAgo).Add(time.Duration(i) * 47 * time.Minute).Add(-10 * time.Hour)})
		}
		if _, err := sd.forum.PlantThread(ctx, system, planted); err != nil {
			return fmt.Errorf("thread in %s: %w", t.Category, err)
		}
	}
	if sd.demo.Size > 0 && s.Name == sd.demo.Services[0].Name {
		if err := sd.seedCommunity(ctx, s, categories); err != nil {
			return err
		}
	}
	for _, p := range s.Pages {
		if err := sd.forum.PlantPage(ctx, system, p.form()); err != nil {
			return fmt.Errorf("page %s: %w", p.Title, err)
		}
	}
	return nil
}

// seedCommunity fills the first category that is for members.
func (sd *seeding) seedCommunity(ctx context.Context, s demoService, categories map[string]forum.CategoryID) error {
	in := forum.Community{Threads: sd.demo.Size, Posts: 20}
	for _, p := range s.People {
		if p.Role == account.RoleMember {
			in.Authors = append(in.Authors, sd.people[p.Alias].ID)
		}
	}
	i := slices.IndexFunc(s.Categories, func(c demoCategory) bool { return c.Audience == string(forum.ForMembers) })
	in.Category = categories[s.Categories[i].Slug]
	return sd.forum.PlantCommunity(ctx, account.System(sd.service), in)
}

func (p demoPage) form() forum.PageForm {
	return forum.PageForm{Kind: forum.PageKind(p.Kind), Title: p.Title, Source: p.Text,
		Place: forum.Place{Province: p.Province, Address: p.Address, Phone: p.Phone, Mail: p.Mail, Web: p.Web, Hours: p.Hours}}
}

// clockOn is an hour such as 14:30 so many days after a day, as the clock on the wall shows it.
func clockOn(today time.Time, days int, clock string) (time.Time, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil {
		return time.Time{}, err
	}
	y, m, d := today.Date()
	return time.Date(y, m, d+days, t.Hour(), t.Minute(), 0, 0, today.Location()), nil
}
