// Package arch holds the tests that read Ponti's own files: who imports whom,
// whose tables a statement names, and what must not stand anywhere. They parse
// the files and run no program: a test that asks `go list` stays cached, and
// green, when the tree changes.
package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is what our import paths begin with.
const module = "ponti/"

// order gives every folder with Go files its place, from the ground up: a
// package may import only what stands on an earlier line. "x/*" is each folder
// right below x; these may import one another.
var order = [][]string{
	{"internal/*"},
	{"account"},
	{"account/accounttest"},
	{"roster"},
	{"moderation/triage"},
	{"moderation"},
	{"forum/community"},
	{"chat", "forum"},
	{"web/wire"},
	{"web/page/*"},
	{"web/live"},
	{"web"},
	{"cmd/ponti", "cmd/ponti-load"},
}

// only narrows what a package may import of ours.
var only = map[string]struct {
	allow []string
	why   string
}{
	"web/wire":          {nil, "a client needs the frames and nothing else"},
	"moderation/triage": {nil, "the reading of texts is pure"},
	"forum/community":   {nil, "what a community is elsewhere has nothing to do with what is here"},
	"cmd/ponti-load":    {[]string{"web/wire"}, "the load generator sees what a browser sees"},
}

// forTests may be imported by test files only.
var forTests = []string{"internal/pgtest", "internal/pushtest", "internal/arch", "internal/history", "account/accounttest"}

// owners maps the first word of a table's name to the package whose table it is.
var owners = map[string]string{
	"account": "account", "audit": "internal/audit", "chat": "chat", "forum": "forum",
	"moderation": "moderation", "roster": "roster",
}

// place returns the line of order that pkg stands on and the entry that says so.
func place(pkg string) (line int, entry string, ok bool) {
	for i, entries := range order {
		for _, e := range entries {
			parent, each := strings.CutSuffix(e, "/*")
			if e == pkg || each && path.Dir(pkg) == parent {
				return i, e, true
			}
		}
	}
	return 0, "", false
}

// mayImport says why a file of package from may not import package to; "" if it may.
func mayImport(from, to string, test bool) string {
	if o, narrow := only[from]; narrow && !slices.Contains(o.allow, to) {
		return "because " + o.why
	}
	if slices.Contains(forTests, to) && !test {
		return "outside tests"
	}
	if from == to {
		return "" // an external test of its own package
	}
	fromLine, fromEntry, _ := place(from)
	toLine, toEntry, ok := place(to)
	switch {
	case !ok:
		return "which has no place in order"
	case toLine < fromLine, toEntry == fromEntry && strings.HasSuffix(toEntry, "/*"):
		return ""
	}
	return "which does not stand below it"
}

var (
	// sqlTable finds the tables a statement reads or writes, and their first word.
	sqlTable  = regexp.MustCompile(`(?i)\b(?:from|join|into|update|truncate|table(?:\s+if(?:\s+not)?\s+exists)?)\s+(?:only\s+)?(([a-z]+)_[a-z0-9_]+)`)
	storeFile = regexp.MustCompile(`^store(?:_[a-z0-9_]+)?\.go$`)

	sqlComment = regexp.MustCompile(`--[^\n]*`)
	sqlText    = regexp.MustCompile(`'(?:[^']|'')*'`)
	ddlCreates = regexp.MustCompile(`(?i)\bcreate\s+(?:unlogged\s+)?(?:table|view|materialized\s+view|sequence|type)\s+(?:if\s+not\s+exists\s+)?(\w+)`)
	ddlTouches = regexp.MustCompile(`(?i)\b(?:(?:alter|drop)\s+(?:table|view)\s+(?:if\s+exists\s+)?|comment\s+on\s+(?:table|column)\s+|(?:index|trigger|policy)\s+[^;]*?\s+on\s+)(?:only\s+)?((\w+?)_\w+)`)
	ddlRefers  = regexp.MustCompile(`(?i)\breferences\s+((\w+?)_\w+)`)
)

// checkTables finds statements in text that name another package's table. "accounttest" makes rows of account for tests.
func checkTables(pkg, text string) (bad []string) {
	for _, m := range sqlTable.FindAllStringSubmatch(text, -1) {
		if owner, ok := owners[strings.ToLower(m[2])]; ok && owner != pkg && pkg != owner+"/"+owner+"test" {
			bad = append(bad, "names table "+m[1]+" of "+owner)
		}
	}
	return bad
}

// namesOwn is true of a statement, or a part of one, on the package's own tables.
func namesOwn(pkg, text string) bool {
	for _, m := range sqlTable.FindAllStringSubmatch(text, -1) {
		if owners[strings.ToLower(m[2])] == pkg {
			return true
		}
	}
	return false
}

// checkMigration finds tables in a migration of pkg that are not its own. A
// foreign key may point to what stands below.
func checkMigration(pkg, text string) (bad []string) {
	text = sqlText.ReplaceAllString(sqlComment.ReplaceAllString(text, ""), "''")
	for _, m := range ddlCreates.FindAllStringSubmatch(text, -1) {
		if word, _, _ := strings.Cut(m[1], "_"); owners[word] != pkg {
			bad = append(bad, "creates "+m[1]+" without the package's prefix")
		}
	}
	for _, m := range ddlTouches.FindAllStringSubmatch(text, -1) {
		if owners[m[2]] != pkg {
			bad = append(bad, "changes "+m[1]+", which is not the package's own")
		}
	}
	for _, m := range ddlRefers.FindAllStringSubmatch(text, -1) {
		to := owners[m[2]]
		here, _, _ := place(pkg)
		there, _, _ := place(to)
		if to == "" || to != pkg && there >= here {
			bad = append(bad, "refers to "+m[1]+", which does not stand below it")
		}
	}
	return append(bad, checkTables(pkg, text)...)
}

// checkFile finds what one Go file of package pkg may not do.
func checkFile(pkg, name string, f *ast.File) (bad []string) {
	test := strings.HasSuffix(name, "_test.go")
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		to, ours := strings.CutPrefix(p, module)
		if err != nil || !ours {
			continue
		}
		if why := mayImport(pkg, to, test); why != "" {
			bad = append(bad, "imports "+to+" "+why)
		}
	}
	if test {
		return bad // tests look into any table
	}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(lit.Value)
		if err != nil {
			return true
		}
		bad = append(bad, checkTables(pkg, text)...)
		if namesOwn(pkg, text) && !strings.HasPrefix(pkg, "internal/") && !storeFile.MatchString(path.Base(name)) {
			bad = append(bad, "holds SQL, which belongs in store.go")
		}
		return true
	})
	return bad
}

// checkTree checks all of it and returns the packages it saw.
func checkTree(root fs.FS) (packages, bad []string, err error) {
	err = walk(root, func(name string) error {
		pkg := path.Dir(name)
		switch path.Ext(name) {
		case ".go":
			f, err := parseGo(root, name)
			if err != nil {
				return err
			}
			if !slices.Contains(packages, pkg) {
				packages = append(packages, pkg)
				if _, _, ok := place(pkg); !ok {
					bad = append(bad, pkg+": has no place in order")
				}
			}
			for _, b := range checkFile(pkg, name, f) {
				bad = append(bad, name+": "+b)
			}
		case ".sql":
			if path.Base(pkg) != "migrations" {
				return nil
			}
			text, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			for _, b := range checkMigration(path.Dir(pkg), string(text)) {
				bad = append(bad, name+": "+b)
			}
		}
		return nil
	})
	return packages, bad, err
}

var inBackticks = regexp.MustCompile("`([a-z0-9_/-]+)`")

// checkPage compares the page of the architecture with the packages there are.
func checkPage(page string, packages []string) (bad []string) {
	var named []string
	for _, m := range inBackticks.FindAllStringSubmatch(page, -1) {
		named = append(named, strings.TrimSuffix(m[1], "/"))
	}
	for _, pkg := range packages {
		_, entry, _ := place(pkg)
		if parent := strings.TrimSuffix(entry, "/*"); entry == "web/page/*" && slices.Contains(named, parent) {
			continue // the pages are named as one
		}
		if !slices.Contains(named, pkg) {
			bad = append(bad, "does not name "+pkg)
		}
	}
	for _, n := range named {
		if _, _, ok := place(n); ok && !slices.Contains(packages, n) {
			bad = append(bad, "names "+n+", which does not exist")
		}
	}
	return bad
}

// repository is the root of the tree, as tests run in their package's folder.
func repository() fs.FS { return os.DirFS("../..") }

func TestArchitecture(t *testing.T) {
	t.Parallel()
	packages, bad, err := checkTree(repository())
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) == 0 {
		t.Fatal("no package was found")
	}
	page, err := fs.ReadFile(repository(), "docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range checkPage(string(page), packages) {
		bad = append(bad, "docs/architecture.md: "+b)
	}
	for _, b := range bad {
		t.Error(b)
	}
}

// walk calls f with every file of this module.
func walk(root fs.FS, f func(name string) error) error {
	return walkAll(root, func(name string) error {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, err := fs.Stat(root, path.Join(dir, "go.mod")); err == nil {
				return nil // another module has no place in order
			}
		}
		return f(name)
	})
}

// walkAll calls f with every file of the repository that git does not ignore.
func walkAll(root fs.FS, f func(name string) error) error {
	ignored, err := ignoredFolders(root)
	if err != nil {
		return err
	}
	return fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || slices.Contains(ignored, name)):
			return fs.SkipDir
		case !d.Type().IsRegular() || name == ".git": // a file in a linked worktree
			return nil
		}
		return f(name)
	})
}

// ignoredFolders reads .gitignore, in which folders are written /like/this/.
func ignoredFolders(root fs.FS) ([]string, error) {
	raw, err := fs.ReadFile(root, ".gitignore")
	if err != nil {
		return nil, err
	}
	var folders []string
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "/") && strings.HasSuffix(line, "/") {
			folders = append(folders, strings.Trim(line, "/"))
		}
	}
	return folders, nil
}

func parseGo(root fs.FS, name string) (*ast.File, error) {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution|parser.ParseComments)
}
