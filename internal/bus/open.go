package bus

import (
	"errors"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
)

var errURL = errors.New("bus: the Redis URL cannot be read") // the parser's own text may quote the password

// Open makes a client from a URL without waiting for the server. redis://, rediss:// and unix:// name a single server; with
// `master_name` in the query it is Sentinel, with `addr` a Cluster's further nodes (`cluster=true` for a cluster of which
// one node is named). Nothing is retried by the client and every call obeys its context: callers of hints do not wait.
func Open(raw string) (redis.UniversalClient, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errURL
	}
	q := u.Query()
	switch {
	case q.Has("master_name"):
		o, err := redis.ParseFailoverURL(raw)
		if err != nil {
			return nil, errURL
		}
		o.ContextTimeoutEnabled, o.MaxRetries, o.DialTimeout, o.DialerRetries = true, -1, dialTimeout, 1
		return redis.NewFailoverClient(o), nil
	case q.Has("addr") || q.Has("cluster"):
		q.Del("cluster")
		u.RawQuery = q.Encode()
		o, err := redis.ParseClusterURL(u.String())
		if err != nil {
			return nil, errURL
		}
		o.ContextTimeoutEnabled, o.DialTimeout, o.DialerRetries = true, dialTimeout, 1
		o.ClusterStateReloadInterval = 2 * time.Second // by itself it would call on a dead master for a minute
		return redis.NewClusterClient(o), nil
	}
	o, err := redis.ParseURL(raw)
	if err != nil {
		return nil, errURL
	}
	o.ContextTimeoutEnabled, o.MaxRetries, o.DialTimeout, o.DialerRetries = true, -1, dialTimeout, 1
	return redis.NewClient(o), nil
}

const dialTimeout = 2 * time.Second
