package forum

import (
	"fmt"

	"ponti/account"
	"ponti/moderation"
	"ponti/moderation/triage"
)

// raiseOf is what a version of a post raises that is read like this.
func raiseOf(author account.Actor, id PostID, version int, v triage.Verdict) moderation.Raise {
	return moderation.Raise{
		Service: author.Service, Subject: subject(id), Cause: moderation.Cause{Kind: moderation.CausePost, Ref: fmt.Sprintf("%s/%d", id, version)},
		Level: v.Level, Category: v.Category, Rules: v.Rules(), Person: author.ID,
	}
}

// consider has a stored text read a second time, where a service has somebody for that.
func (f *Forum) consider(author account.Actor, id PostID, version int, p prepared, level triage.Level) {
	f.moderation.Consider(raiseOf(author, id, version, triage.Verdict{Level: level}), p.Title+"\n\n"+p.Plain)
}
