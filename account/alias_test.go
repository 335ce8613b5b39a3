package account

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCheckAlias(t *testing.T) {
	t.Parallel()
	for alias, want := range map[string]string{
		"Lontra 42": "", "Li Na": "", "Олена": "", "Nuvola d'agosto": "", "Vespa": "", "Cespuglio": "", "Amal": "", "Anna-Maria": "", "مريم": "",
		"x": "alias_length", "   ": "alias_length", strings.Repeat("a", MaxAlias+1): "alias_length", "a.": "alias_length",
		"339 1234567": "alias_characters", "Anna 33912": "alias_digits", "anna@posta.it": "alias_characters", "Anna\u202eonna": "alias_characters",
		"Anna😀": "alias_characters", "<b>Anna</b>": "alias_characters", "1234": "alias_characters",
		"Оlena": "alias_scripts", "Anna مريم": "alias_scripts",
		"Ponti": "alias_staff", "P0nt1": "alias_staff", "p o n t i": "alias_staff", "i Ponti": "alias_staff", "ESP": "alias_staff", "e.s.p.": "alias_staff", "Marta ESP": "alias_staff",
		"Marta-esp": "alias_staff", "ESPMarta": "alias_staff", "esp 2": "alias_staff", "Tutor": "alias_staff", "Tut0r Luca": "alias_staff", "admin": "alias_staff", "Adm1n": "alias_staff",
		"Amministratrice": "alias_staff", "il moderatore": "alias_staff", "Dott. Rossi": "alias_staff", "Psicologa": "alias_staff", "Ꭺdmin": "alias_scripts",
		"Ａｄｍｉｎ": "alias_staff", "ádmin": "alias_staff", "Servizio": "alias_staff", "Operatore": "alias_staff",
	} {
		_, _, err := CheckAlias(alias, false)
		if want == "" {
			assert.NoError(t, err, alias)
			continue
		}
		require.Error(t, err, alias)
		assert.Equal(t, "alias: account."+want, err.Error(), alias)
	}
	_, _, err := CheckAlias("Marta ESP", true)
	assert.NoError(t, err, "staff may be called what they are")
}

// FuzzCheckAlias: what is accepted keeps its bounds, has a key, and stays the same when entered again.
func FuzzCheckAlias(f *testing.F) {
	for _, s := range []string{"Lontra 42", "e\u0301toile", "\u202eabc", "ﬁume", "İstanbul", "ǅ", "ß", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		alias, key, err := CheckAlias(raw, false)
		if err != nil {
			return
		}
		again, keyAgain, err := CheckAlias(alias, false)
		require.NoError(t, err)
		assert.Equal(t, alias, again)
		assert.Equal(t, key, keyAgain)
		assert.NotEmpty(t, key)
	})
}

// Every alias that can be proposed is one that a person may have, so nobody is offered what is then refused.
func TestWords(t *testing.T) {
	t.Parallel()
	for locale, l := range wordLists {
		require.Greater(t, len(l.nouns)*len(l.describing), 1000, locale)
		seen := map[string]string{}
		for n := range l.nouns {
			for d := range l.describing {
				for _, number := range []int{0, 888} {
					name := l.propose(n, d, number)
					_, key, err := CheckAlias(name, false)
					require.NoError(t, err, name)
					require.Empty(t, seen[key], "%s and %s pass for each other", name, seen[key])
					seen[key] = name
				}
			}
		}
	}
}
