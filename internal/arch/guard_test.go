package arch

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// maxLines is the longest a file may be; long allows exceptions, with the reason.
const maxLines = 500

var long = map[string]string{}

// elsewhere finds what is true only of the machine somebody worked on: folders
// and package mirrors. Written so that it does not find itself.
var elsewhere = regexp.MustCompile(`/wor[k]/|/far[m]/|\.\./share[d]|https?://(?:proxy|sum|registry|deb|security)\.[a-z]`)

// refused are the calls that make a test lie about what it saw.
var refused = []string{"t.Skip", "t.Skipf", "t.SkipNow", "b.Skip", "tb.Skip", "testing.Short", "time.Sleep"}

// written are the kinds of file that people write and read.
var written = []string{".go", ".templ", ".js", ".css", ".sql", ".md", ".sh", ""}

// guard finds what must not stand anywhere in the repository.
func guard(root fs.FS) (bad []string, err error) {
	err = walkAll(root, func(name string) error {
		raw, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if bytes.IndexByte(raw[:min(len(raw), 8000)], 0) >= 0 || strings.HasSuffix(name, ".sum") {
			return nil // not text; checksums
		}
		number := 0
		for line := range strings.Lines(string(raw)) {
			number++
			if found := elsewhere.FindString(line); found != "" {
				bad = append(bad, fmt.Sprintf("%s:%d: mentions %q", name, number, found))
			}
		}
		if path.Ext(name) == ".go" {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, name, raw, parser.SkipObjectResolution|parser.ParseComments)
			if err != nil {
				return err
			}
			if ast.IsGenerated(f) {
				return nil
			}
			if strings.HasSuffix(name, "_test.go") {
				bad = append(bad, refusedCalls(fset, f)...)
			}
		}
		if _, reasoned := long[name]; number > maxLines && !reasoned && slices.Contains(written, path.Ext(name)) {
			bad = append(bad, fmt.Sprintf("%s: has %d lines: split it by story", name, number))
		} else if reasoned && number <= maxLines {
			bad = append(bad, name+": needs no exception any more")
		}
		return nil
	})
	return bad, err
}

func refusedCalls(fset *token.FileSet, f *ast.File) (bad []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if ok && slices.Contains(refused, x.Name+"."+sel.Sel.Name) {
			at := fset.Position(call.Pos())
			bad = append(bad, fmt.Sprintf("%s:%d: calls %s.%s", at.Filename, at.Line, x.Name, sel.Sel.Name))
		}
		return true
	})
	return bad
}

func TestGuard(t *testing.T) {
	t.Parallel()
	bad, err := guard(repository())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bad {
		t.Error(b)
	}
}
