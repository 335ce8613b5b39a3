package wire

import "encoding/json"

// Encode makes the bytes of a frame, to be sent to any number of sockets. What stands in texts is escaped so that a frame
// is safe inside a page as well.
func Encode(f Server) []byte {
	body, err := json.Marshal(f)
	if err != nil {
		panic(err) // frames hold only text, numbers and instants
	}
	head := `{"t":"` + f.Type() + `"`
	if len(body) > 2 {
		head += ","
	}
	return append([]byte(head), body[1:]...)
}
