package community

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
)

// discourseDocument is any of the documents of Discourse's API that a community is made of: the list of categories, a topic, or more posts of one.
type discourseDocument struct {
	Categories struct {
		List []discourseCategory `json:"categories"`
	} `json:"category_list"`

	ID        int64  `json:"id"`
	Title     string `json:"title"`
	Category  int64  `json:"category_id"`
	Archetype string `json:"archetype"`
	Closed    bool   `json:"closed"`
	Archived  bool   `json:"archived"`
	Pinned    bool   `json:"pinned"`
	Stream    struct {
		Posts []discoursePost `json:"posts"`
	} `json:"post_stream"`
}

type discourseCategory struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

type discoursePost struct {
	ID        int64      `json:"id"`
	Topic     int64      `json:"topic_id"`
	Number    int        `json:"post_number"`
	Type      int        `json:"post_type"`
	User      int64      `json:"user_id"`
	Username  string     `json:"username"`
	CreatedAt time.Time  `json:"created_at"`
	DeletedAt *time.Time `json:"deleted_at"`
	ByAuthor  bool       `json:"user_deleted"`
	Hidden    bool       `json:"hidden"`
	Raw       *string    `json:"raw"`
}

// ordinary is the type of posts that somebody wrote for everybody: not a note of the program, nor a whisper of moderators.
const ordinary = 1

// FromDiscourse turns documents of Discourse's API, one after the other in any order, into lines: /categories.json, and of each topic /t/ID.json?include_raw=1 with as many of
// /t/ID/posts.json?include_raw=1 as there are. Everybody becomes a member, categories are open to members. Personal messages, whispers and what Discourse itself wrote are left out.
func FromDiscourse(r io.Reader, w *Writer) (Left, error) {
	c := &discourse{left: Left{}, topics: map[int64]*discourseDocument{}, posts: map[int64]map[int64]discoursePost{}}
	for d := json.NewDecoder(r); ; {
		var doc discourseDocument
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return c.left, c.write(w)
		}
		if err != nil {
			return nil, fmt.Errorf("community: these are not documents of Discourse's API: %w", err)
		}
		c.add(doc)
	}
}

type discourse struct {
	left       Left
	categories []discourseCategory
	topics     map[int64]*discourseDocument
	posts      map[int64]map[int64]discoursePost // by topic and id
}

func (c *discourse) add(doc discourseDocument) {
	c.categories = append(c.categories, doc.Categories.List...)
	if doc.Title != "" {
		c.topics[doc.ID] = &doc
	}
	for _, p := range doc.Stream.Posts {
		topic := cmp.Or(p.Topic, doc.ID)
		if c.posts[topic] == nil {
			c.posts[topic] = map[int64]discoursePost{}
		}
		c.posts[topic][p.ID] = p
	}
}

func (c *discourse) write(w *Writer) error {
	var threads []*discourseDocument
	people := map[int64]string{}
	for id, t := range c.topics {
		posts, why := c.readable(id)
		if t.Archetype == "private_message" {
			why = "personal messages"
		}
		if why != "" {
			c.left[why]++
			continue
		}
		if t.Stream.Posts = posts; t.Category == 0 {
			c.left["topics in no category"]++
			continue
		}
		for _, p := range posts {
			people[p.User] = p.Username
		}
		threads = append(threads, t)
	}
	slices.SortFunc(threads, func(a, b *discourseDocument) int { return cmp.Compare(a.ID, b.ID) })
	if err := writePeople(w, people); err != nil {
		return err
	}
	places, err := c.writeCategories(w)
	if err != nil {
		return err
	}
	for _, t := range threads {
		if !places[t.Category] {
			c.left["topics in a category that was not given"]++
			continue
		}
		if err := writeTopic(w, t); err != nil {
			return err
		}
	}
	return nil
}

// readable are the posts of a topic in their order, or why there are none.
func (c *discourse) readable(topic int64) (posts []discoursePost, why string) {
	for _, p := range c.posts[topic] {
		switch {
		case p.Type != 0 && p.Type != ordinary:
			c.left["whispers and what Discourse wrote"]++
		case p.Raw == nil:
			return nil, "topics with posts that were fetched without include_raw=1"
		default:
			posts = append(posts, p)
		}
	}
	slices.SortFunc(posts, func(a, b discoursePost) int { return cmp.Compare(a.Number, b.Number) })
	if len(posts) == 0 || posts[0].Number != 1 {
		return nil, "topics without their first post"
	}
	return posts, ""
}

func writePeople(w *Writer, people map[int64]string) error {
	ids := make([]int64, 0, len(people))
	for id := range people {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		r := Record{Kind: Person, ID: strconv.FormatInt(id, 10), Alias: people[id], Role: "member"}
		if id <= 0 { // Discourse itself, or nobody any more
			r = Record{Kind: Person, ID: r.ID, Erased: true}
		}
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return nil
}

func (c *discourse) writeCategories(w *Writer) (places map[int64]bool, err error) {
	places = map[int64]bool{}
	slugs := map[string]bool{}
	for _, g := range c.categories {
		if places[g.ID] {
			continue
		}
		places[g.ID] = true
		id := strconv.FormatInt(g.ID, 10)
		if err := w.Write(Record{Kind: Category, ID: id, Slug: slug(cmp.Or(g.Slug, g.Name), id, slugs), Title: g.Name, Audience: "members"}); err != nil {
			return nil, err
		}
	}
	return places, nil
}

func writeTopic(w *Writer, t *discourseDocument) error {
	id := strconv.FormatInt(t.ID, 10)
	for i, p := range t.Stream.Posts {
		r := Record{Kind: Post, ID: strconv.FormatInt(p.ID, 10), Thread: id, Author: strconv.FormatInt(p.User, 10), At: &p.CreatedAt, Text: fromDiscourse(*p.Raw)}
		switch {
		case p.DeletedAt != nil, p.ByAuthor:
			r.State, r.Text = deleted, ""
		case p.Hidden:
			r.State, r.Reason = hidden, "Discourse"
		}
		if i == 0 {
			r.Kind, r.ID, r.Thread, r.Category = Thread, id, "", strconv.FormatInt(t.Category, 10)
			if r.Locked, r.Pinned = t.Closed || t.Archived, t.Pinned; r.State != deleted {
				r.Title = t.Title
			}
		}
		if r.Text == "" && r.State != deleted {
			r.Text = "…" // a picture alone
		}
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return nil
}

var (
	discourseQuote = regexp.MustCompile(`(?is)\[quote(?:="?([^",\]]*)[^\]]*)?\](.*?)\[/quote\]`)
	discourseImage = regexp.MustCompile(`!\[[^\]]*\]\([^)]*\)`)
)

// fromDiscourse is Markdown already, but for quotes and pictures.
func fromDiscourse(raw string) string {
	raw = discourseImage.ReplaceAllString(raw, "")
	raw = discourseQuote.ReplaceAllStringFunc(raw, func(quote string) string {
		m := discourseQuote.FindStringSubmatch(quote)
		inner := strings.TrimSpace(m[2])
		if m[1] != "" {
			inner = m[1] + ":\n" + inner
		}
		return "\n> " + strings.ReplaceAll(inner, "\n", "\n> ") + "\n\n"
	})
	return strings.TrimSpace(manyLines.ReplaceAllString(raw, "\n\n"))
}

var notPlain = regexp.MustCompile(`[^a-z0-9]+`)

// slug is a name for addresses, of small letters, digits and hyphens, that nothing else in taken has.
func slug(title, id string, taken map[string]bool) string {
	s := strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36f { // an accent, apart from its letter
			return -1
		}
		return r
	}, norm.NFD.String(strings.ToLower(title)))
	s = strings.Trim(notPlain.ReplaceAllString(s, "-"), "-")
	if len(s) > 50 {
		s = strings.Trim(s[:50], "-")
	}
	if s == "" || taken[s] {
		s = strings.Trim(s+"-"+id, "-")
	}
	taken[s] = true
	return s
}
