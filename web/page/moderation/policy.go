package moderation

import (
	"context"
	"strconv"
	"time"

	"ponti/moderation"
	"ponti/web/page/parts"
)

// PolicyView is the page of the ladder's times.
type PolicyView struct {
	moderation.Policies
	MaySet bool
	Form   parts.Form
}

type policyField struct {
	name, seconds string
	number        int
}

// policyFields are the times of a ladder in the order of a form, in seconds.
func policyFields(l moderation.Ladder) []policyField {
	list := make([]policyField, 0, 5)
	for _, t := range []struct {
		name string
		time time.Duration
	}{
		{"crisis_within", l.Crisis.Within}, {"crisis_idle", l.Crisis.Idle}, {"red_within", l.Red.Within}, {"red_idle", l.Red.Idle}, {"amber_within", l.Amber.Within},
	} {
		n := int(t.time / time.Second)
		list = append(list, policyField{t.name, strconv.Itoa(n), n})
	}
	return list
}

func policyHint(ctx context.Context, name string) string {
	least, most := moderation.PolicyBounds(name)
	return parts.T(ctx, "moderation.policy_bounds", "Min", int(least.Seconds()), "Max", int(most.Seconds()))
}

func policyURL(p moderation.Policy, act string) string {
	return "/policy/" + strconv.Itoa(p.Version) + "/" + act
}
