package web

// navigation is the sections of the site, in the order they are shown; each role sees those it may enter. A test
// holds each address to the route table.
var navigation = []struct {
	url, key string
	guard    guard
}{
	{"/how-it-works", "nav.how", everybody},
}
