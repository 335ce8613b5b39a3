// Package wire is what travels over the socket at /live: frames, close codes and limits, and the strict reading of what
// clients send. It imports nothing of ours. docs/protocol.md explains it to those who write a client.
//
// Every frame is one JSON object with its type in "t". The server refuses what it does not know; a client ignores it. No
// frame has a field for a real name, a mail address or an account: who writes in a room is a number in that room.
package wire

import "time"

// Limits, in bytes and characters.
const (
	MaxFrame = 64 << 10 // longest frame a client may send
	MaxText  = 4000     // runes of a message
	MinCID   = 22
	MaxCID   = 36
)

// Close codes.
const (
	CloseTooBig       = 1009 // a frame over MaxFrame
	CloseInternal     = 1011 // our fault
	CloseRestart      = 1012 // this instance ends; another takes over
	CloseLater        = 4001 // too much at the moment
	CloseBadFrame     = 4002 // the client sent what is not in the protocol
	CloseNotYours     = 4003 // this account may have no socket
	CloseSlow         = 4008 // more waited for this client than is kept
	CloseSessionEnded = 4010 // the session has ended
)

// ComeBack says whether a client should connect again by itself after a close code. A code that is not ours, and a line that
// ends without one, mean yes, with the usual delay.
func ComeBack(code int) bool {
	switch code {
	case CloseTooBig, CloseBadFrame, CloseNotYours, CloseSessionEnded:
		return false
	}
	return true
}

// View is a page, or a part of one, that a socket may ask to be told about.
type View string

// The views. Which of them an account may watch is the matrix's to say.
const (
	Waiting View = "waiting" // the person's own place
	Desk    View = "desk"    // an ESP's offer and conversations
	Console View = "console" // escalations
	Notices View = "notices" // what the account is to be told
	Thread  View = "thread"  // the thread that the socket follows: told of, not watched
)

// Client is a frame from a client: *Join, *Leave, *Send, *Typing, *Read, *Watch, *Follow or *Beat.
type Client interface{ client() }

// Join asks to hear a room from after a sequence on. Epoch is the one that sequence belongs to; empty if After is 0.
type Join struct {
	Room  string
	After int64
	Epoch string
}

// Leave stops hearing a room on this socket. It is not leaving the conversation.
type Leave struct{ Room string }

// Send is a message. The same CID again gives the same answer and stores nothing more.
type Send struct{ Room, CID, Text string }

// Typing says that somebody is writing, every few seconds while they are. Nothing is kept of it.
type Typing struct{ Room string }

// Read says that all up to a sequence was before somebody's eyes.
type Read struct {
	Room string
	Seq  int64
}

// Watch asks to be told when a view changed.
type Watch struct{ View View }

// Follow asks to be told when a thread of the forum is not what the page shows: the posts after From. Known is the mark that came with that page. A
// socket follows one thread; another takes its place.
type Follow struct {
	Thread string
	From   int64
	Known  string
}

// Beat asks for a Heads frame now: a client that was asleep tries its line with it.
type Beat struct{}

func (*Join) client()   {}
func (*Leave) client()  {}
func (*Send) client()   {}
func (*Typing) client() {}
func (*Read) client()   {}
func (*Watch) client()  {}
func (*Follow) client() {}
func (*Beat) client()   {}

// Server is a frame to a client.
type Server interface{ Type() string }

// Welcome is the first frame. Heads frames follow every Beat seconds; a client that misses two has lost the line.
type Welcome struct {
	Epoch string  `json:"epoch"`
	Beat  float64 `json:"beat"`
}

// Message is one message of a room. From is the writer's number in the room, 0 for Ponti itself.
type Message struct {
	Room string    `json:"room"`
	Seq  int64     `json:"seq"`
	From int16     `json:"from"`
	CID  string    `json:"cid,omitempty"`
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Text string    `json:"text"`
	// Hidden: its text was taken away, and why stands on the page.
	Hidden bool `json:"hidden,omitempty"`
	// About is the message of the same writer that an edited or removed one is about.
	About int64 `json:"about,omitempty"`
	// Edited: the text is not what was said first. Withdrawn: there is none, its writer took it away or another edit stands for it.
	Edited    bool `json:"edited,omitempty"`
	Withdrawn bool `json:"withdrawn,omitempty"`
}

// CaughtUp ends the past: all up to Head was sent, what follows is live. Me is the reader's own number.
type CaughtUp struct {
	Room  string `json:"room"`
	Head  int64  `json:"head"`
	Epoch string `json:"epoch"`
	Me    int16  `json:"me"`
}

// Resync says that the client's sequence does not belong to this history: forget the room and join it from 0.
type Resync struct {
	Room string `json:"room"`
}

// Ack says that a sent message is stored, under which number.
type Ack struct {
	Room string    `json:"room"`
	CID  string    `json:"cid"`
	Seq  int64     `json:"seq"`
	At   time.Time `json:"at"`
}

// Refused answers a frame that was understood and not carried out; nothing was stored. Later means that the same frame may succeed.
type Refused struct {
	Room  string `json:"room,omitempty"`
	CID   string `json:"cid,omitempty"`
	Key   string `json:"key"`
	Text  string `json:"text"`
	Later bool   `json:"later,omitempty"`
}

// Participant is one of a room, as all in it may see them.
type Participant struct {
	N     int16  `json:"n"`
	Alias string `json:"alias"`
	Role  string `json:"role"`
	Here  bool   `json:"here"`
	Left  bool   `json:"left,omitempty"`
	Read  int64  `json:"read,omitempty"` // the sequence up to which they have had it before their eyes
}

// People is who takes part in a room, and who is there now.
type People struct {
	Room   string        `json:"room"`
	People []Participant `json:"people"`
}

// Writes says that somebody is writing just now. It is over with their next message, or after six seconds without another.
type Writes struct {
	Room string `json:"room"`
	From int16  `json:"from"`
}

// State is how a room stands. Care is what the person may know of the help that is being called; Numbers says to show the
// emergency numbers; Level goes to staff only. Ends is when it ends by itself, in Unix seconds, and More who would like more time: "asked" is the
// reader, "wanted" the other side, "held" says that no clock ends it now.
type State struct {
	Room    string `json:"room"`
	State   string `json:"state"`
	Care    string `json:"care,omitempty"`
	Numbers bool   `json:"numbers,omitempty"`
	Level   string `json:"level,omitempty"`
	Ends    int64  `json:"ends,omitempty"`
	More    string `json:"more,omitempty"`
	// Card says that the person wants what the ESP before left to be read; for staff.
	Card bool `json:"card,omitempty"`
	// Whispers changes with what the ESP and the tutors say beside the room; an ESP's alone.
	Whispers int `json:"whispers,omitempty"`
	// Given changes with what the person was given to read; theirs alone.
	Given int `json:"given,omitempty"`
}

// Heads is the pulse of the line, with the last sequence of each joined room.
type Heads struct {
	Rooms map[string]int64 `json:"rooms"`
}

// Place is a waiting person's own place.
type Place struct {
	State    string `json:"state"`
	Position int    `json:"position,omitempty"`
	Room     string `json:"room,omitempty"`
}

// Offer is the proposal that waits for an ESP's answer.
type Offer struct {
	ID        string    `json:"id"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Changed says that a view is not what it was: fetch it again. Waiting and Desk carry what a client needs at once.
type Changed struct {
	View  View   `json:"view"`
	Place *Place `json:"place,omitempty"`
	Offer *Offer `json:"offer,omitempty"`
}

// Bye comes before a close where the line allows it. RetryAfter is in seconds.
type Bye struct {
	Reason     string  `json:"reason"`
	RetryAfter float64 `json:"retry_after,omitempty"`
}

// Type implements Server.
func (Welcome) Type() string { return "welcome" }

// Type implements Server.
func (Message) Type() string { return "message" }

// Type implements Server.
func (CaughtUp) Type() string { return "caught_up" }

// Type implements Server.
func (Resync) Type() string { return "resync" }

// Type implements Server.
func (Ack) Type() string { return "ack" }

// Type implements Server.
func (Refused) Type() string { return "refused" }

// Type implements Server.
func (People) Type() string { return "people" }

// Type implements Server.
func (Writes) Type() string { return "writes" }

// Type implements Server.
func (State) Type() string { return "state" }

// Type implements Server.
func (Heads) Type() string { return "heads" }

// Type implements Server.
func (Changed) Type() string { return "changed" }

// Type implements Server.
func (Bye) Type() string { return "bye" }
