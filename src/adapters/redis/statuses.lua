-- What executions became in the journal's entries from one on, and no more of them: to take the entries over the wire and apart
-- costs a conductor more than all else that it does for one. How an entry's text is made say `executionStatusOf` and `isOffer`.
local entries = redis.call('XRANGE', 'batchy:journal', ARGV[1], '+', 'COUNT', ARGV[2])
local last, seen, statuses, offers = '', {}, {}, 0
for _, entry in ipairs(entries) do
  last = entry[1]
  local text = entry[2][2]
  local status = string.sub(text, 1, 27) == '{"type":"execution-changed"' and string.match(text, '"after":"(%u+)"}}$')
  if status and not seen[status] then
    seen[status] = true
    statuses[#statuses + 1] = status
  end
  if string.sub(text, -20) == '"after":"STARTING"}}' and string.sub(text, 1, 22) == '{"type":"step-changed"' then
    offers = 1
  end
end
return { last, #entries, statuses, offers }
