package chat

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, in, want string }{
		{"line ends", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		{"control characters go, tabs stay", "a\x00b\x1b[31m\tc\x7f", "ab[31m\tc"},
		{"marks that turn the direction of writing go", "a\u202eb\u2066c\u200fd\u061ce", "abcde"},
		{"joiners of emoji stay", "👩‍👧", "👩‍👧"},
		{"accents are composed", "perche\u0301", "perché"},
		{"space around goes", " \n a \t", "a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := clean("text", tt.in, MaxText)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
	_, err := clean("text", strings.Repeat("à", MaxText), MaxText)
	require.NoError(t, err)
	_, err = clean("text", strings.Repeat("à", MaxText+1), MaxText)
	require.Error(t, err)
	_, err = clean("text", "\xc3\x28", MaxText)
	require.Error(t, err)
}

// What clean leaves alone at a glance is what it would leave alone.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{"perché no?\n\tSì", "a\r\nb", "\u0085", "\u00ad", "\x7f", "\u00ff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !plain(text) {
			return
		}
		require.True(t, norm.NFC.IsNormalString(text))
		require.Equal(t, text, lineEnds.Replace(text))
		for _, r := range text {
			require.False(t, r != '\n' && r != '\t' && unicode.IsControl(r) || turnsDirection(r), "%U", r)
		}
	})
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "ciao", "a\u202e\x00\r\n", "\xff", "e\u0301\u0301\u0301", strings.Repeat("ﷺ", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, err := clean("text", in, MaxText)
		if err != nil {
			return
		}
		again, err := clean("text", out, MaxText)
		if err != nil || again != out {
			t.Fatalf("cleaning is not settled: %q became %q (%v)", out, again, err)
		}
		if !utf8.ValidString(out) || !norm.NFC.IsNormalString(out) || utf8.RuneCountInString(out) > MaxText || strings.ContainsAny(out, "\x00\r\u202e\u2066") {
			t.Fatalf("not storable: %q", out)
		}
	})
}

func FuzzCheckCID(f *testing.F) {
	f.Add("0123456789012345678901")
	f.Add("a\x00")
	f.Fuzz(func(t *testing.T, cid string) {
		if checkCID(cid) == nil && (len(cid) < 22 || len(cid) > 36 || strings.ContainsAny(cid, "|/' \n\x00")) {
			t.Fatalf("accepted %q", cid)
		}
	})
}
