package forum

import (
	"testing"
	"time"

	"ponti/account"
)

func BenchmarkThreadPage(b *testing.B) {
	w := newTown(b)
	w.fill(2000)
	thread := w.plant(w.members, "Una lunga", time.Now().Add(-48*time.Hour), 400)
	reader := w.as(account.RoleMember)
	for b.Loop() {
		if _, err := w.Posts(b.Context(), reader, thread, 200, PostsPerPage); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkThreadList(b *testing.B) {
	w := newTown(b)
	w.fill(2000)
	reader := w.as(account.RoleMember)
	for b.Loop() {
		if _, err := w.Threads(b.Context(), reader, "members", Cursor{}, ThreadsPerPage); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWritePost: eight at once into as many threads of one category.
func BenchmarkWritePost(b *testing.B) {
	w := newTown(b)
	author := w.as(account.RoleMember)
	threads := make(chan ThreadID, 64)
	for range cap(threads) {
		threads <- w.open(author, "members", "Un titolo", calm).Thread
	}
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		thread := <-threads
		defer func() { threads <- thread }()
		for p.Next() {
			if _, err := w.WritePost(b.Context(), author, NewPost{Thread: thread, Text: calm, CID: newCID()}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
