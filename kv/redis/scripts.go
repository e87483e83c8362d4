package redis

import "github.com/redis/go-redis/v9"

// Scripts run in Redis as one step, and are one command with one answer, which is
// what a connection without a buffer needs. KEYS and ARGV are named in their
// first lines; the moment is flint's, not that of Redis.

// writeScript stores entries: name, value, metadata, expiration, and when Redis
// removes it by itself (0 for never) of each. All fields are written, so nothing
// of an older entry stays.
var writeScript = redis.NewScript(`
local index, expiry, namespaces, entry, id = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
redis.call('HSETNX', namespaces, id, '')
for i = 3, #ARGV, 5 do
  local name, at, last = ARGV[i], ARGV[i + 3], ARGV[i + 4]
  redis.call('HSET', entry .. name, 'v', ARGV[i + 1], 'm', ARGV[i + 2], 'e', at)
  redis.call('ZADD', index, 0, name)
  if at == '0' then
    redis.call('ZREM', expiry, name)
  else
    redis.call('ZADD', expiry, at, name)
  end
  if last == '0' then
    redis.call('PERSIST', entry .. name)
  else
    redis.call('EXPIREAT', entry .. name, last)
  end
end
return 0
`)

// removeScript removes the named entries.
var removeScript = redis.NewScript(`
local index, expiry, entry = KEYS[1], KEYS[2], ARGV[1]
for i = 2, #ARGV do
  redis.call('UNLINK', entry .. ARGV[i])
  redis.call('ZREM', index, ARGV[i])
  redis.call('ZREM', expiry, ARGV[i])
end
return 0
`)

// bulkScript reads the entries KEYS unless their values are too long together,
// which it says by a number.
var bulkScript = redis.NewScript(`
local now, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local total, live = 0, {}
for i, entry in ipairs(KEYS) do
  local e = tonumber(redis.call('HGET', entry, 'e') or '-1')
  live[i] = e == 0 or e > now
  if live[i] then total = total + redis.call('HSTRLEN', entry, 'v') end
end
if total > most then return total end
local out = {}
for i, entry in ipairs(KEYS) do
  out[i] = live[i] and redis.call('HMGET', entry, 'v', 'm', 'e') or {}
end
return out
`)

// listScript gives up to want live keys from min to max: the name at which to
// go on, or an empty one, then name, expiration and metadata of each. It
// removes what it finds expired, and names whose entry Redis has removed.
var listScript = redis.NewScript(`
local index, expiry = KEYS[1], KEYS[2]
local now, min, max, want, entry, most = tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
local out, n, seen = {''}, 0, 0
while n < want do
  local names = redis.call('ZRANGEBYLEX', index, min, max, 'LIMIT', 0, want - n)
  if #names == 0 then return out end
  for _, name in ipairs(names) do
    local found = redis.call('HMGET', entry .. name, 'e', 'm')
    local e = tonumber(found[1] or '-1')
    if e == 0 or e > now then
      n = n + 1
      out[#out + 1], out[#out + 2], out[#out + 3] = name, found[1], found[2]
    else
      redis.call('UNLINK', entry .. name)
      redis.call('ZREM', index, name)
      redis.call('ZREM', expiry, name)
    end
  end
  seen = seen + #names
  min = '(' .. names[#names]
  if n < want and seen >= most then
    out[1] = names[#names]
    return out
  end
end
return out
`)

// sweepScript removes up to most expired keys, and gives their count and the
// next moment at which one expires.
var sweepScript = redis.NewScript(`
local index, expiry, now, entry, most = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local names = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, most)
for _, name in ipairs(names) do
  redis.call('UNLINK', entry .. name)
  redis.call('ZREM', index, name)
  redis.call('ZREM', expiry, name)
end
local first = redis.call('ZRANGE', expiry, 0, 0, 'WITHSCORES')
return {#names, first[2] or '0'}
`)

// dropScript removes up to most keys of a namespace, and everything else of it
// with the last ones. It gives 1 when there is more to do.
var dropScript = redis.NewScript(`
local index, expiry, namespaces, entry, most, id = KEYS[1], KEYS[2], KEYS[3], ARGV[1], tonumber(ARGV[2]), ARGV[3]
local names = redis.call('ZRANGE', index, 0, most - 1)
for _, name in ipairs(names) do
  redis.call('UNLINK', entry .. name)
end
redis.call('ZREMRANGEBYRANK', index, 0, most - 1)
if #names == most then return 1 end
redis.call('DEL', expiry)
redis.call('HDEL', namespaces, id)
return 0
`)
