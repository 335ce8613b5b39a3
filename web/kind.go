package web

import (
	"cmp"
	"net/http"

	"ponti/forum"
)

// chosen is a draft with the kind that its form begins with: the draft's own, that which a link asks for, or a discussion.
func chosen(r *http.Request, d forum.Draft) forum.Draft {
	d.Kind = cmp.Or(d.Kind, forum.ParseKind(r.URL.Query().Get("kind")), forum.KindDiscussion)
	return d
}
