package web

import (
	"strings"

	"ponti/account"
	"ponti/internal/i18n"
	"ponti/web/page/parts"
)

// numbersOf are the numbers of a service, in the language of the page. While the service is not known, as when the
// database is down, they are those that answer in Italy.
func numbersOf(service account.Service, l *i18n.Localizer) []parts.Number {
	list := service.Numbers
	if len(list) == 0 {
		list = account.DefaultNumbers()
	}
	// The defaults hold keys of texts; what an administrator wrote is said as it stands.
	say := func(text string) string {
		if strings.HasPrefix(text, "numbers.") {
			return l.T(text)
		}
		return text
	}
	numbers := make([]parts.Number, len(list))
	for i, n := range list {
		numbers[i] = parts.Number{Number: n.Number, Name: say(n.Name), Note: say(n.Note)}
	}
	return numbers
}
