package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/chat"
)

// TestCard: without a script an ESP leaves two lines when they step out, and the person decides about them, before and after they are met by another.
func TestCard(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	esp, _, _ := st.open(t)
	guest := st.guest(t, "Airone")
	require.Equal(t, http.StatusSeeOther, guest.post("/waiting", "topic", "il lavoro").StatusCode)
	room := location(t, esp.post(esp.get("/desk").action(t, "Ci sono io")))
	long := strings.Repeat("à", chat.MaxCard+1)
	page := esp.post(room+"/hand-over", "card", long)
	assert.Equal(t, http.StatusUnprocessableEntity, page.StatusCode)
	assert.Equal(t, long, page.Find("#card").Text(), "nothing is lost")
	location(t, esp.post(room+"/hand-over", "card", "Due righe <b>mie</b>."))
	for _, path := range []string{room, "/waiting"} {
		page = guest.get(path)
		assert.Contains(t, page.text(".handover"), "Due righe <b>mie</b>.", path)
	}
	yes := page.action(t, "Sì, passale")
	assert.Equal(t, "/waiting", location(t, guest.post(yes, "approve", "true")))
	assert.Contains(t, guest.get("/waiting").text(".handover"), "Chi ti ascolta può leggerle.")
	assert.Equal(t, "/waiting", location(t, guest.post(guest.get("/waiting").action(t, "Non farle più leggere"), "approve", "false")))
	assert.Contains(t, guest.get("/waiting").text(".handover"), "Restano a te")
	for name, other := range map[string]*browser{"who wrote it": esp, "another guest": st.guest(t, "Rondine")} {
		assert.NotEqual(t, http.StatusSeeOther, other.post(yes, "approve", "true").StatusCode, name)
	}
	assert.Equal(t, http.StatusUnprocessableEntity, guest.post(yes, "approve", "perhaps").StatusCode)
}
