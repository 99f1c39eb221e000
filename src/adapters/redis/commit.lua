-- One commit of Batchy: all or nothing, once.
--
-- Redis does not roll a script back, so everything that could fail is looked at before the first write: the operation, what
-- the commit was computed from, and the type of every key that will be written. The first write itself may be refused as a
-- whole (out of memory, read-only, no disk); after it Redis refuses nothing.
--
-- Arguments come one after the other, counts before what they count (see commit-arguments.ts). Keys are built here from
-- names: a Redis Cluster, which would have to be told them, is refused when the store is opened.

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end
local function take_number() return tonumber(take()) end
local function take_list(count)
  local list = {}
  for index = 1, count do list[index] = take() end
  return list
end

local refusal = nil
local function must_be(key, expected)
  local actual = redis.call('TYPE', key)['ok']
  if actual ~= expected and actual ~= 'none' then refusal = refusal or { 'foreign', key, actual } end
  return actual == expected
end

-- More arguments than this do not fit on the stack of a call.
local chunk = 2000
local function in_chunks(command, key, list)
  for first = 1, #list, chunk do
    redis.call(command, key, unpack(list, first, math.min(first + chunk - 1, #list)))
  end
end

local function holds_exactly(key, fields, texts)
  if redis.call('HLEN', key) ~= #fields then return false end
  for first = 1, #fields, chunk do
    local last = math.min(first + chunk - 1, #fields)
    local found = redis.call('HMGET', key, unpack(fields, first, last))
    for index = first, last do
      if found[index - first + 1] ~= texts[index] then return false end
    end
  end
  return true
end

-- ---- what is asked -------------------------------------------------------------------------------------------------------

local schema = take()
local operation_key = 'batchy:operation:' .. take()
local token = take()
local operation_text = take()
local keep_seconds = take()

if must_be(operation_key, 'string') then return { 'repeated', redis.call('GET', operation_key) } end
local found_schema = redis.call('GET', 'batchy:schema')
if found_schema and tonumber(found_schema) ~= tonumber(schema) then return { 'schema', found_schema } end

local function take_record(name)
  local record = { id = take(), member = take(), opening = take(), only = take(), jobs = {} }
  record.key = 'batchy:record:' .. name .. ':' .. record.id
  record.index = 'batchy:records:' .. take() .. ':' .. name
  record.copy_key = name .. '-' .. record.id
  must_be(record.key, 'hash')
  must_be(record.index, 'zset')
  for index = 1, take_number() do
    local job = { name = take(), outcome = take(), window = take(), has_copy = take() == '1', copy = take() }
    job.windows = 'batchy:windows:' .. name .. ':' .. job.name
    must_be(job.windows, 'zset')
    if job.has_copy then must_be(record.copy_key, 'hash') end
    record.jobs[index] = job
  end
  return record
end

local function take_change()
  local change = { name = take(), records = {} }
  local name = change.name
  local expected_fields = take_number()
  local fields, texts = {}, {}
  for index = 1, expected_fields do
    fields[index] = take()
    texts[index] = take()
  end
  local is_there = must_be(name, 'hash')
  if expected_fields == 0 then
    change.stale = is_there
  else
    change.stale = not is_there or not holds_exactly(name, fields, texts)
  end

  local ledger_expected = take() == '1'
  local expected_ledger = take()
  change.ledger_key = 'batchy:ledger:' .. name
  if must_be(change.ledger_key, 'string') then
    if not ledger_expected or redis.call('GET', change.ledger_key) ~= expected_ledger then change.stale = true end
  elseif ledger_expected then
    change.stale = true
  end
  change.is_new = not ledger_expected

  change.removed = take() == '1'
  change.sets = take_list(take_number())
  change.deletions = take_list(take_number())
  change.ledger = take()
  change.status = take()
  change.updated_at = take()
  change.latest_start = take()
  local listed = redis.call('HGET', 'batchy:listings', name)
  if listed then
    change.old_status, change.old_updated_at, change.old_start = string.match(listed, '^(%S+) (%S+) (%S+)$')
    must_be('batchy:workflows:named:' .. change.old_status, 'zset')
    must_be('batchy:workflows:updated:' .. change.old_status, 'zset')
  end
  must_be('batchy:workflows:named:' .. change.status, 'zset')
  must_be('batchy:workflows:updated:' .. change.status, 'zset')
  for index = 1, take_number() do change.records[index] = take_record(name) end
  return change
end

local changes = {}
local stale = false
for index = 1, take_number() do
  changes[index] = take_change()
  stale = stale or changes[index].stale
end
must_be('batchy:names', 'set')
must_be('batchy:starts', 'zset')

local entries = {}
for index = 1, take_number() do
  entries[index] = { workflow = take(), text = take() }
  must_be('batchy:journal:of:' .. entries[index].workflow, 'zset')
end
local sequence = 0
if #entries > 0 then
  must_be('batchy:journal:sequence', 'string')
  if must_be('batchy:journal', 'stream') then
    -- The stream remembers the greatest id that it ever had, should the counter have been lost.
    local counter = tonumber(redis.call('GET', 'batchy:journal:sequence') or '')
    if not counter then
      local facts = redis.call('XINFO', 'STREAM', 'batchy:journal')
      for index = 1, #facts, 2 do
        if facts[index] == 'last-generated-id' then counter = tonumber(string.match(facts[index + 1], '^%d+')) end
      end
    end
    sequence = counter
  else
    sequence = tonumber(redis.call('GET', 'batchy:journal:sequence') or '0') or 0
  end
end

if refusal then return refusal end
if stale then return { 'conflict' } end

-- ---- from here on only writes --------------------------------------------------------------------------------------------

-- The journal is first: it is the one write that Redis could refuse for what it holds (an id behind the last one).
local first_sequence = string.format('%.0f', sequence + 1)
for _, entry in ipairs(entries) do
  sequence = sequence + 1
  local number = string.format('%.0f', sequence)
  redis.call('XADD', 'batchy:journal', number .. '-0', 'entry', entry.text)
  redis.call('ZADD', 'batchy:journal:of:' .. entry.workflow, number, number)
end
if #entries > 0 then redis.call('SET', 'batchy:journal:sequence', string.format('%.0f', sequence)) end
redis.call('SET', operation_key, token .. ' ' .. first_sequence .. '\n' .. operation_text, 'EX', keep_seconds)
if not found_schema then redis.call('SET', 'batchy:schema', schema) end

-- What a stored outcome proves: the member of the job's windows, or nil. Of JSON only texts are used, which survive exactly.
local function proven_member(outcome, number)
  local readable, fields = pcall(cjson.decode, outcome)
  if not readable or type(fields) ~= 'table' or fields.status ~= 'success' then return nil end
  local from, to = fields['from_date'], fields['until']
  if type(from) ~= 'string' or type(to) ~= 'string' then return nil end
  return to .. ' ' .. number .. ' ' .. from
end

local function write_record(record)
  if record.only == 'absent' and redis.call('EXISTS', record.key) == 1 then return end
  if redis.call('HSETNX', record.key, '_', record.opening) == 1 then redis.call('ZADD', record.index, 0, record.member) end
  local number = string.sub(record.member, 1, 16)
  for _, job in ipairs(record.jobs) do
    local before = redis.call('HGET', record.key, job.name)
    local old_member = before and proven_member(before, number)
    if old_member and old_member ~= job.window then redis.call('ZREM', job.windows, old_member) end
    if job.window ~= '' and old_member ~= job.window then redis.call('ZADD', job.windows, 0, job.window) end
    redis.call('HSET', record.key, job.name, job.outcome)
    if job.has_copy then redis.call('HSET', record.copy_key, job.name, job.copy) end
  end
end

local function unlist(change)
  if not change.old_status then return end
  redis.call('HDEL', 'batchy:listings', change.name)
  redis.call('ZREM', 'batchy:workflows:named:' .. change.old_status, change.name)
  redis.call('ZREM', 'batchy:workflows:updated:' .. change.old_status, change.old_updated_at .. ' ' .. change.name)
  redis.call('ZREM', 'batchy:starts', change.old_start .. ' ' .. change.name)
end

local function list(change)
  redis.call('HSET', 'batchy:listings', change.name, change.status .. ' ' .. change.updated_at .. ' ' .. change.latest_start)
  if change.old_status ~= change.status then
    if change.old_status then redis.call('ZREM', 'batchy:workflows:named:' .. change.old_status, change.name) end
    redis.call('ZADD', 'batchy:workflows:named:' .. change.status, 0, change.name)
  end
  if change.old_status ~= change.status or change.old_updated_at ~= change.updated_at then
    if change.old_status then redis.call('ZREM', 'batchy:workflows:updated:' .. change.old_status, change.old_updated_at .. ' ' .. change.name) end
    redis.call('ZADD', 'batchy:workflows:updated:' .. change.status, 0, change.updated_at .. ' ' .. change.name)
  end
  if change.old_start ~= change.latest_start then
    if change.old_start and change.old_start ~= '-' then redis.call('ZREM', 'batchy:starts', change.old_start .. ' ' .. change.name) end
    if change.latest_start ~= '-' then redis.call('ZADD', 'batchy:starts', 0, change.latest_start .. ' ' .. change.name) end
  end
end

for _, change in ipairs(changes) do
  if change.removed then
    redis.call('DEL', change.name)
    unlist(change)
  else
    in_chunks('HSET', change.name, change.sets)
    in_chunks('HDEL', change.name, change.deletions)
    list(change)
  end
  redis.call('SET', change.ledger_key, change.ledger)
  if change.is_new then redis.call('SADD', 'batchy:names', change.name) end
  for _, record in ipairs(change.records) do write_record(record) end
end

return { 'committed', first_sequence }
