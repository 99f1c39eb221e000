-- Removes one record with its copy and its windows, unless it changed since it was read.
-- Arguments: workflow, id, kind, number of fields, each field and its text, number of windows, each: job, member.

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end

local workflow, id, kind = take(), take(), take()
local key = 'batchy:record:' .. workflow .. ':' .. id
local fields = tonumber(take())
if redis.call('HLEN', key) ~= fields then return 0 end
for _ = 1, fields do
  local field = take()
  if redis.call('HGET', key, field) ~= take() then return 0 end
end

local copy_key = workflow .. '-' .. id
if redis.call('TYPE', copy_key)['ok'] == 'hash' then redis.call('DEL', copy_key) end
for _ = 1, tonumber(take()) do
  local job = take()
  redis.call('ZREM', 'batchy:windows:' .. workflow .. ':' .. job, take())
end
redis.call('ZREM', 'batchy:records:' .. kind .. ':' .. workflow, take())
redis.call('DEL', key)
return 1
