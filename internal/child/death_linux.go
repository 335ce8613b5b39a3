package child

import "syscall"

func signalOnParentDeath(attr *syscall.SysProcAttr, death syscall.Signal) {
	attr.Pdeathsig = death
}
