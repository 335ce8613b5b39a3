package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// crowd is what ponti crowd prints.
type crowd struct {
	Cookie string `json:"cookie"`
	Rooms  []struct {
		Room   string `json:"room"`
		Person string `json:"person"`
		ESP    string `json:"esp"`
	} `json:"rooms"`
}

// seat is one side of a conversation: whoever sits there hears a room with a session of their own.
type seat struct {
	room    int // index of the conversation
	side    int // 0 or 1
	roomID  string
	cookies string
}

func readCrowd(file string) ([][2]seat, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var c crowd
	if err := json.Unmarshal(raw, &c); err != nil || len(c.Rooms) == 0 {
		return nil, fmt.Errorf("%s is not what ponti crowd prints", file)
	}
	list := make([][2]seat, len(c.Rooms))
	for i, r := range c.Rooms {
		for side, token := range []string{r.Person, r.ESP} {
			list[i][side] = seat{i, side, r.Room, c.Cookie + "=" + token}
		}
	}
	return list, nil
}
