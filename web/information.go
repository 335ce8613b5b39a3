package web

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"ponti/account"
	"ponti/forum"
	"ponti/internal/errs"
	"ponti/internal/ids"
	"ponti/web/page/information"
	"ponti/web/page/parts"
)

// showInformation lists what can be read without an account, with the places of one province or of all.
func (s *Server) showInformation(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Forum.Pages(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, information.List(list, r.URL.Query().Get("province")))
}

func (s *Server) showInformationPage(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Forum.PageBySlug(r.Context(), s.actor(r), r.PathValue("slug"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, information.One(p))
}

// showSitemap tells search engines the pages that they may show; the forum is never among them.
func (s *Server) showSitemap(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Forum.Pages(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	type place struct {
		Loc string `xml:"loc"`
		At  string `xml:"lastmod,omitempty"`
	}
	out := struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []place  `xml:"url"`
	}{}
	origin := s.origin(r)
	for _, pattern := range indexed {
		if path := strings.TrimSuffix(strings.TrimPrefix(pattern, "GET "), "{$}"); !strings.Contains(path, "{") {
			out.URLs = append(out.URLs, place{Loc: origin + path})
		}
	}
	for _, p := range list {
		out.URLs = append(out.URLs, place{Loc: origin + "/information/" + p.Slug, At: p.At.UTC().Format("2006-01-02")})
	}
	w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	return ignoreGone(xml.NewEncoder(w).Encode(out))
}

// informationForm is what an administrator sends.
type informationForm struct {
	Version  int    `form:"version"`
	Kind     string `form:"kind"`
	Title    string `form:"title"`
	Text     string `form:"text"`
	Province string `form:"province"`
	Address  string `form:"address"`
	Phone    string `form:"phone"`
	Mail     string `form:"mail"`
	Web      string `form:"web"`
	Hours    string `form:"hours"`
}

func (in informationForm) page(id forum.PageID) forum.PageForm {
	return forum.PageForm{
		ID: id, Version: in.Version, Kind: forum.PageKind(in.Kind), Title: in.Title, Source: in.Text,
		Place: forum.Place{Province: in.Province, Address: in.Address, Phone: in.Phone, Mail: in.Mail, Web: in.Web, Hours: in.Hours},
	}
}

func (s *Server) showInformationDesk(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Forum.EditPages(r.Context(), s.actor(r))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, information.Desk(list))
}

func (s *Server) showNewInformation(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, information.Edit(nil, parts.Form{}))
}

func (s *Server) addInformation(w http.ResponseWriter, r *http.Request) error {
	return s.saveInformation(w, r, forum.PageID{})
}

func (s *Server) showEditInformation(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Page](r.PathValue("page"))
	if err != nil {
		return err
	}
	return s.informationPage(w, r, http.StatusOK, id, parts.Form{})
}

// informationPage is the form for a page, with what it said before.
func (s *Server) informationPage(w http.ResponseWriter, r *http.Request, status int, id forum.PageID, f parts.Form) error {
	var versions []forum.Page
	if !id.IsZero() {
		var err error
		if versions, err = s.Forum.PageVersions(r.Context(), s.actor(r), id); err != nil {
			return err
		}
	}
	return s.render(w, r, status, information.Edit(versions, f))
}

func (s *Server) editInformation(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Page](r.PathValue("page"))
	if err != nil {
		return err
	}
	return s.saveInformation(w, r, id)
}

func (s *Server) saveInformation(w http.ResponseWriter, r *http.Request, id forum.PageID) error {
	var in informationForm
	err := decode(r, &in)
	if err == nil {
		_, err = s.Forum.SavePage(r.Context(), s.actor(r), in.page(id))
	}
	if f, again := formAgain(r, err); again {
		return s.informationPage(w, r, http.StatusUnprocessableEntity, id, f)
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/pages", "page_saved")
}

func (s *Server) removeInformation(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Page](r.PathValue("page"))
	if err != nil {
		return err
	}
	if err := s.Forum.RemovePage(r.Context(), s.actor(r), id); err != nil {
		return err
	}
	return s.redirectDone(w, r, "/pages", "page_removed")
}

func (s *Server) takeInformationBack(w http.ResponseWriter, r *http.Request) error {
	id, err := ids.Parse[forum.Page](r.PathValue("page"))
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(r.PathValue("version"))
	if err != nil {
		return account.ErrNotFound
	}
	_, err = s.Forum.TakePageBack(r.Context(), s.actor(r), id, version)
	if errs.KindOf(err) == errs.Invalid { // somebody else saved it just now: the list shows what
		return s.redirect(w, r, "/pages/"+id.String()+"/edit")
	}
	if err != nil {
		return err
	}
	return s.redirectDone(w, r, "/pages", "page_saved")
}

// DefaultPages are the pages of information of a new service, in its language. The service owns them from then on.
func (s *Server) DefaultPages(locale string) []forum.PageForm {
	words := s.catalog.Localizer(s.catalog.Match(locale), s.zone)
	var out []forum.PageForm
	for _, key := range []string{"esp", "limits"} {
		out = append(out, forum.PageForm{Kind: forum.Article, Title: words.T("information.default_title_" + key), Source: words.T("information.default_text_" + key)})
	}
	return out
}
