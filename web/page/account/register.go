package account

import (
	"context"
	"strconv"

	"ponti/account"
	"ponti/web/page/parts"
)

// who acted, as well as it can still be said.
func who(ctx context.Context, l account.RegisterLine) string {
	role := parts.T(ctx, "account.register_ponti")
	if account.Role(l.Role) != account.RoleSystem {
		role = parts.T(ctx, "account.role_"+l.Role)
	}
	if l.Alias == "" {
		return role
	}
	return l.Alias + " · " + role
}

func newestRegister(older bool) string {
	if !older {
		return ""
	}
	return "/register"
}

func olderRegister(p account.RegisterPage) string {
	if p.Older == 0 {
		return ""
	}
	return "/register?before=" + strconv.FormatInt(p.Older, 10)
}
