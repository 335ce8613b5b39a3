package web

import "ponti/account"

// navigation is the sections of the site, in the order they are shown; each role sees those it may enter. A test
// holds each address to the route table.
var navigation = []struct {
	url, key string
	guard    guard
}{
	{"/waiting", "nav.waiting", persons},
	{"/desk", "nav.desk", peers},
	{"/rooms", "nav.rooms", persons},
	{"/forum", "nav.forum", readers},
	{"/console", "nav.console", onShift},
	{"/moderation", "nav.moderation", may(account.RoleESP, account.RoleSenior, account.RoleTutor, account.RoleAdmin)},
	{"/notices", "nav.notices", may(account.RoleMember, account.RoleFamily)},
	{"/shifts", "nav.shifts", may(account.RoleESP, account.RoleSenior, account.RoleTutor, account.RoleAdmin)},
	{"/people", "nav.people", may(account.RoleTutor, account.RoleAdmin)},
	{"/categories", "nav.categories", may(account.RoleAdmin)},
	{"/service", "nav.service", may(account.RoleAdmin, account.RoleAuditor)},
	{"/prepared", "nav.prepared", may(account.RoleAdmin)},
	{"/pages", "nav.pages", may(account.RoleAdmin)},
	{"/rules", "nav.rules", may(account.RoleTutor, account.RoleAuditor)},
	{"/policy", "nav.policy", may(account.RoleTutor, account.RoleAuditor)},
	{"/statistics", "nav.statistics", may(account.RoleTutor, account.RoleAdmin, account.RoleAuditor)},
	{"/register", "nav.register", may(account.RoleAuditor)},
	{"/proof", "nav.proof", may(account.RoleAdmin, account.RoleAuditor)},
	{"/how-it-works", "nav.how", may(account.RoleVisitor, account.RoleGuest, account.RoleMember, account.RoleFamily)},
	{"/information", "nav.information", may(account.RoleVisitor, account.RoleGuest)},
	{"/sign-in", "nav.sign_in", may(account.RoleVisitor)},
	{"/access", "nav.access", inside},
}
