package account

// Forget makes the next question about services go to the database.
func Forget(a *Accounts) { a.services.forget() }
