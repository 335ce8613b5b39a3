//go:build race

package live_test

// seeds is how many the model lives through: fewer under the race detector, which makes each ten times as slow.
const seeds = 200
