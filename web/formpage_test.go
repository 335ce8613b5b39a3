package web

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"ponti/web/page/parts"
)

// formPage is a page of one form, made of the shared parts.
func formPage(f parts.Form) templ.Component {
	fields := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		for _, c := range []templ.Component{
			parts.ErrorSummary(f),
			parts.Field(f, parts.Input{Name: "alias", Label: "Alias", Hint: "Hint", Required: true}),
			parts.Field(f, parts.Input{Name: "age", Label: "Age", InputMode: "numeric"}),
			parts.Field(f, parts.Input{Name: "secret", Label: "Secret", Type: "password"}),
		} {
			if err := c.Render(ctx, w); err != nil {
				return err
			}
		}
		return nil
	})
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return parts.Layout(parts.Page{Title: "Form"}).Render(templ.WithChildren(ctx, fields), w)
	})
}
