package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gorilla/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

// bareCommand is the bare server: no login, rights, sealing or JSON; only sockets, batched commits with a sequence per room, and one
// Redis hop. It keeps none of Ponti's promises beyond those, and is no example of how to write one.
type bareCommand struct {
	Database string `required:"" env:"DATABASE_URL"`
	Redis    string `required:"" env:"REDIS_URL"`
}

func (b bareCommand) Run(ctx context.Context) error {
	pool, err := pgxpool.New(ctx, b.Database)
	if err != nil {
		return err
	}
	defer pool.Close()
	options, err := redis.ParseURL(b.Redis)
	if err != nil {
		return err
	}
	s := &bare{pool: pool, redis: redis.NewClient(options), rooms: map[uuid.UUID]*bareRoom{}}
	s.pubsub = s.redis.Subscribe(ctx)
	for i := range s.writers {
		s.writers[i].wake = make(chan struct{}, 1)
		go s.write(ctx, &s.writers[i])
	}
	go s.hear(ctx)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{Handler: http.HandlerFunc(s.accept), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return server.Serve(listener)
}

type bare struct {
	pool    *pgxpool.Pool
	redis   *redis.Client
	pubsub  *redis.PubSub
	writers [2]bareWriter

	mu    sync.RWMutex
	rooms map[uuid.UUID]*bareRoom // guarded by mu
}

type bareRoom struct {
	mu      sync.Mutex
	lines   map[*bareLine]bool
	next    int64            // sequence that is delivered next; 0 while nobody has joined
	waiting map[int64][]byte // came before what is before them
}

// bareLine writes what waits for it in one go; the goroutine that does lives while something waits.
type bareLine struct {
	ws      *websocket.Conn
	conn    net.Conn
	mu      sync.Mutex
	queue   []byte
	writing bool
}

type bareMessage struct {
	room uuid.UUID
	cid  string
	body []byte
	from *bareLine
}

type bareWriter struct {
	mu    sync.Mutex
	queue []bareMessage
	wake  chan struct{}
}

var bareUpgrader = websocket.Upgrader{ReadBufferSize: 512, WriteBufferSize: 512, WriteBufferPool: &sync.Pool{}, CheckOrigin: func(*http.Request) bool { return true }}

func (s *bare) accept(w http.ResponseWriter, r *http.Request) {
	ws, err := bareUpgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	l := &bareLine{ws: ws, conn: ws.NetConn()}
	go s.serve(l) // in a goroutine of its own, so that the request's large stack is given back
}

func (s *bare) serve(l *bareLine) {
	defer l.ws.Close() //nolint:errcheck // it is over
	var in *bareRoom
	defer func() {
		if in != nil {
			in.mu.Lock()
			delete(in.lines, l)
			in.mu.Unlock()
		}
	}()
	for {
		_, data, err := l.ws.ReadMessage()
		if err != nil {
			return
		}
		id, err := uuid.ParseBytes(field(data, `"room":"`))
		if err != nil {
			return
		}
		if string(field(data, `"t":"`)) == "join" {
			if in, err = s.join(l, id, number(data, `"after":`)); err != nil {
				return
			}
			continue
		}
		m := bareMessage{id, string(field(data, `"cid":"`)), append([]byte(nil), field(data, `"text":"`)...), l}
		writer := &s.writers[int(id[15])%len(s.writers)]
		writer.mu.Lock()
		writer.queue = append(writer.queue, m)
		writer.mu.Unlock()
		select {
		case writer.wake <- struct{}{}:
		default:
		}
	}
}

func (s *bare) room(ctx context.Context, id uuid.UUID) (*bareRoom, error) {
	s.mu.Lock()
	r := s.rooms[id]
	if r == nil {
		r = &bareRoom{lines: map[*bareLine]bool{}, waiting: map[int64][]byte{}}
		s.rooms[id] = r
	}
	s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == 0 {
		if err := s.pubsub.Subscribe(ctx, "bare:"+id.String()); err != nil {
			return nil, err
		}
		if err := s.pool.QueryRow(ctx, `select last_seq + 1 from ponti_load.rooms where id = $1`, id).Scan(&r.next); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (s *bare) join(l *bareLine, id uuid.UUID, after int64) (*bareRoom, error) {
	ctx := context.Background()
	r, err := s.room(ctx, id)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	head := r.next - 1
	if after < head {
		rows, err := s.pool.Query(ctx, `select seq, cid, body from ponti_load.messages where room = $1 and seq > $2 and seq <= $3 order by seq`, id, after, head)
		if err != nil {
			return nil, err
		}
		var seq int64
		var cid string
		var body []byte
		if _, err := pgx.ForEachRow(rows, []any{&seq, &cid, &body}, func() error {
			l.put(messageBytes(id, seq, cid, body))
			return nil
		}); err != nil {
			return nil, err
		}
	}
	l.put(frameBytes(fmt.Sprintf(`{"t":"caught_up","room":"%s","head":%d,"epoch":"bare","me":1}`, id, head)))
	r.lines[l] = true
	return r, nil
}

// write commits what has gathered, in one statement, then acknowledges and publishes it.
func (s *bare) write(ctx context.Context, w *bareWriter) {
	for {
		w.mu.Lock()
		batch := w.queue[:min(len(w.queue), 500)]
		w.queue = w.queue[len(batch):]
		w.mu.Unlock()
		if len(batch) == 0 {
			select {
			case <-w.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		if err := s.commit(ctx, batch); err != nil && ctx.Err() == nil {
			fmt.Println("bare server:", err)
			return
		}
	}
}

func (s *bare) commit(ctx context.Context, batch []bareMessage) error {
	rooms, cids, bodies := make([]uuid.UUID, len(batch)), make([]string, len(batch)), make([][]byte, len(batch))
	for i, m := range batch {
		rooms[i], cids[i], bodies[i] = m.room, m.cid, m.body
	}
	rows, err := s.pool.Query(ctx, `with new as (select * from unnest($1::uuid[], $2::text[], $3::bytea[]) with ordinality as n (room, cid, body, at)),
		held as materialized (select id from ponti_load.rooms where id = any($1) order by id for update),
		bumped as (update ponti_load.rooms r set last_seq = last_seq + c.n from held h join (select room, count(*) as n from new group by room) c on c.room = h.id
			where r.id = h.id returning r.id, r.last_seq - c.n as base),
		stored as (insert into ponti_load.messages (room, seq, cid, body)
			select n.room, b.base + row_number() over (partition by n.room order by n.at), n.cid, n.body from new n join bumped b on b.id = n.room returning room, seq, cid)
		select room, seq, cid from stored`, rooms, cids, bodies)
	if err != nil {
		return err
	}
	bySent := make(map[string]int, len(batch))
	for i, m := range batch {
		bySent[m.cid] = i
	}
	pipe := s.redis.Pipeline()
	var acks []func()
	var room uuid.UUID
	var seq int64
	var cid string
	if _, err := pgx.ForEachRow(rows, []any{&room, &seq, &cid}, func() error {
		m := batch[bySent[cid]]
		ack := frameBytes(`{"t":"ack","room":"` + room.String() + `","cid":"` + cid + `","seq":` + strconv.FormatInt(seq, 10) + `}`)
		acks = append(acks, func() { m.from.put(ack) })
		pipe.Publish(ctx, "bare:"+room.String(), strconv.FormatInt(seq, 10)+" "+cid+" "+string(m.body))
		return nil
	}); err != nil {
		return err
	}
	for _, ack := range acks {
		ack()
	}
	go func() { _, _ = pipe.Exec(ctx) }() // never waited for
	return nil
}

// hear delivers what any server committed, in the order of its room.
func (s *bare) hear(ctx context.Context) {
	for {
		m, err := s.pubsub.ReceiveMessage(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			continue
		}
		id, err := uuid.Parse(strings.TrimPrefix(m.Channel, "bare:"))
		if err != nil {
			continue
		}
		first, rest, _ := strings.Cut(m.Payload, " ")
		cid, body, _ := strings.Cut(rest, " ")
		seq, err := strconv.ParseInt(first, 10, 64)
		if err != nil {
			continue
		}
		s.mu.RLock()
		r := s.rooms[id]
		s.mu.RUnlock()
		r.deliver(seq, messageBytes(id, seq, cid, []byte(body)))
	}
}

func (r *bareRoom) deliver(seq int64, frame []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if seq < r.next {
		return
	}
	r.waiting[seq] = frame
	for f := r.waiting[r.next]; f != nil; f = r.waiting[r.next] {
		delete(r.waiting, r.next)
		r.next++
		for l := range r.lines {
			l.put(f)
		}
	}
}

func (l *bareLine) put(frame []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.queue = append(l.queue, frame...)
	if !l.writing {
		l.writing = true
		go l.flush()
	}
}

func (l *bareLine) flush() {
	for {
		l.mu.Lock()
		queue := l.queue
		l.queue = nil
		if len(queue) == 0 {
			l.writing = false
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		if l.conn.SetWriteDeadline(time.Now().Add(5*time.Second)) != nil {
			return
		}
		if _, err := l.conn.Write(queue); err != nil {
			return
		}
	}
}

func messageBytes(room uuid.UUID, seq int64, cid string, body []byte) []byte {
	return frameBytes(`{"t":"message","room":"` + room.String() + `","seq":` + strconv.FormatInt(seq, 10) + `,"from":1,"cid":"` + cid + `","kind":"text","text":"` + string(body) + `"}`)
}

// frameBytes is a whole text frame as a server sends it: unmasked, and the same for all.
func frameBytes(text string) []byte {
	n := len(text)
	if n < 126 {
		return append([]byte{0x81, byte(n)}, text...)
	}
	return append([]byte{0x81, 126, byte(n >> 8), byte(n)}, text...)
}
