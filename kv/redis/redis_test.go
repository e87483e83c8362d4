package redis

import (
	"testing"
	"time"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	o, prefix, err := parseURL("rediss://user:p%23ss@h:1/2?prefix=x&read_timeout=3")
	if err != nil || o.Addr != "h:1" || o.Password != "p#ss" || o.Username != "user" || o.DB != 2 || prefix != "x" || o.ReadTimeout != 3*time.Second || o.TLSConfig == nil {
		t.Errorf("parsed as %+v, %q, %v", o, prefix, err)
	}
	limitConns(o)
	if o.ReadTimeout != 3*time.Second || o.DialTimeout != dialTimeout || o.PoolSize != maxConns || o.MaxActiveConns != maxConns {
		t.Errorf("bounds are %+v", o)
	}
}
