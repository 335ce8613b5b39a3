package chat

import (
	"ponti/chat"
	"ponti/forum"
)

// GivenPage is a page of information that somebody was given, with what it is called now. Without a title it is no longer there.
type GivenPage struct {
	chat.Given
	Title string
}

func (g GivenPage) url() string { return "/information/" + g.Page }

// GivenPages finds the titles of what was given.
func GivenPages(given []chat.Given, pages []forum.Page) []GivenPage {
	titles := make(map[string]string, len(pages))
	for _, p := range pages {
		titles[p.Slug] = p.Title
	}
	list := make([]GivenPage, len(given))
	for i, g := range given {
		list[i] = GivenPage{g, titles[g.Page]}
	}
	return list
}

// toGive are the pages that can still be given.
func (p RoomPage) toGive() []forum.Page {
	was := map[string]bool{}
	for _, g := range p.Given {
		was[g.Page] = true
	}
	var list []forum.Page
	for _, page := range p.Pages {
		if !was[page.Slug] {
			list = append(list, page)
		}
	}
	return list
}
