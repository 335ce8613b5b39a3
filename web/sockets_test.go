package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/web/wire"
)

// A session's cookie opens a socket through the whole site; its end closes it.
func TestSocket(t *testing.T) {
	t.Parallel()
	st := newSite(t)
	st.Live().Start()
	t.Cleanup(st.Live().Stop)
	server := httptest.NewServer(st.handler)
	defer server.Close()
	id, err := st.Accounts.Enter(t.Context(), st.service, account.Entry{Adult: true, ConsentVersion: account.ConsentVersion, Alias: "Airone", Locale: "en"})
	require.NoError(t, err)
	u, err := url.Parse(siteURL)
	require.NoError(t, err)
	b := st.signedIn(t, id)
	header := http.Header{"Host": {u.Host}, "Origin": {siteURL}}
	for _, c := range b.jar.Cookies(u) {
		header.Add("Cookie", c.String())
	}
	ws, answer, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http")+"/live", header)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	defer ws.Close() //nolint:errcheck // closed by the site
	var frame map[string]any
	require.NoError(t, ws.ReadJSON(&frame))
	require.Equal(t, "welcome", frame["t"])
	require.NoError(t, ws.WriteJSON(map[string]any{"t": "watch", "view": "console"}))
	require.NoError(t, ws.ReadJSON(&frame))
	require.Equal(t, "error.forbidden", frame["key"])
	require.Contains(t, frame["text"], "Your sign-in", "in the account's own language")

	require.Equal(t, http.StatusSeeOther, b.post("/sign-out").StatusCode)
	for err == nil {
		_, _, err = ws.ReadMessage()
	}
	var ce *websocket.CloseError
	require.ErrorAs(t, err, &ce)
	require.Equal(t, wire.CloseSessionEnded, ce.Code)
}
