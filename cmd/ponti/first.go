package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"ponti/account"
	"ponti/forum"
)

//go:embed first.json
var firstJSON []byte

// first is the service that an empty database begins with: its administrators change what they like.
type first struct {
	Name       string
	Categories []demoCategory
}

// announceFirstStart makes the first service of an empty database, and says how an administrator comes in where there is none.
func (a *app) announceFirstStart(ctx context.Context, out io.Writer) error {
	services, err := a.firstService(ctx)
	if err != nil {
		return err
	}
	p := &printer{w: out}
	for _, s := range services {
		token, ok, err := a.accounts.FirstAdminToken(ctx, s.ID)
		if err != nil {
			return err
		}
		if ok {
			p.line("\n%s has no administrator yet. Within an hour, open\n  %s/first-admin\nand enter this token, which works once:\n  %s\n", s.Name, a.siteURL(s), token)
		}
	}
	p.line("Ponti is at %s", a.config.URL)
	return p.err
}

func (a *app) firstService(ctx context.Context) ([]account.Service, error) {
	services, err := a.accounts.Services(ctx)
	if err != nil || len(services) > 0 {
		return services, err
	}
	var f first
	if err := json.Unmarshal(firstJSON, &f); err != nil {
		return nil, fmt.Errorf("first service: %w", err)
	}
	id, err := a.accounts.CreateService(ctx, account.System(account.ServiceID{}), account.NewService{Name: f.Name, Host: account.AnyHost, Locale: "it"})
	switch {
	case errors.Is(err, account.ErrHostTaken): // another instance that starts now was first
	case err != nil:
		return nil, err
	default:
		for i, c := range f.Categories {
			if _, err := a.forum.CreateCategory(ctx, account.System(id), c.category(i)); err != nil {
				return nil, err
			}
		}
	}
	return a.accounts.Services(ctx)
}

func (c demoCategory) category(position int) forum.NewCategory {
	return forum.NewCategory{Slug: c.Slug, Audience: forum.Audience(c.Audience), Title: c.Title, Rules: c.Rules, Position: position}
}
