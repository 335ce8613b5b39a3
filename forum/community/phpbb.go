package community

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Left are what a conversion left out, by why.
type Left map[string]int

// table is a table of phpBB as phpMyAdmin exports it to JSON; other objects of that export have no name.
type table struct {
	Name string `json:"name"`
	Data []row  `json:"data"`
}

// row is a row by column. Numbers come as texts.
type row map[string]*string

func (r row) text(column string) string {
	if v := r[column]; v != nil {
		return *v
	}
	return ""
}

func (r row) number(column string) int64 {
	n, err := strconv.ParseInt(r.text(column), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

const (
	phpbbNobody  = 1 // the account of all who have none, and of those who were deleted
	phpbbIgnored = 2 // the type of search engines
	phpbbShown   = 1 // of a topic or a post
	phpbbDeleted = 2
	phpbbLocked  = 1
)

// FromPHPBB turns the tables users, forums, topics and posts of phpBB 3, as phpMyAdmin exports them to JSON, into lines. Prefix is what their names begin with. Everybody becomes a
// member, forums are open to members; who was deleted there is somebody erased. What nobody approved is left out.
func FromPHPBB(r io.Reader, w *Writer, prefix string) (Left, error) {
	var tables []table
	if err := json.NewDecoder(r).Decode(&tables); err != nil {
		return nil, fmt.Errorf("community: this is not phpMyAdmin's export to JSON: %w", err)
	}
	rows := map[string][]row{}
	for _, t := range tables {
		rows[t.Name] = append(rows[t.Name], t.Data...)
	}
	for _, name := range []string{"users", "forums", "topics", "posts"} {
		if _, there := rows[prefix+name]; !there {
			return nil, fmt.Errorf("community: the export has no table %s", prefix+name)
		}
	}
	c := &phpbb{w: w, left: Left{}, people: map[string]bool{}, topics: map[string]row{}, posts: map[string][]row{}}
	return c.left, errors.Join(c.users(rows[prefix+"users"]), c.forums(rows[prefix+"forums"]), c.threads(rows[prefix+"topics"], rows[prefix+"posts"]))
}

type phpbb struct {
	w      *Writer
	left   Left
	people map[string]bool
	places map[string]bool
	topics map[string]row
	posts  map[string][]row // by topic
}

func (c *phpbb) users(rows []row) error {
	for _, r := range rows {
		id := r.text("user_id")
		if r.number("user_id") == phpbbNobody || r.number("user_type") == phpbbIgnored {
			continue
		}
		c.people[id] = true
		if err := c.w.Write(Record{Kind: Person, ID: id, Alias: html.UnescapeString(r.text("username")), Role: "member"}); err != nil {
			return err
		}
	}
	return c.w.Write(Record{Kind: Person, ID: strconv.Itoa(phpbbNobody), Erased: true})
}

func (c *phpbb) forums(rows []row) error {
	c.places = map[string]bool{}
	slugs := map[string]bool{}
	for _, r := range rows {
		if r.number("forum_type") != 1 { // a heading, or a link
			continue
		}
		id, title := r.text("forum_id"), html.UnescapeString(r.text("forum_name"))
		c.places[id] = true
		if err := c.w.Write(Record{Kind: Category, ID: id, Slug: slug(title, id, slugs), Title: title, Audience: "members"}); err != nil {
			return err
		}
	}
	return nil
}

func (c *phpbb) threads(topics, posts []row) error {
	for _, r := range topics {
		switch {
		case r.number("topic_moved_id") != 0: // a sign that leads to another
		case r.number("topic_visibility") != phpbbShown:
			c.left["topics that are not shown"]++
		case !c.places[r.text("forum_id")]:
			c.left["topics in no forum"]++
		default:
			c.topics[r.text("topic_id")] = r
		}
	}
	for _, r := range posts {
		switch topic := r.text("topic_id"); {
		case c.topics[topic] == nil:
			c.left["posts in no topic that is shown"]++
		case r.number("post_visibility") != phpbbShown && r.number("post_visibility") != phpbbDeleted:
			c.left["posts that nobody approved"]++
		default:
			c.posts[topic] = append(c.posts[topic], r)
		}
	}
	ids := slices.SortedFunc(maps.Keys(c.posts), func(a, b string) int {
		return cmp.Compare(c.topics[a].number("topic_id"), c.topics[b].number("topic_id"))
	})
	for _, id := range ids {
		if err := c.thread(id); err != nil {
			return err
		}
	}
	return nil
}

func (c *phpbb) thread(id string) error {
	topic, posts := c.topics[id], c.posts[id]
	slices.SortFunc(posts, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.number("post_time"), b.number("post_time")), cmp.Compare(a.number("post_id"), b.number("post_id")))
	})
	for i, p := range posts {
		at := time.Unix(p.number("post_time"), 0).UTC()
		r := Record{Kind: Post, ID: p.text("post_id"), Thread: id, Author: p.text("poster_id"), At: &at, Text: fromPHPBB(p.text("post_text"))}
		if !c.people[r.Author] {
			r.Author = strconv.Itoa(phpbbNobody)
		}
		if p.number("post_visibility") == phpbbDeleted {
			r.State, r.Text = deleted, ""
		}
		if i == 0 {
			r.Kind, r.ID, r.Thread, r.Category = Thread, id, "", topic.text("forum_id")
			r.Locked, r.Pinned = topic.number("topic_status") == phpbbLocked, topic.number("topic_type") > 0
			if r.State != deleted {
				r.Title = html.UnescapeString(topic.text("topic_title"))
			}
		}
		if r.Text == "" && r.State != deleted {
			c.left["posts without words, such as a picture alone"]++
			if i > 0 {
				continue
			}
			r.Text = "…"
		}
		if err := c.w.Write(r); err != nil {
			return err
		}
	}
	return nil
}
