package main

import (
	"context"
	"errors"
	"io"

	"ponti/account"
)

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

// firstService gives the services there are; an empty database gets one, with the categories a forum begins with.
func (a *app) firstService(ctx context.Context) ([]account.Service, error) {
	services, err := a.accounts.Services(ctx)
	if err != nil || len(services) > 0 {
		return services, err
	}
	made := account.NewService{Name: "Ponti", Host: account.AnyHost, Locale: "it"}
	id, err := a.accounts.CreateService(ctx, account.System(account.ServiceID{}), made)
	switch {
	case errors.Is(err, account.ErrHostTaken): // another instance that starts now was first
	case err != nil:
		return nil, err
	default:
		for _, c := range a.web.DefaultCategories(made.Locale) {
			if _, err := a.forum.CreateCategory(ctx, account.System(id), c); err != nil {
				return nil, err
			}
		}
		for _, p := range a.web.DefaultPages(made.Locale) {
			if err := a.forum.PlantPage(ctx, account.System(id), p); err != nil {
				return nil, err
			}
		}
	}
	return a.accounts.Services(ctx)
}
