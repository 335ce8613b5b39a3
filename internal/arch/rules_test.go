package arch

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// TestRules shows that each rule refuses what it is for: a guard that cannot fail guards nothing.
func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		want       []string // nil: it is allowed
	}{
		"import_to_the_left":         {"chat/a.go", `package chat; import _ "ponti/account"`, nil},
		"import_to_the_right":        {"account/a.go", `package account; import _ "ponti/chat"`, []string{"account/a.go: imports chat which does not stand below it"}},
		"import_on_the_same_line":    {"chat/a.go", `package chat; import _ "ponti/forum"`, []string{"chat/a.go: imports forum which does not stand below it"}},
		"plumbing_uses_plumbing":     {"internal/a/a.go", `package a; import _ "ponti/internal/b"`, nil},
		"plumbing_knows_nothing":     {"internal/a/a.go", `package a; import _ "ponti/account"`, []string{"internal/a/a.go: imports account which does not stand below it"}},
		"pages_below_web":            {"web/page/chat/a.go", `package chat; import _ "ponti/web"`, []string{"web/page/chat/a.go: imports web which does not stand below it"}},
		"pages_use_pages":            {"web/page/chat/a.go", `package chat; import _ "ponti/web/page/parts"`, nil},
		"sockets_below_web":          {"web/live/a.go", `package live; import _ "ponti/web"`, []string{"web/live/a.go: imports web which does not stand below it"}},
		"frames_import_nothing":      {"web/wire/a.go", `package wire; import _ "ponti/internal/errs"`, []string{"web/wire/a.go: imports internal/errs because a client needs the frames and nothing else"}},
		"triage_imports_nothing":     {"moderation/triage/a.go", `package triage; import _ "ponti/internal/errs"`, []string{"moderation/triage/a.go: imports internal/errs because the reading of texts is pure"}},
		"load_imports_frames":        {"cmd/ponti-load/a.go", `package main; import _ "ponti/web/wire"`, nil},
		"load_imports_nothing_else":  {"cmd/ponti-load/a.go", `package main; import _ "ponti/chat"`, []string{"cmd/ponti-load/a.go: imports chat because the load generator sees what a browser sees"}},
		"test_stores_in_tests":       {"chat/a_test.go", `package chat; import _ "ponti/internal/pgtest"`, nil},
		"test_stores_elsewhere":      {"chat/a.go", `package chat; import _ "ponti/internal/pgtest"`, []string{"chat/a.go: imports internal/pgtest outside tests"}},
		"people_of_tests_in_tests":   {"chat/a_test.go", `package chat; import _ "ponti/account/accounttest"`, nil},
		"people_of_tests_elsewhere":  {"chat/a.go", `package chat; import _ "ponti/account/accounttest"`, []string{"chat/a.go: imports account/accounttest outside tests"}},
		"people_of_tests_are_rows":   {"account/accounttest/store.go", "package accounttest; const q = `insert into account_accounts (id) values ($1)`", nil},
		"people_of_tests_only":       {"account/accounttest/store.go", "package accounttest; const q = `insert into chat_rooms (id) values ($1)`", []string{"account/accounttest/store.go: names table chat_rooms of chat"}},
		"folder_without_place":       {"helper/a.go", `package helper`, []string{"helper: has no place in order"}},
		"own_table":                  {"chat/store.go", "package chat; const q = `select a from chat_rooms join chat_keys on true`", nil},
		"foreign_table":              {"chat/store.go", "package chat; const q = `select a\nfrom account_sessions`", []string{"chat/store.go: names table account_sessions of account"}},
		"foreign_table_joined":       {"forum/store_post.go", "package forum; const q = `update forum_posts set a = 1 from chat_rooms`", []string{"forum/store_post.go: names table chat_rooms of chat"}},
		"foreign_table_in_a_test":    {"chat/a_test.go", "package chat; const q = `select a from account_sessions`", nil},
		"table_named_from_web":       {"web/store.go", "package web; const q = `delete from account_sessions`", []string{"web/store.go: names table account_sessions of account"}},
		"sql_outside_the_store":      {"chat/room.go", "package chat; const q = `select a from chat_rooms`", []string{"chat/room.go: holds SQL, which belongs in store.go"}},
		"part_of_sql_elsewhere":      {"chat/room.go", `package chat; const q = "," + " a from chat_rooms"`, []string{"chat/room.go: holds SQL, which belongs in store.go"}},
		"prose_is_not_sql":           {"chat/room.go", `package chat; const q = "select one of the rooms, or update it"`, nil},
		"migration_of_own_tables":    {"chat/migrations/1.sql", "create table chat_rooms (id uuid references account_accounts); create index chat_rooms_id on chat_rooms (id); -- create table x", nil},
		"migration_without_prefix":   {"chat/migrations/1.sql", "create table rooms (id uuid)", []string{"chat/migrations/1.sql: creates rooms without the package's prefix"}},
		"migration_of_foreign_table": {"chat/migrations/1.sql", "alter table account_accounts add x int", []string{"chat/migrations/1.sql: changes account_accounts, which is not the package's own", "chat/migrations/1.sql: names table account_accounts of account"}},
		"migration_indexing_foreign": {"chat/migrations/1.sql", "create index chat_i on account_accounts (id)", []string{"chat/migrations/1.sql: changes account_accounts, which is not the package's own"}},
		"foreign_key_to_the_right":   {"account/migrations/1.sql", "create table account_x (id uuid references chat_rooms)", []string{"account/migrations/1.sql: refers to chat_rooms, which does not stand below it"}},
		"foreign_key_within":         {"account/migrations/1.sql", "create table account_x (id uuid references account_accounts)", nil},
		"other_modules_are_free":     {"e2e/a.go", `package e2e; import _ "ponti/chat"`, nil},
		"ignored_folders_are_free":   {"bin/a.go", `package bin`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, bad, err := checkTree(fstest.MapFS{
				".gitignore": {Data: []byte("/bin/\n")}, "e2e/go.mod": {Data: []byte("module ponti/e2e\n")},
				c.file: {Data: []byte(c.text)},
			})
			require.NoError(t, err)
			require.Equal(t, c.want, bad)
		})
	}
}

func TestPageRules(t *testing.T) {
	t.Parallel()
	packages := []string{"account", "internal/pg", "web/page/parts", "web/page/forum"}
	require.Empty(t, checkPage("`account/` with `internal/pg` and `web/page`; `make test`", packages))
	require.Equal(t, []string{"does not name internal/pg"}, checkPage("`account` and `web/page`", packages))
	require.Equal(t, []string{"names chat, which does not exist"}, checkPage("`account`, `internal/pg`, `web/page`, `chat`", packages))
}

func TestGuardRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, text string
		want       []string
	}{
		"place_of_a_machine":    {"README.md", "see /wor" + "k/main", []string{`README.md:1: mentions "/wor` + `k/"`}},
		"registry":              {"Makefile", "\nGOPROXY=https://pro" + "xy.example", []string{`Makefile:2: mentions "https://pro` + `xy.e"`}},
		"skip":                  {"a/a_test.go", "package a\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {\n\tt.Skip()\n}\n", []string{"a/a_test.go:6: calls t.Skip"}},
		"short":                 {"a/a_test.go", "package a\n\nvar _ = testing.Short()\n", []string{"a/a_test.go:3: calls testing.Short"}},
		"sleep":                 {"e2e/a_test.go", "package a\n\nvar _ = func() { time.Sleep(1) }\n", []string{"e2e/a_test.go:3: calls time.Sleep"}},
		"sleep_in_a_comment":    {"a/a_test.go", "// Package a never calls time.Sleep(1).\npackage a\n", nil},
		"long_file":             {"a/a.go", longFile(501), []string{"a/a.go: has 501 lines: split it by story"}},
		"long_enough":           {"a/a.go", longFile(500), nil},
		"long_and_generated":    {"a/a_templ.go", "// Code generated by templ - DO NOT EDIT.\n\n" + longFile(600), nil},
		"long_script_of_a_page": {"web/assets/js/a.js", longFile(501), []string{"web/assets/js/a.js: has 501 lines: split it by story"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad, err := guard(fstest.MapFS{
				".gitignore": {Data: []byte("/bin/\n")}, "e2e/go.mod": {Data: []byte("module ponti/e2e\n")},
				c.file: {Data: []byte(c.text)},
			})
			require.NoError(t, err)
			require.Equal(t, c.want, bad)
		})
	}
}

func longFile(lines int) string {
	return "package a\n" + strings.Repeat("\n", lines-1)
}
