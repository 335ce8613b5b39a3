package web

import (
	"testing"

	"ponti/account"
	"ponti/chat"
	"ponti/forum"
	"ponti/internal/audit"
	"ponti/internal/pgtest"
	"ponti/moderation"
	"ponti/roster"
)

func TestMain(m *testing.M) {
	pgtest.Main(m, audit.Migrations(), account.Migrations(), roster.Migrations(), moderation.Migrations(), chat.Migrations(), forum.Migrations())
}
