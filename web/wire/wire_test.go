package wire

import (
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the golden frames anew")

var at = time.Date(2026, 11, 22, 21, 4, 5, 678_000_000, time.UTC)

const room = "6f0b2c44-91d7-4f0e-8f6a-0d6a3c1b2e5f"

// frames is one of each kind to clients.
func frames() []Server {
	return []Server{
		Welcome{Epoch: "e-1", Beat: 10},
		Message{Room: room, Seq: 17, From: 2, CID: "0123456789012345678901", At: at, Kind: "text", Text: "Ciao </script> & \u2028 a te"},
		CaughtUp{Room: room, Head: 17, Epoch: "e-1", Me: 1},
		Resync{Room: room},
		Ack{Room: room, CID: "0123456789012345678901", Seq: 17, At: at},
		Refused{Room: room, CID: "0123456789012345678901", Key: "chat.ended", Text: "La conversazione è finita.", Later: true},
		People{Room: room, People: []Participant{{N: 1, Alias: "Luna", Role: "guest", Here: true}, {N: 2, Alias: "Marta", Role: "esp", Left: true, Read: 17}}},
		Writes{Room: room, From: 2},
		State{Room: room, State: "open", Care: "alerting", Numbers: true, Level: "crisis"},
		Heads{Rooms: map[string]int64{room: 17}},
		Changed{View: Waiting, Place: &Place{State: "waiting", Position: 2, Room: room}, Offer: &Offer{ID: room, ExpiresAt: at}},
		Bye{Reason: "restart", RetryAfter: 1.5},
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	for _, f := range frames() {
		t.Run(f.Type(), func(t *testing.T) {
			t.Parallel()
			got := Encode(f)
			file := filepath.Join("testdata", f.Type()+".json")
			if *update {
				require.NoError(t, os.WriteFile(file, append(got, '\n'), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), string(got)+"\n")
			require.NotContains(t, string(got), "</")
		})
	}
	require.Equal(t, `{"t":"empty"}`, string(Encode(empty{})))
}

type empty struct{}

func (empty) Type() string { return "empty" }

// What a frame cannot hold cannot leak.
func TestFrames_have_no_field_for_who_somebody_is(t *testing.T) {
	t.Parallel()
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch kind := typ.Kind(); {
		case kind == reflect.Slice || kind == reflect.Pointer || kind == reflect.Map:
			walk(typ.Elem())
		case kind == reflect.Struct:
			if typ == reflect.TypeFor[time.Time]() {
				return
			}
			for f := range typ.Fields() {
				for _, no := range []string{"account", "user", "person", "mail", "phone", "login", "session", "device", "surname", "address", "sender"} {
					require.NotContains(t, strings.ToLower(f.Name+f.Tag.Get("json")), no)
				}
				walk(f.Type)
			}
		}
	}
	for _, f := range frames() {
		walk(reflect.TypeOf(f))
	}
}

// What is written by hand is what encoding/json writes.
func FuzzEncode(f *testing.F) {
	f.Add("Ciao </script> & \u2028 a te \"\\\n\t\x00", "text", int64(17), int64(3), uint8(7), int64(1_764_450_000_123_456_000))
	f.Add("\xff\xfe � 😀", "", int64(-1), int64(0), uint8(0), int64(0))
	f.Fuzz(func(t *testing.T, text, other string, seq, about int64, bits uint8, nanos int64) {
		instant := time.Unix(0, nanos).UTC()
		m := Message{
			Room: other, Seq: seq, From: int16(about), CID: other, At: instant, Kind: other, Text: text, Hidden: bits&1 != 0, About: about,
			Edited: bits&2 != 0, Withdrawn: bits&4 != 0,
		}
		for _, frame := range []Server{m, Ack{Room: text, CID: other, Seq: seq, At: instant}} {
			want, err := json.Marshal(frame)
			require.NoError(t, err)
			require.Equal(t, `{"t":"`+frame.Type()+`",`+string(want[1:]), string(Encode(frame)))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	m := Message{Room: room, Seq: 17, From: 2, CID: room, At: at, Kind: "text", Text: strings.Repeat("Oggi è andata così così. ", 4)}
	b.ReportAllocs()
	for b.Loop() {
		Encode(m)
	}
}

func BenchmarkDecode(b *testing.B) {
	in := []byte(`{"t":"send","room":"` + room + `","cid":"` + room + `","text":"` + strings.Repeat("Oggi è andata così così. ", 4) + `"}`)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = Decode(in)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Client{
		`{"t":"join","room":"r","after":0}`:                                   &Join{Room: "r"},
		`{"after":17,"epoch":"e","room":"r","t":"join"}`:                      &Join{Room: "r", After: 17, Epoch: "e"},
		`{"t":"leave","room":"r"}`:                                            &Leave{Room: "r"},
		`{"t":"send","room":"r","cid":"c","text":"\u0000 ciao \ud83d\ude00"}`: &Send{Room: "r", CID: "c", Text: "\x00 ciao 😀"},
		` {"t":"watch","view":"desk"} `:                                       &Watch{View: Desk},
		`{"t":"beat"}`:                                                        &Beat{},
		`{"t":"follow","thread":"t","from":50,"known":"m"}`:                   &Follow{Thread: "t", From: 50, Known: "m"},
		`{"t":"typing","room":"r"}`:                                           &Typing{Room: "r"},
		`{"t":"read","room":"r","seq":17}`:                                    &Read{Room: "r", Seq: 17},
	} {
		got, err := Decode([]byte(in))
		require.NoError(t, err, in)
		require.Equal(t, want, got, in)
	}
	for name, in := range map[string]string{
		"nothing": ``, "not_json": `ciao`, "null": `null`, "list": `[]`, "text": `"join"`, "empty_object": `{}`,
		"unknown_type": `{"t":"become_admin"}`, "server_type": `{"t":"ack","room":"r","cid":"c"}`, "type_of_wrong_kind": `{"t":1}`,
		"unknown_field": `{"t":"leave","room":"r","as":"x"}`, "upper_case_field": `{"t":"leave","ROOM":"r"}`,
		"field_twice": `{"t":"leave","room":"r","room":"s"}`, "type_twice": `{"t":"beat","t":"leave"}`, "escaped_twin": `{"t":"beat","\u0074":"beat"}`,
		"missing_field": `{"t":"send","room":"r","cid":"c"}`, "nested": `{"t":"leave","room":{"r":"r"}}`, "list_value": `{"t":"leave","room":["r"]}`,
		"boolean": `{"t":"leave","room":true}`, "null_value": `{"t":"join","room":"r","after":0,"epoch":null}`,
		"negative": `{"t":"join","room":"r","after":-1}`, "fraction": `{"t":"join","room":"r","after":1.5}`, "exponent": `{"t":"join","room":"r","after":1e3}`,
		"beyond_exact": `{"t":"join","room":"r","after":9007199254740992}`, "huge": `{"t":"join","room":"r","after":99999999999999999999}`,
		"number_as_text": `{"t":"join","room":"r","after":"1"}`, "unknown_view": `{"t":"watch","view":"all"}`,
		"two_objects": `{"t":"beat"}{"t":"beat"}`, "rest": `{"t":"beat"} x`, "no_comma": `{"t":"leave" "room":"r"}`, "comma_at_the_end": `{"t":"beat",}`, "comma_first": `{,"t":"beat"}`, "no_colon": `{"t" "beat"}`,
		"bare_field": `{t:"beat"}`, "nought_first": `{"t":"join","room":"r","after":017}`, "control_character": "{\"t\":\"leave\",\"room\":\"\x01\"}",
		"bad_escape": `{"t":"leave","room":"\x"}`, "cut_escape": `{"t":"leave","room":"\`, "no_value": `{"t":}`, "cut": `{"t":"beat"`, "no_utf8": "{\"t\":\"leave\",\"room\":\"\xff\"}",
		"many_fields": `{"t":"beat","a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`,
		"deep":        `{"t":"leave","room":` + strings.Repeat("[", 30_000), "too_big": `{"t":"leave","room":"` + strings.Repeat("r", MaxFrame) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode([]byte(in))
			require.ErrorIs(t, err, ErrFrame)
		})
	}
}

// A message of the greatest length fits a frame however its client escapes it.
func TestDecode_longest_text_fits(t *testing.T) {
	t.Parallel()
	in := `{"t":"send","room":"` + room + `","cid":"` + strings.Repeat("c", MaxCID) + `","text":"` + strings.Repeat(`\ud83d\ude00`, MaxText) + `"}`
	got, err := Decode([]byte(in))
	require.NoError(t, err)
	require.Equal(t, strings.Repeat("😀", MaxText), got.(*Send).Text)
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{`{"t":"join","room":"r","after":17,"epoch":"e"}`, `{"t":"send","room":"r","cid":"c","text":"x"}`, `{"t":"watch","view":"desk"}`, `{"t":"beat"}`, `{"t":"leave","room":"r"}`, `{"t":"typing","room":"r"}`, `{"t":"read","room":"r","seq":17}`, `{"t":"follow","thread":"t","from":50,"known":"m"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			require.ErrorIs(t, err, ErrFrame)
			require.Nil(t, c)
			return
		}
		// What we took, any other reader takes too, and reads the same.
		var other map[string]any
		require.NoError(t, json.Unmarshal(b, &other))
		if s, ok := c.(*Send); ok {
			require.Equal(t, other["text"], s.Text)
			require.Equal(t, other["room"], s.Room)
			require.Equal(t, other["cid"], s.CID)
		}
	})
}

// docs/protocol.md names every frame, field, view and close code there is.
func TestProtocolPage(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	page := string(b)
	for _, f := range frames() {
		require.Contains(t, page, "`"+f.Type()+"`")
		for field := range reflect.TypeOf(f).Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			require.Contains(t, page, "`"+name+"`", "field of %s", f.Type())
		}
	}
	for _, c := range []string{"join", "leave", "send", "typing", "read", "watch", "follow", "beat", "waiting", "desk", "console", "notices"} {
		require.Contains(t, page, "`"+c+"`")
	}
	tree, err := parser.ParseFile(token.NewFileSet(), "wire.go", nil, 0)
	require.NoError(t, err)
	found := 0
	ast.Inspect(tree, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(v.Names[0].Name, "Close") {
			return true
		}
		found++
		lit, ok := v.Values[0].(*ast.BasicLit)
		require.True(t, ok)
		code, err := strconv.Atoi(lit.Value)
		require.NoError(t, err)
		again := "come back"
		if !ComeBack(code) {
			again = "stay away"
		}
		require.Regexp(t, `(?m)^\| `+lit.Value+` \|.*\| `+again, page)
		return true
	})
	require.Equal(t, 8, found)
	// Every type that is a Server has a sample above, and so a golden and a line in the page.
	require.Equal(t, len(frames()), strings.Count(mustRead(t, "wire.go"), ") Type() string"))
	require.True(t, ComeBack(1006), "a line that broke")
}

func mustRead(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(b)
}
