package web

import (
	"testing"

	"ponti/account"
	"ponti/internal/audit"
	"ponti/internal/pgtest"
	"ponti/roster"
)

func TestMain(m *testing.M) {
	pgtest.Main(m, audit.Migrations(), account.Migrations(), roster.Migrations())
}
