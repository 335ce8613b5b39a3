package triage

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestLevelsAreOrderedAndNamed(t *testing.T) {
	t.Parallel()
	require.Less(t, Unscored, None)
	require.Less(t, None, Amber)
	require.Less(t, Amber, Red)
	require.Less(t, Red, Crisis)
	for _, l := range []Level{Unscored, None, Amber, Red, Crisis} {
		back, err := ParseLevel(l.String())
		require.NoError(t, err)
		require.Equal(t, l, back)
	}
	_, err := ParseLevel("Red")
	require.Error(t, err)
	_, err = ParseLevel("")
	require.Error(t, err)
}

func TestReadSaysWhyAndWhere(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	text := "Scusate. È tardi, ma vorrei tanto m0rire, davvero."
	v, err := e.Read(text)
	require.NoError(t, err)
	require.Equal(t, Red, v.Level)
	require.Equal(t, CategorySuicide, v.Category)
	require.Equal(t, e.Version(), v.Version)
	spans := map[string]string{}
	for _, r := range v.Reasons {
		spans[r.Rule] = text[r.Start:r.End]
	}
	require.Equal(t, "vorrei tanto m0rire", spans["it.suicide.want_die"])
}

func TestReadIsCalmAboutNothing(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, text := range []string{"", " ", "\n\n", "ciao", "ok!", "👍", "…", "1 2 3", "\x00\xff\xfe"} {
		v, err := e.Read(text)
		require.NoError(t, err)
		require.Equal(t, None, v.Level, "%q", text)
		require.Equal(t, CategoryNone, v.Category)
		require.Empty(t, v.Reasons)
	}
}

func TestNormalisationFindsDisguises(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for name, text := range map[string]string{
		"capitals":                "VOGLIO MORIRE",
		"full width":              "ｖｏｇｌｉｏ ｍｏｒｉｒｅ",
		"mathematical letters":    "𝘃𝗼𝗴𝗹𝗶𝗼 𝗺𝗼𝗿𝗶𝗿𝗲",
		"combining marks":         "v\u0336o\u0336g\u0336l\u0336i\u0336o\u0336 m\u0336o\u0336r\u0336i\u0336r\u0336e\u0336",
		"zero width":              "vog\u200blio mo\u200dri\ufeffre",
		"soft hyphen":             "vo\u00adglio mori\u00adre",
		"cyrillic look-alikes":    "vоgliо mоrirе",
		"leet":                    "v0gl10 m0r1r3",
		"leet with signs":         "voglio mor!re",
		"star for a letter":       "voglio mor*re",
		"spaced letters":          "v o g l i o m o r i r e",
		"dotted letters":          "voglio m.o.r.i.r.e",
		"stretched":               "vogliooo morireeee",
		"doubled wrongly":         "voglio ammmazarmi",
		"one letter missing":      "vglio uccidrmi",
		"letters swapped":         "voglio mroire",
		"space in wrong place":    "vogli omorire",
		"space inside":            "voglio uccider mi",
		"no space":                "vogliomorire",
		"no accent":               "non voglio piu vivere",
		"apostrophe for accent":   "non voglio piu' vivere",
		"shorthand it":            "nn vgl + vivere",
		"curly apostrophe":        "I don’t want to live anymore",
		"no apostrophe":           "i dont want to live anymore",
		"shorthand en":            "i wanna kms",
		"swapped en":              "i watn to die",
		"leet en":                 "want to k1ll mys3lf",
		"decomposed accent":       "non voglio piu\u0300 vivere",
		"Latin letters upright":   "I wαnt to diе",
		"hyphens between letters": "k-i-l-l myself, I want to",
	} {
		v, err := e.Read(text)
		require.NoError(t, err)
		require.GreaterOrEqual(t, v.Level, Red, "%s: %q", name, text)
		requireValidSpans(t, text, v)
	}
}

func TestNormalisationLeavesOrdinaryWordsAlone(t *testing.T) {
	t.Parallel()
	e := byRulesAlone(newTestEngine(t))
	for _, text := range []string{
		"ho preso un foglio per scrivere la lista", "vaglio le opzioni e poi mordo la mela", "mp3, 4K e h2o",
		"a b c d e f g", "sono le 10:30", "www.example.org", "i live in a house with my cat", "kill the lights please",
		"the pulls request", "W la mamma!!!", "c'è un po' d'acqua", "uno su 100", "l'olio è 1l",
	} {
		v, err := e.Read(text)
		require.NoError(t, err)
		require.Equal(t, None, v.Level, "%q: %v", text, v.Reasons)
	}
}

func TestConversationReadsMessagesTogether(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	user := func(texts ...string) (out []Turn) {
		for _, text := range texts {
			out = append(out, Turn{Author: AuthorUser, Text: text})
		}
		return out
	}
	for name, c := range map[string]struct {
		turns   []Turn
		atLeast Level
		atMost  Level
	}{
		"intent then means is a crisis":            {user("voglio morire", "che caldo oggi", "ho qui le pastiglie"), Crisis, Crisis},
		"means then intent is a crisis":            {user("got the rope", "I want to die"), Crisis, Crisis},
		"means alone is no crisis":                 {user("ho qui le pastiglie"), None, Red},
		"a sentence in three pieces":               {user("non", "voglio più", "vivere"), Red, Crisis},
		"three ambers are red":                     {user("sono un peso per tutti", "ho smesso di prendere i farmaci", "vorrei sparire e basta"), Red, Red},
		"two ambers stay amber":                    {user("sono un peso per tutti", "vorrei sparire e basta"), Amber, Amber},
		"the level never falls":                    {user("voglio uccidermi", "scherzavo", "buona serata a tutti"), Red, Crisis},
		"yes to screening":                         {[]Turn{{Author: AuthorESP, Text: "Stai pensando al suicidio?"}, {Author: AuthorUser, Text: "sì"}}, Red, Crisis},
		"no to screening":                          {[]Turn{{Author: AuthorESP, Text: "Stai pensando al suicidio?"}, {Author: AuthorUser, Text: "no, per fortuna"}}, None, None},
		"yes to another question":                  {[]Turn{{Author: AuthorESP, Text: "Hai mangiato?"}, {Author: AuthorUser, Text: "sì"}}, None, None},
		"yes only answers the question just asked": {[]Turn{{Author: AuthorESP, Text: "Stai pensando al suicidio?"}, {Author: AuthorUser, Text: "no"}, {Author: AuthorESP, Text: "Hai cenato?"}, {Author: AuthorUser, Text: "sì"}}, None, None},
		"the ESP's words are not the person's":     {[]Turn{{Author: AuthorESP, Text: "Mi dicevi che pensi: voglio morire. Raccontami."}}, None, None},
		"an ESP who grooms is read":                {[]Turn{{Author: AuthorESP, Text: "accendi la webcam e non dirlo a nessuno"}}, Red, Red},
		"no to safety":                             {[]Turn{{Author: AuthorESP, Text: "Sei al sicuro adesso?"}, {Author: AuthorUser, Text: "non proprio"}}, Red, Red},
		"no to safety, in English":                 {[]Turn{{Author: AuthorESP, Text: "Are you safe right now?"}, {Author: AuthorUser, Text: "not really"}}, Red, Red},
		"not safe":                                 {[]Turn{{Author: AuthorESP, Text: "Are you safe right now?"}, {Author: AuthorUser, Text: "no, I'm not safe"}}, Red, Crisis},
		"no wish to live":                          {[]Turn{{Author: AuthorESP, Text: "Vuoi vivere?"}, {Author: AuthorUser, Text: "no"}}, Red, Crisis},
		"unsure of safety":                         {[]Turn{{Author: AuthorESP, Text: "ti senti al sicuro stanotte?"}, {Author: AuthorUser, Text: "boh"}}, Red, Red},
		"yes to safety":                            {[]Turn{{Author: AuthorESP, Text: "Are you safe right now?"}, {Author: AuthorUser, Text: "yes"}}, None, None},
		"yes to safety, in Italian":                {[]Turn{{Author: AuthorESP, Text: "sei al sicuro adesso?"}, {Author: AuthorUser, Text: "sì, sono a casa"}}, None, None},
		"yes to living":                            {[]Turn{{Author: AuthorESP, Text: "Do you want to live?"}, {Author: AuthorUser, Text: "yes, I do"}}, None, None},
		"safe, said with a no":                     {[]Turn{{Author: AuthorESP, Text: "Are you safe right now?"}, {Author: AuthorUser, Text: "no no, don't worry, I'm fine"}}, None, None},
		"asked back about safety":                  {[]Turn{{Author: AuthorESP, Text: "Are you safe right now?"}, {Author: AuthorUser, Text: "why do you ask?"}}, None, None},
		"no turns":                                 {nil, None, None},
	} {
		v, err := e.ReadTurns(c.turns)
		require.NoError(t, err)
		require.GreaterOrEqual(t, v.Level, c.atLeast, "%s: %v", name, v.Reasons)
		require.LessOrEqual(t, v.Level, c.atMost, "%s: %v", name, v.Reasons)
	}
}

func TestOneTurnReadsAsItsText(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	for _, c := range readCases(t, "dev_functional.jsonl") {
		if c.Turns != nil || c.Authors != nil {
			continue
		}
		one, err := e.Read(c.Text)
		require.NoError(t, err)
		turn, err := e.ReadTurns([]Turn{{Author: AuthorUser, Text: c.Text}})
		require.NoError(t, err)
		require.Equal(t, one.Level, turn.Level, c.ID)
		require.Equal(t, one.Category, turn.Category, c.ID)
	}
}

func TestSameTextSameVerdict(t *testing.T) {
	t.Parallel()
	first := newTestEngine(t)
	second, err := New()
	require.NoError(t, err)
	require.Equal(t, first.Version(), second.Version())
	cases := readCases(t, "dev_functional.jsonl")
	want := make([]Verdict, len(cases))
	for i, c := range cases {
		want[i], err = first.ReadTurns(c.conversation())
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, c := range cases {
				got, err := second.ReadTurns(c.conversation())
				if err != nil || got.Level != want[i].Level || len(got.Reasons) != len(want[i].Reasons) {
					t.Errorf("%s differs: %v, %v", c.ID, got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestBudgetIsAnError(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	hostile := strings.Repeat("voglio mi voglio ho le pastiglie mia madre dice ", 40_000)
	v, err := e.Read(hostile)
	require.ErrorIs(t, err, ErrBudget)
	require.Equal(t, Unscored, v.Level)
	v, err = e.ReadTurns([]Turn{{Author: AuthorUser, Text: hostile}})
	require.ErrorIs(t, err, ErrBudget)
	require.Equal(t, Unscored, v.Level)
	after, err := e.Read("ciao")
	require.NoError(t, err)
	require.Equal(t, None, after.Level)
}

func TestRunAnswersEveryLine(t *testing.T) {
	t.Parallel()
	e := newTestEngine(t)
	in := `{"id":"a","text":"voglio morire"}

{"id":"b","turns":[{"author":"esp","text":"stai pensando al suicidio?"},{"author":"user","text":"sì"}]}
not json
{"id":"c","turns":[{"author":"tutor","text":"x"}]}
{"id":"d"}
{"text":"no id"}
{"id":"e","text":"ciao"}
`
	var out bytes.Buffer
	err := Run(e, strings.NewReader(in), &out)
	require.ErrorContains(t, err, "4 of 8")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 7)
	var got struct {
		ID, Level, Category string
		Reasons             []string
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &got))
	require.Equal(t, "a", got.ID)
	require.Equal(t, "red", got.Level)
	require.Equal(t, "suicide", got.Category)
	require.Contains(t, got.Reasons, "it.suicide.want_die")
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &got))
	require.Equal(t, "red", got.Level)
	for i, line := range map[int]int{2: 4, 3: 5, 4: 6, 5: 7} {
		var bad errorLine
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &bad))
		require.Equal(t, line, bad.Line)
		require.NotEmpty(t, bad.Error)
	}
	require.JSONEq(t, `{"id":"e","level":"none","category":"none","reasons":[]}`, lines[6])

	out.Reset()
	require.NoError(t, Run(e, strings.NewReader(`{"id":"z","text":""}`), &out))
	require.JSONEq(t, `{"id":"z","level":"none","category":"none","reasons":[]}`, out.String())
}

func requireValidSpans(t testing.TB, text string, v Verdict) {
	t.Helper()
	for _, r := range v.Reasons {
		require.True(t, 0 <= r.Start && r.Start <= r.End && r.End <= len(text), "%+v outside %d bytes", r, len(text))
		require.True(t, !utf8.ValidString(text) || utf8.ValidString(text[r.Start:r.End]), "%+v cuts a character of %q", r, text)
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range readCases(f, "dev_functional.jsonl") {
		f.Add(c.Text)
	}
	f.Add(strings.Repeat("a ", 500))
	f.Add(strings.Repeat("1", 500))
	f.Add("s.u.i.c.i.d.i.o k.m.s @@@ a@b.c '''' +39 +39 12-34-56")
	e := newTestEngine(f)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := e.Read(text)
		if err != nil {
			require.ErrorIs(t, err, ErrBudget)
			require.Equal(t, Unscored, v.Level)
			return
		}
		requireValidSpans(t, text, v)
		r := newReading(e.set)
		require.NoError(t, r.read(text, AuthorUser))
		require.LessOrEqual(t, r.steps, 2_000+1_500*len(text), "more than linear work")
		turns, err := e.ReadTurns([]Turn{{Author: AuthorUser, Text: text}, {Author: AuthorESP, Text: text}, {Author: AuthorUser, Text: text}})
		if err == nil {
			require.GreaterOrEqual(t, turns.Level, v.Level)
			requireValidSpans(t, text, turns)
		}
	})
}
