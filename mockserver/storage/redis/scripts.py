"""The Lua scripts, which Redis runs atomically. All numbers are integers, because other numbers lose digits in Lua.

A sandbox has four keys. ``meta`` contains ``seq``, the number of the newest record, ``base``, the seq of the
checkpoint, and the marks of both. ``log`` contains the records after the checkpoint, each as ``<mark> <ops>``. The
others are ``checkpoint`` and ``lock``. A mark is the token of the transaction that wrote a record. If the mark of a seq
has changed, a process knows that Redis has lost records and that other records have their numbers.
"""

from __future__ import annotations

SANDBOX_GONE, LOCK_BUSY, LOCK_LOST = -1, -2, -3
"""What a script returns if the sandbox does not exist, if another transaction has the lock, or if this transaction has
lost the lock."""

BEGIN_TRANSACTION = """
-- keys: meta log checkpoint lock; arguments: seq known, its mark, token ('' takes no lock), lease in ms
if ARGV[3] ~= '' and redis.call('GET', KEYS[4]) ~= ARGV[3]
   and not redis.call('SET', KEYS[4], ARGV[3], 'NX', 'PX', ARGV[4]) then return {-2} end
local meta = redis.call('HMGET', KEYS[1], 'seq', 'mark', 'base', 'base_mark')
if not meta[1] then return {-1} end
local seq, known, base = tonumber(meta[1]), tonumber(ARGV[1]), tonumber(meta[3])
if known == seq and ARGV[2] == meta[2] then return {seq} end
-- the mark of the record with the number that the process knows
local mark = meta[4]
if known > base and known <= seq then
  mark = string.match(redis.call('LINDEX', KEYS[2], known - base - 1) or '', '^%S+')
end
if known >= base and known <= seq and mark == ARGV[2] then
  return {seq, meta[2], false, redis.call('LRANGE', KEYS[2], known - base, -1)}
end
-- the records after the known one are not all in the log, or the known one was lost
return {seq, meta[2], redis.call('GET', KEYS[3]) or '', redis.call('LRANGE', KEYS[2], 0, -1)}
"""

COMMIT_TRANSACTION = """
-- keys: meta log checkpoint lock; arguments: token, seq known, record, checkpoint ('' for none)
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return -3 end
redis.call('DEL', KEYS[4])
if redis.call('EXISTS', KEYS[1]) == 0 then
  if tonumber(ARGV[2]) > 0 then return -1 end  -- it had records, so another process has deleted it
  redis.call('HSET', KEYS[1], 'seq', 0, 'mark', '', 'base', 0, 'base_mark', '')
end
local seq = redis.call('HINCRBY', KEYS[1], 'seq', 1)
redis.call('HSET', KEYS[1], 'mark', ARGV[1])
if ARGV[4] == '' then
  redis.call('RPUSH', KEYS[2], ARGV[1] .. ' ' .. ARGV[3])
else
  redis.call('SET', KEYS[3], ARGV[4])
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'base', seq, 'base_mark', ARGV[1])
end
return seq
"""

RELEASE_LOCK = """
-- key: a lock; argument: the token it must have
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

ACQUIRE_LEADERSHIP = """
-- key: the leader; arguments: the worker that applies, lease in ms
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

APPEND_ENTRY = """
-- keys: journal figures; arguments: entry, its bytes, max entries, max bytes, counter
redis.call('RPUSH', KEYS[1], ARGV[2] .. ' ' .. ARGV[1])
redis.call('HINCRBY', KEYS[2], ARGV[5], 1)
local entries = redis.call('HINCRBY', KEYS[2], 'entries', 1)
local bytes = redis.call('HINCRBY', KEYS[2], 'bytes', ARGV[2])
while entries > 1 and (entries > tonumber(ARGV[3]) or bytes > tonumber(ARGV[4])) do
  local cost = string.match(redis.call('LPOP', KEYS[1]), '^%d+')
  bytes = redis.call('HINCRBY', KEYS[2], 'bytes', -cost)
  entries = redis.call('HINCRBY', KEYS[2], 'entries', -1)
  redis.call('HINCRBY', KEYS[2], 'dropped', 1)
end
"""

CLEAR_ENTRIES = """
-- keys: journal figures
redis.call('DEL', KEYS[1])
redis.call('HDEL', KEYS[2], 'entries', 'bytes', 'dropped')
"""
