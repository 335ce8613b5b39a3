package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/forum"
)

// TestEditDraftWithoutScript: what somebody writes over their own post is kept by a button and offered again; what changed meanwhile is said; and what can be saved no more can be copied.
func TestEditDraftWithoutScript(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	r := b.open(b.member, "Le mattine", "Al mattino è più dura.")
	reply, err := b.Forum.WritePost(t.Context(), b.member, forum.NewPost{Thread: r.Thread, Text: "Una riga.", CID: newCID()})
	require.NoError(t, err)
	me, other := b.as(b.member), b.as(b.family)
	edit := "/forum/posts/" + reply.Post.String() + "/edit"
	fields := func(page answer, text string) []string {
		sent := []string{"text", text}
		for _, name := range []string{"post", "base", "cid", "version", "writer"} {
			sent = append(sent, name, page.Find(`form.forum-form input[name=`+name+`]`).AttrOr("value", ""))
		}
		return sent
	}
	first := me.get(edit)
	assert.Equal(t, "Una riga.", first.Find("#text").Text())
	assert.Zero(t, first.Find(".notice").Length())
	require.Equal(t, "/forum/drafts?done=draft_kept", location(t, me.post("/forum/drafts", fields(first, "Una riga <b>più</b> lunga")...)))
	list := me.get("/forum/drafts")
	assert.Contains(t, list.text("li.draft"), "Modifica del n. 2 in Le mattine")
	assert.Equal(t, "Una riga.", me.get("/forum/threads/"+r.Thread.String()).text("#post-2 .post-text"))
	assert.Empty(t, me.get("/forum/threads/"+r.Thread.String()+"/reply").Find("#text").Text(), "it is no answer")

	// Offered again where it was begun, and to nobody else.
	again := me.get(list.Find("li.draft a.button").AttrOr("href", ""))
	assert.Equal(t, "Una riga <b>più</b> lunga", again.Find("#text").Text())
	assert.Contains(t, again.text(".notice"), "Avevi cominciato")
	assert.Equal(t, "Una riga <b>più</b> lunga", me.get(edit).Find("#text").Text())
	assert.Equal(t, http.StatusNotFound, other.get(edit).StatusCode)
	assert.Equal(t, http.StatusNotFound, other.post("/forum/drafts", fields(again, "Mia")...).StatusCode)
	assert.Equal(t, http.StatusNotFound, other.post(edit, fields(again, "Mia")...).StatusCode)
	long := me.post("/forum/drafts", fields(again, strings.Repeat("à", forum.MaxDraft+1))...)
	assert.Equal(t, http.StatusUnprocessableEntity, long.StatusCode)
	assert.Len(t, []rune(long.Find("#text").Text()), forum.MaxDraft+1)
	assert.Equal(t, http.StatusUnprocessableEntity, me.post(edit, fields(again, strings.Repeat("🌿", forum.MaxText+1))...).StatusCode)

	// Changed in another window: neither is lost, and it can be saved knowingly.
	location(t, me.post(edit, "text", "Cambiata altrove.", "version", "1"))
	page := me.get(edit)
	assert.Contains(t, page.text(".notice-amber"), "è cambiato dopo")
	assert.Contains(t, page.text(".edit-now"), "Cambiata altrove.")
	assert.Equal(t, "Una riga <b>più</b> lunga", page.Find("#text").Text())
	assert.Contains(t, me.get("/forum/drafts").text("li.draft"), "è cambiato dopo")
	refused := me.post(edit, fields(again, "Una riga mia")...)
	assert.Equal(t, http.StatusConflict, refused.StatusCode)
	assert.Equal(t, 1, refused.Find(".error-summary").Length())
	assert.Equal(t, "Una riga mia", refused.Find("#text").Text())
	assert.Contains(t, refused.text(".edit-now"), "Cambiata altrove.")
	assert.Equal(t, forum.Path(r.Thread, 2), location(t, me.post(edit, fields(refused, "Una riga mia")...)))
	assert.Zero(t, me.get("/forum/drafts").Find("li.draft").Length(), "saved, it is no draft")
	assert.Equal(t, "Una riga mia", me.get(edit).Find("#text").Text())

	// Deleted meanwhile: the text is there to copy, with what was kept and with what is sent now.
	page = me.get(edit)
	location(t, me.post("/forum/drafts", fields(page, "Tenuta per dopo")...))
	location(t, me.post("/forum/posts/"+reply.Post.String()+"/delete"))
	gone := me.get(edit)
	assert.Equal(t, "Tenuta per dopo", gone.Find("textarea[readonly]").Text())
	assert.Zero(t, gone.Find(`form[action$="/edit"]`).Length())
	sent := me.post(edit, fields(page, "Finita <adesso>")...)
	assert.Equal(t, http.StatusConflict, sent.StatusCode)
	assert.Equal(t, "Finita <adesso>", sent.Find("textarea[readonly]").Text())
	kept := me.get("/forum/drafts")
	assert.Contains(t, kept.text("li.draft"), "Tenuta per dopo")
	assert.Zero(t, kept.Find("li.draft a.button").Length())
	require.Equal(t, "/forum/drafts?done=draft_gone", location(t, me.post(gone.Find(`form[action$="/discard"]`).AttrOr("action", ""))))
	assert.Equal(t, http.StatusConflict, me.get(edit).StatusCode, "with nothing to copy it says why alone")

	// Gone with its whole thread, too.
	alone := b.open(b.member, "Da sola", "Nessuno risponde.")
	at := "/forum/posts/" + alone.Post.String() + "/edit"
	page = me.get(at)
	location(t, me.post("/forum/posts/"+alone.Post.String()+"/delete"))
	sent = me.post(at, append(fields(page, "Scritta intanto"), "title", "Da sola")...)
	assert.Equal(t, http.StatusNotFound, sent.StatusCode)
	assert.Equal(t, "Scritta intanto", sent.Find("textarea[readonly]").Text())
	theirs := other.post(at, append(fields(page, "Non mia"), "title", "Da sola")...)
	assert.Equal(t, http.StatusNotFound, theirs.StatusCode)
	assert.Zero(t, theirs.Find("textarea[readonly]").Length(), "it looks like any page that is not there")
}
