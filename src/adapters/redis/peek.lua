-- Of each workflow its hash and its ledger (two keys each), and the server's time, in one answer: to be called costs the
-- client more than all of it. What is of another type comes as its key and type.
local found = {}
for index = 1, #KEYS, 2 do
  local head = redis.pcall('HGETALL', KEYS[index])
  local ledger = redis.pcall('GET', KEYS[index + 1])
  if head['err'] then
    found[#found + 1] = { 'foreign', KEYS[index], redis.call('TYPE', KEYS[index])['ok'] }
  elseif type(ledger) == 'table' then
    found[#found + 1] = { 'foreign', KEYS[index + 1], redis.call('TYPE', KEYS[index + 1])['ok'] }
  else
    found[#found + 1] = { 'found', head, ledger }
  end
end
return { redis.call('TIME'), found }
