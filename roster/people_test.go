package roster_test

import (
	"strings"

	"ponti/account"
	"ponti/internal/ids"
)

func (w *world) newService(host string) account.ServiceID {
	w.t.Helper()
	id := ids.New[account.Service]()
	w.exec(`insert into account_services (id, name, host, locale, time_zone, numbers) values ($1, 'Prova', $2, 'it', 'Europe/Rome', '[{}]')`, id, host)
	return id
}

func (w *world) newActor(role account.Role, alias string) account.Actor {
	w.t.Helper()
	return w.newActorOf(w.service, role, alias)
}

func (w *world) newActorOf(service account.ServiceID, role account.Role, alias string) account.Actor {
	w.t.Helper()
	a := account.Actor{Service: service, ID: ids.New[account.Account](), Role: role, Alias: alias, Locale: "it"}
	var password *string
	if role != account.RoleGuest {
		password = new(string)
	}
	w.exec(`insert into account_accounts (id, service_id, role, alias, alias_key, password_hash, locale) values ($1, $2, $3, $4, $5, $6, 'it')`,
		a.ID, service, string(role), alias, strings.ToLower(alias), password)
	return a
}

func (w *world) assign(esp, tutor account.Actor) {
	w.t.Helper()
	w.exec(`insert into account_tutors (service_id, esp_id, esp_role, tutor_id, assigned_by) values ($1, $2, $3, $4, $4)`, esp.Service, esp.ID, string(esp.Role), tutor.ID)
}
