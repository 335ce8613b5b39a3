package forum

import (
	"strconv"

	"ponti/forum"
	"ponti/web/page/parts"
)

// changedSince is true where a post says something else than what a form, or its draft, began with.
func changedSince(o forum.OnePost, f parts.Form, d forum.Draft) bool {
	if f.Values.Has("base") {
		base, err := strconv.Atoi(f.Value("base"))
		return err == nil && base != o.Post.Version
	}
	return d.Version > 0 && d.Edit.Base != o.Post.Version
}

// begunTitle is the title that an edit begins with, as begunText and begunNotes are the rest: the draft's, or the post's.
func begunTitle(o forum.OnePost, d forum.Draft) string {
	if d.Version > 0 {
		return d.Title
	}
	return o.Thread.Title
}

func begunText(o forum.OnePost, d forum.Draft) string {
	if d.Version > 0 {
		return d.Text
	}
	return o.Source
}

func begunTold(o forum.OnePost, d forum.Draft) forum.Told {
	if d.Version > 0 {
		return d.Told
	}
	return o.Thread.Told
}

func begunNotes(o forum.OnePost, d forum.Draft) []forum.ContentNote {
	if d.Version > 0 {
		return d.Notes
	}
	return o.OwnNotes
}

// sent is what was sent in a field; where nothing was, what the draft says.
func sent(f parts.Form, field, draft string) string {
	if f.Values.Has(field) {
		return f.Value(field)
	}
	return draft
}
