-- Of each key its text, or nothing, or what type it is of; all of one moment.
local found = {}
for index = 1, #KEYS do
  local text = redis.pcall('GET', KEYS[index])
  if type(text) == 'table' then text = { redis.call('TYPE', KEYS[index])['ok'] } end
  found[index] = text
end
return found
