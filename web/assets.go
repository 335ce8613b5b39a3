package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:embed assets/css assets/js assets/font/*.woff2 assets/img
var assetFiles embed.FS

//go:embed locales
var localeFiles embed.FS

// assets serves the style sheet, modules, font and drawings under addresses that change with their content, so that
// browsers keep them for good. It does not change after newAssets.
//
// Style sheets are joined into one file, in the order of their layers. Modules share one address prefix, made from the content of them
// all, so that they import one another by relative path without a build step.
type assets struct {
	files map[string]asset  // by path below /assets/
	names map[string]string // from "css/ponti.css" to its path below /assets/
}

type asset struct {
	kind          string
	body, gzipped []byte
}

// layers is the order of the style sheets that others build on; the rest follow by name.
var layers = []string{"tokens.css", "base.css", "layout.css"}

func newAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}, names: map[string]string{}}
	for _, dir := range []string{"font", "img"} {
		if err := a.addEach(dir); err != nil {
			return nil, fmt.Errorf("web: assets: %w", err)
		}
	}
	if err := a.addModules(); err != nil {
		return nil, fmt.Errorf("web: modules: %w", err)
	}
	if err := a.addStyles(); err != nil {
		return nil, fmt.Errorf("web: style sheets: %w", err)
	}
	return a, nil
}

// url is the address of an asset; empty, which a test would find, when there is none of that name.
func (a *assets) url(name string) string {
	if at, ok := a.names[name]; ok {
		return "/assets/" + at
	}
	return ""
}

// body is what an asset holds.
func (a *assets) body(name string) []byte { return a.files[a.names[name]].body }

func (a *assets) addEach(dir string) error {
	return eachFile(dir, func(name string, body []byte) {
		a.add(name, hash(body), body)
	})
}

func (a *assets) addModules() error {
	all := map[string][]byte{}
	if err := eachFile("js", func(name string, body []byte) { all[name] = body }); err != nil {
		return err
	}
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	var joined bytes.Buffer
	for _, name := range names {
		joined.WriteString(name)
		joined.Write(all[name])
	}
	prefix := hash(joined.Bytes())
	for _, name := range names {
		a.add(name, prefix, all[name])
	}
	return nil
}

func (a *assets) addStyles() error {
	var first, rest []byte
	sheets := map[string][]byte{}
	if err := eachFile("css", func(name string, body []byte) {
		if sheet := path.Base(name); slices.Contains(layers, sheet) {
			sheets[sheet] = body
		} else {
			rest = append(append(rest, body...), '\n')
		}
	}); err != nil {
		return err
	}
	for _, sheet := range layers {
		body, ok := sheets[sheet]
		if !ok {
			return fmt.Errorf("%s is missing", sheet)
		}
		first = append(append(first, body...), '\n')
	}
	css := string(append(first, rest...))
	for name, at := range a.names {
		css = strings.ReplaceAll(css, `url("`+name+`")`, `url("/assets/`+at+`")`)
	}
	a.add("css/ponti.css", hash([]byte(css)), []byte(css))
	return nil
}

func (a *assets) add(name, hash string, body []byte) {
	at := hash + "/" + name
	f := asset{kind: mediaTypes[path.Ext(name)], body: body}
	if f.kind != "font/woff2" { // compressed already
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
		_, _ = z.Write(body)                                  // memory does not fail
		_ = z.Close()
		f.gzipped = b.Bytes()
	}
	a.files[at], a.names[name] = f, at
}

var mediaTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".woff2": "font/woff2",
}

func (a *assets) serve(w http.ResponseWriter, r *http.Request) error {
	f, ok := a.files[r.PathValue("path")]
	if !ok {
		return errNoPage
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := f.body
	if f.gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.gzipped
		}
	}
	_, err := w.Write(body)
	return ignoreGone(err)
}

func eachFile(dir string, f func(name string, body []byte)) error {
	return fs.WalkDir(assetFiles, "assets/"+dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || mediaTypes[path.Ext(name)] == "" {
			return err
		}
		body, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		f(strings.TrimPrefix(name, "assets/"), body)
		return nil
	})
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
