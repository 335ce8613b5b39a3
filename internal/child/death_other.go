//go:build !linux

package child

import "syscall"

func signalOnParentDeath(*syscall.SysProcAttr, syscall.Signal) {}
