package forum

import (
	"context"
	"fmt"
	"strconv"

	"ponti/forum"
	"ponti/web/page/parts"
)

// weekdays are the texts of the days, as time.Weekday counts them.
var weekdays = [...]string{"time.sunday", "time.monday", "time.tuesday", "time.wednesday", "time.thursday", "time.friday", "time.saturday"}

// everyChoices are how often somebody may be told.
func everyChoices(ctx context.Context) (list []parts.Choice) {
	for _, e := range []forum.Every{forum.EveryNever, forum.EveryDay, forum.EveryWeek} {
		list = append(list, parts.Choice{Value: string(e), Label: parts.T(ctx, "digest.every_"+string(e))})
	}
	return list
}

// weekdayChoices begin the week on Monday.
func weekdayChoices(ctx context.Context) (list []parts.Choice) {
	for i := range weekdays {
		day := (i + 1) % len(weekdays)
		list = append(list, parts.Choice{Value: strconv.Itoa(day), Label: parts.T(ctx, weekdays[day])})
	}
	return list
}

func hourChoices() (list []parts.Choice) {
	for h := range 24 {
		list = append(list, parts.Choice{Value: strconv.Itoa(h), Label: fmt.Sprintf("%02d:00", h)})
	}
	return list
}

// chosen is what was sent for a field, or what is stored.
func chosen(f parts.Form, field, stored string) string {
	if f.Values.Has(field) {
		return f.Value(field)
	}
	return stored
}

// timeOfDay is a minute of the day as a field for times has it; empty for the start of no quiet hours.
func timeOfDay(q forum.Quiet, minute int) string {
	if q.From == q.To {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", minute/60, minute%60)
}

// missing says what is still to be chosen before anybody is told anything; empty when nothing is.
func missing(d forum.Digests) string {
	told := false
	for _, w := range d.Ways {
		told = told || w.Confirmed
	}
	switch {
	case told && d.Every == forum.EveryNever:
		return "digest.no_when"
	case !told && d.Every != forum.EveryNever:
		return "digest.no_where"
	}
	return ""
}
