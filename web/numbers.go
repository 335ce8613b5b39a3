package web

import (
	"strings"

	"ponti/account"
	"ponti/internal/i18n"
	"ponti/web/page/parts"
)

// numbersOf are the emergency numbers of a service in the language of the page; Italy's while the service is not known,
// as when the database is down.
func numbersOf(service account.Service, l *i18n.Localizer) []parts.Number {
	known := service.Numbers
	if len(known) == 0 {
		known = account.DefaultNumbers()
	}
	// The defaults hold keys of texts; what an administrator wrote is said as it stands.
	say := func(text string) string {
		if strings.HasPrefix(text, "numbers.") {
			return l.T(text)
		}
		return text
	}
	numbers := make([]parts.Number, len(known))
	for i, n := range known {
		note := say(n.Note)
		if note == "" && n.Always {
			note = l.T("numbers.always")
		}
		numbers[i] = parts.Number{Number: n.Number, Name: say(n.Name), Note: note}
	}
	return numbers
}
