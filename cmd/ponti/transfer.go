package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"ponti/account"
	"ponti/forum"
	"ponti/forum/community"
	"ponti/internal/pg"
)

// forumCommands move a community in and out.
type forumCommands struct {
	Import  importCommand  `cmd:"" help:"Read a community as JSON lines (docs/import.md) into a service's forum; reading it again writes only what is missing."`
	Convert convertCommand `cmd:"" help:"Turn the export of another program into those JSON lines, on standard output."`
	Export  exportCommand  `cmd:"" help:"Write a service's forum as JSON lines on standard output: names and all that was written. Keep it as carefully as the database."`
}

type importCommand struct {
	Settings

	Service string `required:"" help:"Host of the service, as its address has it; '*' for the one that answers to every host."`
	Source  string `default:"import" help:"Name of the place it comes from: the same for each file of that place."`
	DryRun  bool   `help:"Write nothing, and list what is wrong line by line."`
	Codes   string `help:"New file for the codes by which people take their accounts, as JSON lines; needed unless it is a dry run. Hand each to its person only, then destroy it."`
	File    string `arg:"" type:"existingfile" help:"The community."`
}

// mostMistakes are printed; what is wrong with a thousand lines is wrong with the program that wrote them.
const mostMistakes = 1000

func (c importCommand) Run(ctx context.Context, out io.Writer) error {
	if !c.DryRun && c.Codes == "" {
		return errors.New("forum import: --codes is missing: nobody could take their account without them")
	}
	return withService(ctx, c.Settings, c.Service, func(a *app, system account.Actor) error {
		n, err := c.check(ctx, out, a, system)
		if err != nil {
			return err
		}
		if c.DryRun {
			_, err := fmt.Fprintf(out, "Nothing is wrong: %s\n", spell(n))
			return err
		}
		return c.write(ctx, out, a, system)
	})
}

func (c importCommand) check(ctx context.Context, out io.Writer, a *app, system account.Actor) (forum.Counts, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return forum.Counts{}, err
	}
	defer file.Close() //nolint:errcheck // read only
	n, wrong, err := a.forum.CheckImport(ctx, system, c.Source, file)
	if err != nil {
		return n, err
	}
	for i, m := range wrong {
		if i == mostMistakes {
			break
		}
		if _, err := fmt.Fprintln(out, m); err != nil {
			return n, err
		}
	}
	if len(wrong) > 0 {
		return n, fmt.Errorf("forum import: wrong: %d; nothing was written", len(wrong))
	}
	return n, nil
}

func (c importCommand) write(ctx context.Context, out io.Writer, a *app, system account.Actor) (err error) {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	codes, err := os.OpenFile(c.Codes, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("forum import: the file for the codes: %w", err)
	}
	defer func() { err = errors.Join(err, codes.Close()) }()
	lines := json.NewEncoder(codes)
	n, err := a.forum.Import(ctx, system, c.Source, file, func(alias, code string) error {
		return lines.Encode(map[string]string{"alias": alias, "code": code})
	})
	_, perr := fmt.Fprintf(out, "Written: %s\n", spell(n))
	return errors.Join(err, perr)
}

type convertCommand struct {
	From   string `required:"" enum:"discourse,phpbb" help:"discourse: documents of its API, one after the other. phpbb: its tables as phpMyAdmin exports them to JSON."`
	Prefix string `default:"phpbb_" help:"What the names of phpBB's tables begin with."`
	File   string `arg:"" type:"existingfile" help:"The export."`
}

func (c convertCommand) Run(out io.Writer) error {
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // read only
	var left community.Left
	if w := community.NewWriter(out); c.From == "phpbb" {
		left, err = community.FromPHPBB(file, w, c.Prefix)
	} else {
		left, err = community.FromDiscourse(file, w)
	}
	for _, why := range slices.Sorted(maps.Keys(left)) {
		_, _ = fmt.Fprintf(os.Stderr, "left out: %d %s\n", left[why], why) // there is nowhere else to say it
	}
	return err
}

type exportCommand struct {
	Settings

	Service string `required:"" help:"Host of the service, as its address has it; '*' for the one that answers to every host."`
}

func (c exportCommand) Run(ctx context.Context, out io.Writer) error {
	return withService(ctx, c.Settings, c.Service, func(a *app, system account.Actor) error {
		n, err := a.forum.Export(ctx, system, out)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(os.Stderr, "Exported: %s\n", spell(n))
		return err
	})
}

// withService runs f for a service of an installation, whose tables are brought up to date.
func withService(ctx context.Context, s Settings, host string, f func(a *app, system account.Actor) error) error {
	cfg, err := s.Config()
	if err != nil {
		return err
	}
	st, err := openStores(ctx, cfg, newLog(cfg))
	if err != nil {
		return err
	}
	return errors.Join(forService(ctx, cfg, st, host, f), st.close())
}

func forService(ctx context.Context, cfg Config, st *stores, host string, f func(a *app, system account.Actor) error) error {
	if err := pg.Migrate(ctx, st.url, migrations()...); err != nil {
		return err
	}
	a, err := newApp(cfg, st, newLog(cfg))
	if err != nil {
		return err
	}
	if err := a.moderation.LoadRules(ctx); err != nil {
		return err
	}
	all, err := a.accounts.Services(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Host == host {
			return f(a, account.System(s.ID))
		}
	}
	return fmt.Errorf("there is no service with host %q here", host)
}

func spell(n forum.Counts) string {
	return fmt.Sprintf("%d people, %d categories, %d threads, %d answers", n.People, n.Categories, n.Threads, n.Posts)
}
