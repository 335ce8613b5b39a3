package forum

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
	"ponti/internal/errs"
)

// TestChangeRules: administrators, and the ESPs of a category, say what holds there; everybody reads it as text.
func TestChangeRules(t *testing.T) {
	t.Parallel()
	w := newTown(t)
	ctx := t.Context()
	for role, a := range w.roles {
		for _, slug := range []string{"members", "family"} {
			err := w.ChangeRules(ctx, a, slug, "Regole di "+string(role), w.rulesMark(slug))
			may := role == account.RoleAdmin || role == account.RoleESP && slug == "members" || role == account.RoleSenior && slug == "family"
			if may {
				require.NoError(t, err, role)
				c, err := w.RulesOf(ctx, a, slug)
				require.NoError(t, err)
				assert.Equal(t, "Regole di "+string(role), c.Rules)
			} else {
				assert.Contains(t, []errs.Kind{errs.Forbidden, errs.NotFound, errs.Unauthenticated}, errs.KindOf(err), "%s %s", role, slug)
			}
		}
	}
	esp := w.as(account.RoleESP)
	assert.Equal(t, errs.NotFound, errs.KindOf(w.ChangeRules(ctx, esp, "none", "x", "")))
	assert.Equal(t, errs.Invalid, errs.KindOf(w.ChangeRules(ctx, esp, "members", strings.Repeat("è", MaxRules+1), w.rulesMark("members"))))
	require.NoError(t, w.ChangeRules(ctx, esp, "members", "Prima riga\r\n<script>alert(1)</script>\x00", w.rulesMark("members")))
	before := w.count(`select count(*) from audit_entries where action = 'forum_category.change_rules'`)
	require.NoError(t, w.ChangeRules(ctx, esp, "members", "Prima riga\n<script>alert(1)</script>", ""), "nothing changes, nothing is written down")
	assert.Equal(t, before, w.count(`select count(*) from audit_entries where action = 'forum_category.change_rules'`))
	c, err := w.Category(ctx, w.as(account.RoleMember), "members")
	require.NoError(t, err)
	assert.Equal(t, "Prima riga\n<script>alert(1)</script>", c.Rules)
	require.NoError(t, w.ChangeRules(ctx, esp, "members", "", w.rulesMark("members")))

	stale := w.rulesMark("members")
	require.NoError(t, w.ChangeRules(ctx, w.as(account.RoleAdmin), "members", "Dell'amministratrice.", stale))
	require.ErrorIs(t, w.ChangeRules(ctx, esp, "members", "Dell'ESP.", stale), ErrCategoryChanged, "an old form overwrites nothing")
	c, err = w.Category(ctx, w.as(account.RoleMember), "members")
	require.NoError(t, err)
	assert.Equal(t, "Dell'amministratrice.", c.Rules)
}

func (w *town) rulesMark(slug string) string {
	w.t.Helper()
	c, err := w.RulesOf(w.t.Context(), w.as(account.RoleAdmin), slug)
	require.NoError(w.t, err)
	return c.RulesMark()
}
