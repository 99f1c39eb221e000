-- One HGETALL compared, then the same keys written as the service writes in a commit of a batch: nothing else is looked at.
-- KEYS: head, ledger, record, copy, records, windows, journal of the workflow, operation.
-- ARGV: workflow, expected head (one text), status before, status, update before, update, start before, start, ledger,
-- record id, opening, operation, entry, window (or ''), then job, head text, outcome for each job.

local found = redis.call('HGETALL', KEYS[1])
local texts = {}
for index = 2, #found, 2 do texts[#texts + 1] = found[index] end
if table.concat(texts, '\n') ~= ARGV[2] then return 0 end

local workflow, before, status = ARGV[1], ARGV[3], ARGV[4]
local head, record = {}, { '_', ARGV[11] }
for index = 15, #ARGV, 3 do
  head[#head + 1], head[#head + 2] = ARGV[index], ARGV[index + 1]
  record[#record + 1], record[#record + 2] = ARGV[index], ARGV[index + 2]
  if ARGV[14] ~= '' then redis.call('ZADD', KEYS[6] .. ARGV[index], 0, ARGV[14]) end
end
local sequence = redis.call('INCR', 'peer:journal:sequence')
redis.call('XADD', 'peer:journal', sequence .. '-0', 'entry', ARGV[13])
redis.call('ZADD', KEYS[7], sequence, sequence)
redis.call('SET', KEYS[8], ARGV[12], 'EX', 600)
redis.call('HSET', KEYS[1], unpack(head))
redis.call('SET', KEYS[2], ARGV[9])
redis.call('HSET', 'peer:listings', workflow, status .. ' ' .. ARGV[6] .. ' ' .. ARGV[8])
redis.call('ZREM', 'peer:named:' .. before, workflow)
redis.call('ZADD', 'peer:named:' .. status, 0, workflow)
redis.call('ZREM', 'peer:updated:' .. before, ARGV[5] .. ' ' .. workflow)
redis.call('ZADD', 'peer:updated:' .. status, 0, ARGV[6] .. ' ' .. workflow)
if ARGV[7] ~= ARGV[8] then
  redis.call('ZREM', 'peer:starts', ARGV[7] .. ' ' .. workflow)
  redis.call('ZADD', 'peer:starts', 0, ARGV[8] .. ' ' .. workflow)
end
redis.call('ZADD', KEYS[5], 0, ARGV[10])
redis.call('HSET', KEYS[3], unpack(record))
redis.call('HSET', KEYS[4], unpack(head))
return 1
