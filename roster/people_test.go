package roster_test

import (
	"ponti/account"
	"ponti/account/accounttest"
)

func (w *world) newService(host string) account.ServiceID {
	w.t.Helper()
	return accounttest.NewService(w.t, w.pool, host)
}

func (w *world) newActor(role account.Role, alias string) account.Actor {
	w.t.Helper()
	return w.newActorOf(w.service, role, alias)
}

func (w *world) newActorOf(service account.ServiceID, role account.Role, alias string) account.Actor {
	w.t.Helper()
	return accounttest.NewActor(w.t, w.pool, service, role, alias)
}

func (w *world) assign(esp, tutor account.Actor) {
	w.t.Helper()
	accounttest.AssignTutor(w.t, w.pool, esp, tutor)
}
