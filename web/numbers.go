package web

import (
	"ponti/account"
	"ponti/internal/i18n"
	"ponti/web/page/parts"
)

// defaultNumbers answer in Italy. They are shown while a service's own numbers are not known, as when
// the database is down; they hold keys of texts, since they are said in the person's language.
var defaultNumbers = []parts.Number{
	{Number: "112", Name: "numbers.n112", Note: "numbers.n112_note"},
	{Number: "1522", Name: "numbers.n1522", Note: "numbers.n1522_note"},
	{Number: "19696", Name: "numbers.n19696", Note: "numbers.n19696_note"},
	{Number: "114", Name: "numbers.n114", Note: "numbers.n114_note"},
	{Number: "02 2327 2327", Name: "numbers.n0223272327", Note: "numbers.n0223272327_note"},
}

// numbersOf are the numbers of a service, in the language of the page.
func numbersOf(_ account.Service, l *i18n.Localizer) []parts.Number {
	numbers := make([]parts.Number, len(defaultNumbers))
	for i, n := range defaultNumbers {
		numbers[i] = parts.Number{Number: n.Number, Name: l.T(n.Name), Note: l.T(n.Note)}
	}
	return numbers
}
