package chat

import (
	"context"
	"time"

	"ponti/account"
	"ponti/internal/pg"
	"ponti/internal/seal"
	"ponti/moderation/triage"
)

// What triage reads together with a new message: the last of what was said, of the person and of who helps them. It keeps the last twenty of the person itself.
const (
	readTogetherFor = 24 * time.Hour
	readTogether    = 80
)

// saidNow is a text of the person as triage reads it.
func saidNow(text string) triage.Turn {
	return triage.Turn{Author: triage.AuthorUser, Text: text, At: time.Now()}
}

// inContext reads a text of the person with what was said before it in the conversation, where that may change what it means: a wish in one message
// and the means in the next, a sentence in pieces, a yes to an ESP's question. It reads what is stored, so it is the same on every instance and
// after every restart; who stores the text has locked the room. Before is the sequence that the text has or will have, about the message it edits.
func (c *Chat) inContext(ctx context.Context, q pg.Querier, r room, key *seal.Key, before, about int64, said triage.Turn, alone triage.Verdict) (triage.Verdict, error) {
	if !alone.Continues {
		return alone, nil
	}
	turns, err := c.conversationBefore(ctx, q, r, key, before, about)
	if err != nil {
		return alone, err
	}
	v := c.moderation.ReadLast(r.service, append(turns, said))
	if v.Level == triage.Unscored && alone.Level > triage.None {
		return alone, nil
	}
	return v, nil
}

// conversationBefore is the conversation before a sequence as triage reads it.
func (c *Chat) conversationBefore(ctx context.Context, q pg.Querier, r room, key *seal.Key, before, about int64) ([]triage.Turn, error) {
	rows, whole, err := selectSaidBefore(ctx, q, r.id, before, about, readTogetherFor, readTogether)
	if err != nil {
		return nil, err
	}
	return c.turns(r, key, rows, whole), nil
}

// turns is what was said in a room as triage reads it, the topic of the waiting room first where these rows are the whole of it. Of an edited message the text that
// holds now; what was removed or hidden was said all the same.
func (c *Chat) turns(r room, key *seal.Key, rows []messageRow, whole bool) []triage.Turn {
	turns := make([]triage.Turn, 0, len(rows)+2)
	if whole && time.Since(r.createdAt) < readTogetherFor {
		if topic, err := key.Open(r.topic, topicAAD(r.id, r.key.id)); err == nil && len(topic) > 0 {
			turns = append(turns, triage.Turn{Author: triage.AuthorUser, Text: string(topic), At: r.createdAt})
		}
	}
	for _, row := range rows {
		text, err := openBody(key, row)
		if err != nil {
			// One that cannot be opened must not keep the others from being read.
			c.log.Error().Err(err).Msg("what was said before could not be read")
			continue
		}
		turns = append(turns, triage.Turn{Author: authorFor(r, row.sender), Text: text, At: row.message.At})
	}
	return turns
}

func authorFor(r room, sender account.ID) triage.Author {
	if sender == r.person {
		return triage.AuthorUser
	}
	return triage.AuthorESP
}
