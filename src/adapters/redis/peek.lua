-- A workflow's hash and ledger (keys) in one answer: one command costs the client half of what two do.
-- With an argument, the server's time as well.
local found = { redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) }
if ARGV[1] then found[3] = redis.call('TIME') end
return found
