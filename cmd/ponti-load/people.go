package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
)

// crowd is what ponti crowd prints.
type crowd struct {
	Cookie string `json:"cookie"`
	Tutor  string `json:"tutor"`
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
	from    net.Addr // nil: whatever the system chooses
}

func readCrowd(file string) ([][2]seat, error) {
	c, err := openCrowd(file)
	return c.seats(), err
}

func openCrowd(file string) (c crowd, err error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return crowd{}, err
	}
	if err := json.Unmarshal(raw, &c); err != nil || len(c.Rooms) == 0 {
		return crowd{}, fmt.Errorf("%s is not what ponti crowd prints", file)
	}
	return c, nil
}

func (c crowd) seats() [][2]seat {
	list := make([][2]seat, len(c.Rooms))
	for i, r := range c.Rooms {
		for side, token := range []string{r.Person, r.ESP} {
			list[i][side] = seat{room: i, side: side, roomID: r.Room, cookies: c.Cookie + "=" + token}
		}
	}
	return list
}
