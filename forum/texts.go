package forum

import (
	"context"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/moderation"
)

// Texts gives what people wrote, for rules of triage to be tried on.
func (f *Forum) Texts() moderation.Texts { return texts{f} }

type texts struct{ f *Forum }

const textsAtOnce = 500

// EachText goes through the posts that stand, from the newest to the oldest, each as it was typed with the title of the thread it opens.
func (t texts) EachText(ctx context.Context, service account.ServiceID, most int, give func(moderation.Subject, string)) (whole bool, err error) {
	var last keptText
	for {
		list, err := selectTexts(ctx, t.f.pool, service, last, textsAtOnce)
		if err != nil || len(list) == 0 {
			return err == nil, pg.Classify(err)
		}
		for _, k := range list {
			if most == 0 {
				return false, nil
			}
			most--
			give(moderation.Subject{Kind: moderation.SubjectPost, ID: k.id.String()}, k.title+"\n\n"+k.source)
		}
		last = list[len(list)-1]
	}
}
