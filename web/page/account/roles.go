// Package account holds the pages of people: entering, signing up and in, one's own access, the staff, the service's settings.
package account

import (
	"context"

	"ponti/account"
	"ponti/web/page/parts"
)

// roles are those an administrator may invite to, with what each does.
func roles(ctx context.Context) []parts.Choice {
	var list []parts.Choice
	for _, r := range []account.Role{account.RoleESP, account.RoleSenior, account.RoleTutor, account.RoleAdmin, account.RoleAuditor} {
		list = append(list, parts.Choice{
			Value: string(r), Label: parts.T(ctx, "account.role_"+string(r)), Hint: parts.T(ctx, "account.does_"+string(r)),
		})
	}
	return list
}
