package triage

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHiddenAndCutUpWords(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for text, want := range map[string]Level{
		"ho voglia di amma**armi":                    Red,
		"I want to commit sui**de":                   Red,
		"voglio sui cid armi":                        Red,
		"vogl io mo rire":                            Red,
		"2 * 3 ** 4 ***":                             None,
		"a**a b**b":                                  None,
		"la password è am**a":                        None,
		"voglio un po di tempo per me":               None,
		"***" + strings.Repeat("*", 300) + " ciao *": None,
	} {
		v, err := e.Read(text)
		require.NoError(t, err, text)
		require.Equal(t, want, v.Level, "%s: %v", text, v.Reasons)
	}
}

// TestHiddenWords_hostile: very many starred or cut pieces are read, or refused, within the budget of steps.
func TestHiddenWords_hostile(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, text := range []string{strings.Repeat("amma**armi ", 1000), strings.Repeat("abc*def*", 1300), strings.Repeat("sui cid ar ", 1000)} {
		_, err := e.Read(text)
		if err != nil {
			require.ErrorIs(t, err, ErrBudget) // refused by steps, not by the clock
		}
	}
}

// TestFaintSigns: several faint signs in one short message are one sign; in a long story, or where an ordinary occasion is named, they are not. By rules alone: what is learned of such words
// is weighed apart.
func TestFaintSigns(t *testing.T) {
	t.Parallel()
	e := byRulesAlone(newTestEngine(t))
	faint := "mi sveglio alle tre, prendo la corda e vado"
	for text, want := range map[string]Level{
		faint:                                   Crisis,
		faint + " ad arrampicata con gli amici": None,
		"mi sveglio alle tre":                   None,
		faint + "." + strings.Repeat(" Ho letto un poco.", 30): None,
	} {
		v, err := e.Read(text)
		require.NoError(t, err)
		require.Equal(t, want, v.Level, "%s: %v", text, v.Reasons)
	}
}
