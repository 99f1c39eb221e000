-- One commit of Batchy: all or nothing, once.
--
-- Redis does not roll a script back, so everything that could fail is looked at before the first write: the operation, what
-- the commit was computed from, and the type of every key that will be written. The first write itself may be refused as a
-- whole (no memory, read-only, no disk); after it Redis refuses nothing.
--
-- Arguments come one after the other, counts before what they count (see commit-arguments.ts). Keys are built here from
-- names: a Redis Cluster, which would have to be told them, is refused when the store is opened.

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end
local function take_number()
  position = position + 1
  return tonumber(ARGV[position])
end
local function take_list()
  local list = {}
  for index = 1, take_number() do list[index] = take() end
  return list
end

local refusal = nil
local function must_be(key, expected)
  local actual = redis.call('TYPE', key)['ok']
  if actual ~= expected and actual ~= 'none' then refusal = refusal or { 'foreign', key, actual } end
  return actual == expected
end

-- Reads that are needed anyway tell a wrong type as well.
local function read(expected, command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer['err'] then return answer end
  must_be(key, expected)
  return false
end

local function holds_exactly(key, count, expected)
  local found = read('hash', 'HGETALL', key)
  if not found or #found ~= 2 * count then return false end
  for index = 1, #found, 2 do
    if expected[found[index]] ~= found[index + 1] then return false end
  end
  return true
end

-- More arguments than this do not fit on the stack of a call. Even, so that a field and its text stay together.
local chunk = 2000
local function in_chunks(command, key, list)
  for first = 1, #list, chunk do
    redis.call(command, key, unpack(list, first, math.min(first + chunk - 1, #list)))
  end
end

-- ---- what is asked, and whether it may be done ---------------------------------------------------------------------------

local schema, operation_key, token, operation_text, keep_seconds = take(), 'batchy:operation:' .. take(), take(), take(), take()
local kept = read('string', 'GET', operation_key)
if kept then return { 'repeated', kept } end
local found_schema = read('string', 'GET', 'batchy:schema')
if found_schema and found_schema ~= schema then return { 'schema', found_schema } end

local function take_record(name)
  local record = { id = take(), member = take(), opening = take(), only = take(), jobs = {} }
  record.key = 'batchy:record:' .. name .. ':' .. record.id
  record.index = 'batchy:records:' .. take() .. ':' .. name
  must_be(record.key, 'hash')
  record.copy_key = name .. '-' .. record.id
  must_be(record.index, 'zset')
  for index = 1, take_number() do
    record.jobs[index] = { name = take(), outcome = take(), window = take() }
    must_be('batchy:windows:' .. name .. ':' .. record.jobs[index].name, 'zset')
  end
  record.copies = take_list()
  if #record.copies > 0 then must_be(record.copy_key, 'hash') end
  return record
end

local function take_change()
  local name = take()
  local change = { name = name, records = {} }
  local count = take_number()
  local expected = {}
  for _ = 1, count do
    local field = take()
    expected[field] = take()
  end
  change.stale = not holds_exactly(name, count, expected)

  local ledger_expected = take() == '1'
  local expected_ledger = take()
  change.ledger_key = 'batchy:ledger:' .. name
  if read('string', 'GET', change.ledger_key) ~= (ledger_expected and expected_ledger) then change.stale = true end
  change.is_new = not ledger_expected
  if change.is_new then must_be('batchy:names', 'set') end

  change.removed = take() == '1'
  change.sets = take_list()
  change.deletions = take_list()
  change.ledger, change.status, change.updated_at, change.latest_start = take(), take(), take(), take()
  must_be('batchy:workflows:named:' .. change.status, 'zset')
  must_be('batchy:workflows:updated:' .. change.status, 'zset')
  local listed = read('hash', 'HGET', 'batchy:listings', name)
  if listed then
    change.old_status, change.old_updated_at, change.old_start = string.match(listed, '^(%S+) (%S+) (%S+)$')
    if change.old_status ~= change.status then
      must_be('batchy:workflows:named:' .. change.old_status, 'zset')
      must_be('batchy:workflows:updated:' .. change.old_status, 'zset')
    end
  end
  for index = 1, take_number() do change.records[index] = take_record(name) end
  return change
end

local changes = {}
local stale = false
for index = 1, take_number() do
  changes[index] = take_change()
  stale = stale or changes[index].stale
end
if #changes > 0 then
  must_be('batchy:starts', 'zset')
end

local entries = {}
for index = 1, take_number() do
  entries[index] = { workflow = take(), text = take() }
  must_be('batchy:journal:of:' .. entries[index].workflow, 'zset')
end

if refusal then return refusal end
if stale then return { 'conflict' } end

-- ---- from here on it is written -------------------------------------------------------------------------------------------

-- The stream remembers the greatest id that it ever had, should the counter have been lost.
local function greatest_sequence()
  local facts = redis.call('XINFO', 'STREAM', 'batchy:journal')
  for place = 1, #facts, 2 do
    if facts[place] == 'last-generated-id' then return tonumber(string.match(facts[place + 1], '^%d+')) end
  end
end

local function append(sequence, entry)
  local number = string.format('%.0f', sequence)
  local added = redis.pcall('XADD', 'batchy:journal', number .. '-0', 'entry', entry.text)
  if type(added) == 'table' and added['err'] then return false end
  redis.call('ZADD', 'batchy:journal:of:' .. entry.workflow, number, number)
  return true
end

local first_sequence = 0
if #entries > 0 then
  -- A refusal of all writes comes here, where nothing is written yet.
  first_sequence = redis.call('INCRBY', 'batchy:journal:sequence', #entries) - #entries + 1
  if not append(first_sequence, entries[1]) then
    must_be('batchy:journal', 'stream')
    if refusal then
      if redis.call('DECRBY', 'batchy:journal:sequence', #entries) == 0 then redis.call('DEL', 'batchy:journal:sequence') end
      return refusal
    end
    first_sequence = greatest_sequence() + 1
    redis.call('SET', 'batchy:journal:sequence', string.format('%.0f', first_sequence + #entries - 1))
    append(first_sequence, entries[1])
  end
  for each = 2, #entries do append(first_sequence + each - 1, entries[each]) end
end
local first_number = string.format('%.0f', first_sequence)
redis.call('SET', operation_key, token .. ' ' .. first_number .. '\n' .. operation_text, 'EX', keep_seconds)
if not found_schema then redis.call('SET', 'batchy:schema', schema) end

-- What a stored outcome proves: the member of the job's windows, or nil. Of JSON only texts are used, which survive exactly.
local function proven_member(outcome, number)
  local readable, fields = pcall(cjson.decode, outcome)
  if not readable or type(fields) ~= 'table' or fields['status'] ~= 'success' then return nil end
  local from, to = fields['from_date'], fields['until']
  if type(from) ~= 'string' or type(to) ~= 'string' then return nil end
  return to .. ' ' .. number .. ' ' .. from
end

-- What is stored of the opening and of the jobs that will be written, by field.
local function record_before(record)
  local names, before = { '_' }, {}
  for place, job in ipairs(record.jobs) do names[place + 1] = job.name end
  for first = 1, #names, chunk do
    local last = math.min(first + chunk - 1, #names)
    local found = redis.call('HMGET', record.key, unpack(names, first, last))
    for place = first, last do before[names[place]] = found[place - first + 1] end
  end
  return before
end

local function write_record(name, record)
  local before = record_before(record)
  if before['_'] and record.only == 'absent' then return end

  local fields = {}
  if not before['_'] then
    fields = { '_', record.opening }
    redis.call('ZADD', record.index, 0, record.member)
  end
  local number = string.sub(record.member, 1, 16)
  for _, job in ipairs(record.jobs) do
    local windows = 'batchy:windows:' .. name .. ':' .. job.name
    local old_outcome = before[job.name]
    local old_window = old_outcome and proven_member(old_outcome, number) or ''
    if old_window ~= job.window then
      if old_window ~= '' then redis.call('ZREM', windows, old_window) end
      if job.window ~= '' then redis.call('ZADD', windows, 0, job.window) end
    end
    fields[#fields + 1] = job.name
    fields[#fields + 1] = job.outcome
  end
  in_chunks('HSET', record.key, fields)
  in_chunks('HSET', record.copy_key, record.copies)
end

local function list(change)
  local name, status, updated_at, start = change.name, change.status, change.updated_at, change.latest_start
  local old_status, old_updated_at, old_start = change.old_status, change.old_updated_at, change.old_start
  if change.removed then
    status, updated_at, start = nil, nil, '-'
    redis.call('HDEL', 'batchy:listings', name)
  else
    redis.call('HSET', 'batchy:listings', name, status .. ' ' .. updated_at .. ' ' .. start)
  end
  if old_status ~= status then
    if old_status then redis.call('ZREM', 'batchy:workflows:named:' .. old_status, name) end
    if status then redis.call('ZADD', 'batchy:workflows:named:' .. status, 0, name) end
  end
  if old_status ~= status or old_updated_at ~= updated_at then
    if old_status then redis.call('ZREM', 'batchy:workflows:updated:' .. old_status, old_updated_at .. ' ' .. name) end
    if status then redis.call('ZADD', 'batchy:workflows:updated:' .. status, 0, updated_at .. ' ' .. name) end
  end
  if old_start ~= start then
    if old_start and old_start ~= '-' then redis.call('ZREM', 'batchy:starts', old_start .. ' ' .. name) end
    if start ~= '-' then redis.call('ZADD', 'batchy:starts', 0, start .. ' ' .. name) end
  end
end

for _, change in ipairs(changes) do
  if change.removed then redis.call('DEL', change.name) end
  in_chunks('HSET', change.name, change.sets)
  in_chunks('HDEL', change.name, change.deletions)
  redis.call('SET', change.ledger_key, change.ledger)
  if change.is_new then redis.call('SADD', 'batchy:names', change.name) end
  list(change)
  for _, record in ipairs(change.records) do write_record(change.name, record) end
end

return { 'committed', first_number }
