package forum

import (
	"cmp"
	"context"
	"net/mail"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"ponti/account"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/internal/pg"
)

// PageID names a page of information.
type PageID = ids.ID[Page]

// PageKind is what a page of information is about.
type PageKind string

// The kinds. The last three are places, which have contacts.
const (
	Article     PageKind = "article"
	Leaflet     PageKind = "leaflet"
	HelpService PageKind = "service"
	Association PageKind = "association"
	SelfHelp    PageKind = "group"
)

// PageKinds are all kinds, in the order in which they are offered.
var PageKinds = []PageKind{Article, Leaflet, HelpService, Association, SelfHelp}

// IsPlace is true of kinds that have contacts.
func (k PageKind) IsPlace() bool { return k == HelpService || k == Association || k == SelfHelp }

// MaxPage is how long the text of a page may be, in runes.
const MaxPage = 20_000

// ErrPageEdited says that somebody else saved the page meanwhile.
var ErrPageEdited = errs.New(errs.Invalid, "information.edited_meanwhile")

// Place is where help is found, and how it is reached.
type Place struct {
	Province string
	Address  string
	Phone    string
	Mail     string
	Web      string // an https or http address
	Hours    string
}

// Page is a page of information that needs no account.
type Page struct {
	ID      PageID
	Slug    string // made from its first title; it stays
	Version int
	Kind    PageKind
	Title   string
	Source  string // Markdown
	HTML    string // of PageBySlug alone
	Place   Place
	At      time.Time // when this version was saved
	Removed bool
}

// PageForm is a page as an administrator saves it. Without an id it is a new one; Version is the one that was edited.
type PageForm struct {
	ID      PageID
	Version int
	Kind    PageKind
	Title   string
	Source  string
	Place   Place
}

// Pages lists the pages of information of the actor's service, by title: to everybody.
func (f *Forum) Pages(ctx context.Context, actor account.Actor) ([]Page, error) {
	if err := account.Can(actor, account.PublicPageRead, account.Relation{}); err != nil {
		return nil, err
	}
	list, err := selectPages(ctx, f.pool, actor.Service, false)
	return list, pg.Classify(err)
}

// PageBySlug gives one to everybody; account.ErrNotFound also for one that was taken away.
func (f *Forum) PageBySlug(ctx context.Context, actor account.Actor, slug string) (Page, error) {
	if err := account.Can(actor, account.PublicPageRead, account.Relation{}); err != nil {
		return Page{}, err
	}
	p, err := selectPageBySlug(ctx, f.pool, actor.Service, slug)
	p.HTML = renderPage(p.Source)
	return p, pg.Classify(err)
}

// EditPages lists the pages with those that were taken away, for administrators.
func (f *Forum) EditPages(ctx context.Context, actor account.Actor) ([]Page, error) {
	if err := mayEditPages(actor); err != nil {
		return nil, err
	}
	list, err := selectPages(ctx, f.pool, actor.Service, true)
	return list, pg.Classify(err)
}

// PageVersions gives every version of a page, the latest first, for administrators.
func (f *Forum) PageVersions(ctx context.Context, actor account.Actor, id PageID) ([]Page, error) {
	if err := mayEditPages(actor); err != nil {
		return nil, err
	}
	list, err := selectPageVersions(ctx, f.pool, actor.Service, id)
	if err == nil && len(list) == 0 {
		err = account.ErrNotFound
	}
	return list, pg.Classify(err)
}

func mayEditPages(actor account.Actor) error {
	return account.Can(actor, account.PublicPageEdit, account.Relation{})
}

// SavePage stores a new version of a page, which everybody sees at once, and gives its slug. Administrators may. Errors: errs.Fields, ErrPageEdited,
// account.ErrNotFound.
func (f *Forum) SavePage(ctx context.Context, actor account.Actor, in PageForm) (slug string, err error) {
	if err := mayEditPages(actor); err != nil {
		return "", err
	}
	p, err := in.checked()
	if err != nil {
		return "", err
	}
	for try := 1; ; try++ {
		err = pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
			slug, err = savePage(ctx, tx, actor, p)
			if err != nil {
				return err
			}
			return appendAudit(ctx, tx, actor, "page.save", "page:"+slug)
		})
		if try == saveTries || !pg.Contended(err) { // who adds a page while others do waits for their turn
			return slug, pg.Classify(err)
		}
	}
}

// saveTries is how often a page is saved where somebody else is at it.
const saveTries = 5

func savePage(ctx context.Context, tx pgx.Tx, actor account.Actor, p Page) (slug string, err error) {
	if p.ID.IsZero() {
		p.ID, p.Version = ids.New[Page](), 1
		// Two at once may look for the same name: the second one waits for the first and sees it.
		if err := lockPages(ctx, tx, actor.Service); err != nil {
			return "", err
		}
		if p.Slug, err = freeSlug(ctx, tx, actor.Service, slugOf(p.Title)); err != nil {
			return "", err
		}
		if err := insertPage(ctx, tx, actor.Service, p); err != nil {
			return "", err
		}
		return p.Slug, insertPageVersion(ctx, tx, actor, p)
	}
	old, err := lockPage(ctx, tx, actor.Service, p.ID)
	if err != nil {
		return "", err
	}
	if old.Version != p.Version {
		return "", ErrPageEdited
	}
	p.Version++
	if err := updatePage(ctx, tx, actor.Service, p.ID, p.Version); err != nil {
		return "", err
	}
	return old.Slug, insertPageVersion(ctx, tx, actor, p)
}

// TakePageBack saves an older version of a page again; one that was taken away is shown again with it. Administrators may.
func (f *Forum) TakePageBack(ctx context.Context, actor account.Actor, id PageID, version int) (slug string, err error) {
	list, err := f.PageVersions(ctx, actor, id)
	if err != nil {
		return "", err
	}
	for _, p := range list {
		if p.Version == version {
			return f.SavePage(ctx, actor, PageForm{ID: id, Version: list[0].Version, Kind: p.Kind, Title: p.Title, Source: p.Source, Place: p.Place})
		}
	}
	return "", account.ErrNotFound
}

// RemovePage takes a page away from readers; its versions stay, and again is no mistake. Administrators may.
func (f *Forum) RemovePage(ctx context.Context, actor account.Actor, id PageID) error {
	if err := mayEditPages(actor); err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		p, err := lockPage(ctx, tx, actor.Service, id)
		if err != nil || p.Removed {
			return err
		}
		if err := updatePageRemoved(ctx, tx, actor.Service, id); err != nil {
			return err
		}
		return appendAudit(ctx, tx, actor, "page.remove", "page:"+p.Slug)
	})
}

// PlantPage gives a service a page to begin with, unless it has one of that name. Ponti itself may.
func (f *Forum) PlantPage(ctx context.Context, actor account.Actor, in PageForm) error {
	if !actor.Is(account.RoleSystem) {
		return account.ErrForbidden
	}
	p, err := in.checked()
	if err != nil {
		return err
	}
	return pg.InTx(ctx, f.pool, func(ctx context.Context, tx pgx.Tx) error {
		if err := lockPages(ctx, tx, actor.Service); err != nil {
			return err
		}
		if free, err := freeSlug(ctx, tx, actor.Service, slugOf(p.Title)); err != nil || free != slugOf(p.Title) {
			return err
		}
		_, err := savePage(ctx, tx, actor, p)
		return err
	})
}

var phone = regexp.MustCompile(`^[0-9+][0-9 ()/.+-]{2,38}$`)

// checked is the page as it is stored, or what is wrong with it.
func (in PageForm) checked() (Page, error) {
	p := Page{ID: in.ID, Version: in.Version, Kind: in.Kind, Title: cleanTitle(in.Title), Source: cleanText(in.Source)}
	var wrong errs.Fields
	known := false
	for _, k := range PageKinds {
		known = known || k == in.Kind
	}
	if !known {
		wrong.Add("kind", "information.kind_missing", nil)
	}
	switch n := utf8.RuneCountInString(p.Title); {
	case n < MinTitle || blank(p.Title):
		wrong.Add("title", "forum.title_short", map[string]any{"Min": MinTitle})
	case n > MaxTitle:
		wrong.Add("title", "forum.title_long", map[string]any{"Over": n - MaxTitle, "Max": MaxTitle})
	}
	switch n := utf8.RuneCountInString(p.Source); {
	case blank(p.Source) && known && !in.Kind.IsPlace():
		wrong.Add("text", "forum.text_empty", nil)
	case n > MaxPage:
		wrong.Add("text", "forum.text_long", map[string]any{"Over": n - MaxPage, "Max": MaxPage})
	}
	if in.Kind.IsPlace() {
		p.Place = in.Place.checked(&wrong)
	}
	return p, wrong.Err()
}

func (p Place) checked(wrong *errs.Fields) Place {
	clean := Place{
		Province: cleanTitle(p.Province), Address: cleanTitle(p.Address), Phone: cleanTitle(p.Phone), Mail: cleanTitle(p.Mail), Web: cleanTitle(p.Web), Hours: cleanTitle(p.Hours),
	}
	if clean.Web != "" && !strings.Contains(clean.Web, "://") {
		clean.Web = "https://" + clean.Web
	}
	for _, field := range []struct {
		name, text string
		most       int
	}{{"province", clean.Province, 40}, {"address", clean.Address, 200}, {"phone", clean.Phone, 40}, {"mail", clean.Mail, 120}, {"web", clean.Web, 200}, {"hours", clean.Hours, 200}} {
		if n := utf8.RuneCountInString(field.text); n > field.most {
			wrong.Add(field.name, "information.field_long", map[string]any{"Max": field.most})
		}
	}
	if clean.Province == "" {
		wrong.Add("province", "information.province_missing", nil)
	}
	if clean.Address+clean.Phone+clean.Mail+clean.Web == "" {
		wrong.Add("phone", "information.contact_missing", nil)
	}
	if clean.Phone != "" && !phone.MatchString(clean.Phone) {
		wrong.Add("phone", "information.phone_wrong", nil)
	}
	if a, err := mail.ParseAddress(clean.Mail); clean.Mail != "" && (err != nil || a.Address != clean.Mail) {
		wrong.Add("mail", "information.mail_wrong", nil)
	}
	if u, err := url.Parse(clean.Web); clean.Web != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Hostname(), ".") || u.User != nil) {
		wrong.Add("web", "information.web_wrong", nil)
	}
	return clean
}

var notInSlug = regexp.MustCompile(`[^a-z0-9]+`)

// slugOf makes a title into what stands in an address.
func slugOf(title string) string { return cmp.Or(plainSlug(title), "page") }

// plainSlug is slugOf, and empty for a title without letters and digits that may stand in an address.
func plainSlug(title string) string {
	slug := strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(fold(title)), "-"), "-")
	if len(slug) > MaxSlug {
		slug = strings.Trim(slug[:MaxSlug], "-")
	}
	return slug
}

func freeSlug(ctx context.Context, q pg.Querier, s account.ServiceID, slug string) (string, error) {
	for n := 1; ; n++ {
		try := slug
		if n > 1 {
			try += "-" + strconv.Itoa(n)
		}
		if taken, err := selectSlugTaken(ctx, q, s, try); err != nil || !taken {
			return try, err
		}
	}
}
