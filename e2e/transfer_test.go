package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCommunityMoves: an operator reads a community into a running service, a person of it takes their account by the code, and reads and answers what
// they wrote elsewhere; then everything leaves again.
func TestCommunityMoves(t *testing.T) {
	t.Parallel()
	c := newCluster(t, 1)
	dir := t.TempDir()
	file, codes := filepath.Join(dir, "community.jsonl"), filepath.Join(dir, "codes.jsonl")
	forum := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"forum"}, args...)...)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "PONTI_URL=http://localhost:8080"}, c.environment()...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	community := []string{
		`{"kind":"person","id":"1","alias":"Gelsomino","role":"member"}`,
		`{"kind":"category","id":"1","slug":"il-vecchio-forum","title":"Il vecchio forum","audience":"members"}`,
		`{"kind":"thread","id":"1","category":"1","author":"1","title":"Il mio giardino","text":"Ho piantato **un melo**.","at":"2019-03-01T10:00:00Z"}`,
		`{"kind":"post","id":"1","thread":"1","author":"1","text":"Ha fatto i primi fiori.","at":"3019-03-01T10:00:00Z"}`,
	}
	write := func() { require.NoError(t, os.WriteFile(file, []byte(strings.Join(community, "\n")), 0o600)) }
	write()
	out, err := forum("import", "--service", "valle.localhost", "--dry-run", file)
	require.Error(t, err)
	require.Contains(t, out, "line 4: was written in the future")
	out, err = forum("import", "--service", "nowhere.localhost", "--dry-run", file)
	require.Error(t, err)
	require.Contains(t, out, "no service")
	community[3] = strings.Replace(community[3], "3019", "2020", 1)
	write()
	out, err = forum("import", "--service", "valle.localhost", "--dry-run", file)
	require.NoError(t, err, out)
	require.Contains(t, out, "1 people, 1 categories, 1 threads, 1 answers")
	out, err = forum("import", "--service", "valle.localhost", "--codes", codes, file)
	require.NoError(t, err, out)
	require.NotContains(t, out, "Gelsomino")
	out, err = forum("import", "--service", "valle.localhost", "--codes", codes, file)
	require.Error(t, err, "codes are never written over: %s", out)

	kept, err := os.ReadFile(codes)
	require.NoError(t, err)
	info, err := os.Stat(codes)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	var code struct{ Alias, Code string }
	require.NoError(t, json.Unmarshal(kept, &code))
	require.Equal(t, "Gelsomino", code.Alias)

	b := newBrowser(c.instances[0], "valle.localhost")
	asked, err := b.do(http.MethodPost, "/recover", url.Values{"alias": {code.Alias}, "code": {code.Code}, "password": {"tre barche sul lago"}})
	require.NoError(t, err)
	asked.expect(t, http.StatusUnprocessableEntity) // they have agreed to nothing yet
	asked.form(t, `form[action="/recover"]`).fill(t, "password", "tre barche sul lago").fill(t, "adult", "true").tick(t, "consent").submit(t).expect(t, http.StatusOK)
	list := b.open(t, "/forum/categories/il-vecchio-forum")
	require.Contains(t, list.text("main"), "Il mio giardino")
	at, ok := list.doc.Find(`main a[href^="/forum/threads/"]`).Attr("href")
	require.True(t, ok)
	thread := b.open(t, at)
	require.Contains(t, thread.text("main"), "Ha fatto i primi fiori.")

	out, err = forum("export", "--service", "valle.localhost")
	require.NoError(t, err)
	require.Contains(t, out, `"text":"Ho piantato **un melo**."`)
	require.NotContains(t, out, "Girasole", "nothing of another service")
	c.holdInvariants(t)
}
