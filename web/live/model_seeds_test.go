//go:build !race

package live_test

// seeds is how many the model lives through in every run of the tests.
const seeds = 2000
