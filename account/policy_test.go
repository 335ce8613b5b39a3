package account_test

import (
	"encoding/csv"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ponti/account"
)

// facts says which relation opens which cell of the matrix.
var facts = map[string]account.Relation{
	"O": {Own: true}, "P": {Participant: true}, "A": {Assigned: true}, "B": {BrokeGlass: true},
	"C": {InCategory: true}, "S": {OnShift: true}, "W": {WithinDayOfEnd: true}, "2": {SecondPerson: true},
}

// TestCan/matrix holds the policy to every cell of the agreed matrix, and to nothing more.
func TestCan(t *testing.T) {
	f, err := os.Open("testdata/authz_matrix.csv")
	require.NoError(t, err)
	defer f.Close() //nolint:errcheck // read only
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	head, rows := rows[0], rows[1:]
	require.NotEmpty(t, rows)
	for _, row := range rows {
		act := account.Action(row[0] + ": " + row[1])
		for col := 2; col < 11; col++ {
			role := account.Role(head[col])
			if head[col] == "visitor" {
				role = account.RoleVisitor
			}
			actor, want := account.Actor{Role: role}, row[col]
			t.Run(string(act)+"/"+head[col], func(t *testing.T) {
				always := want == "Y" || want == "D"
				assert.Equal(t, always, account.Can(actor, act, account.Relation{Object: true}) == nil, "with no relation")
				for fact, rel := range facts {
					granted := always || fact == want || fact == "P" && want == "W"
					rel.Object = true
					assert.Equal(t, granted, account.Can(actor, act, rel) == nil, "cell %s, fact %s", want, fact)
				}
			})
		}
	}
}

func TestCanRefusals(t *testing.T) {
	visitor, admin := account.Actor{}, account.Actor{Role: account.RoleAdmin}
	assert.ErrorIs(t, account.Can(visitor, account.MessageSend, account.Relation{Object: true}), account.ErrSignInFirst)
	assert.ErrorIs(t, account.Can(visitor, account.ConversationJoinUnseen, account.Relation{Object: true}), account.ErrNotFound, "nobody may: there is nothing to sign in for")
	assert.ErrorIs(t, account.Can(admin, account.ConversationReadContent, account.Relation{Object: true, Participant: true}), account.ErrNotFound)
	assert.ErrorIs(t, account.Can(admin, account.ShiftGoOnOff, account.Relation{}), account.ErrForbidden)
	assert.ErrorIs(t, account.Can(account.Actor{Role: "root"}, account.PublicPageRead, account.Relation{}), account.ErrForbidden, "an unknown role may nothing")
	assert.ErrorIs(t, account.Can(admin, "conversation: erase all", account.Relation{}), account.ErrForbidden, "an unknown act is denied")
	assert.NoError(t, account.Can(account.System(account.ServiceID{}), account.ShiftPlan, account.Relation{}))
}
