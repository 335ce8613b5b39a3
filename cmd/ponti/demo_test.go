package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDemoContent holds demo.json together: who is named exists, and every role can be tried.
func TestDemoContent(t *testing.T) {
	var d demo
	require.NoError(t, json.Unmarshal(demoJSON, &d))
	require.Len(t, d.Services, 2, "two services that cannot see each other")
	nameless := 0
	for _, s := range d.Services {
		roles, people, categories := map[string]bool{}, map[string]bool{}, map[string]bool{}
		open := map[string]bool{} // without a name
		for _, p := range s.People {
			assert.False(t, people[p.Alias], "%s twice", p.Alias)
			people[p.Alias], roles[string(p.Role)] = true, true
			if p.Tutor != "" {
				assert.True(t, people[p.Tutor], "%s is invited before those they stand behind", p.Tutor)
			}
		}
		for _, role := range []string{"admin", "tutor", "esp", "member"} {
			assert.True(t, roles[role], "%s has no %s", s.Name, role)
		}
		for _, sh := range s.Shifts {
			assert.True(t, people[sh.Alias], "a shift of %s", sh.Alias)
		}
		for _, c := range s.Categories {
			categories[c.Slug], open[c.Slug] = true, c.Nameless
			for _, m := range c.Moderators {
				assert.True(t, people[m], "moderator %s", m)
			}
		}
		for _, th := range s.Threads {
			assert.True(t, categories[th.Category], "category %s", th.Category)
			for _, p := range append([]demoPost{th.demoPost}, th.Replies...) {
				assert.True(t, people[p.Author], "author %s", p.Author)
				if p.Nameless {
					nameless++
					assert.True(t, open[th.Category], "without a name in %s", th.Category)
				}
			}
		}
	}
	assert.Positive(t, nameless, "writing without a name can be tried")
}

func TestClockOn(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	require.NoError(t, err)
	saturday := time.Date(2026, 10, 24, 20, 0, 0, 0, rome) // the clocks go back in the night
	got, err := clockOn(saturday, 1, "14:30")
	require.NoError(t, err)
	assert.Equal(t, "2026-10-25T14:30:00+01:00", got.Format(time.RFC3339), "half past two on the wall, winter time")
	_, err = clockOn(saturday, 1, "25:00")
	assert.Error(t, err)
}
