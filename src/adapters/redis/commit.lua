-- Commits of Batchy, one after the other: each of them all or nothing, once, and none of them because of another.
--
-- Redis does not roll a script back. So what could fail is looked at before the first write: what the commit was computed from,
-- and the keys whose type no read has told. The operation and new documents are written next, only where there are none, and
-- the indexes, each by a single member; all of it is taken back should one of them turn out to be there, or somebody else's. After
-- them Redis refuses nothing. The first write may be refused as a whole (no memory, read-only, no disk).
--
-- Arguments come one after the other, counts before what they count (see commit-arguments.ts): the number of commits, and
-- before each commit the number of its arguments. Keys are built here from names: a Redis Cluster, which would have to be
-- told them, is refused when the store is opened.

-- A local is found without a table being asked for its name, and a commit asks a hundred times.
local arguments, call, protected_call = ARGV, redis.call, redis.pcall

local position = 0
local function take()
  position = position + 1
  return arguments[position]
end
local function take_list(width)
  local list = {}
  local first, size = position, width * tonumber(take())
  for index = 1, size do list[index] = arguments[first + 1 + index] end
  position = first + 1 + size
  return list
end

-- Of the commit at hand: why it may not be done, whether something changed since it was computed, what takes back what has
-- been written of it, and what is stored of the records that it writes to.
local refusal, stale, undo, undo_size, stored_by_key
-- Where the keys lie that were made.
local first_made, last_made

local function must_be(key, expected)
  local actual = call('TYPE', key)['ok']
  if actual ~= expected and actual ~= 'none' then refusal = refusal or { 'foreign', key, actual } end
end

-- Reads that are needed anyway tell a wrong type as well.
local function read(expected, command, key, ...)
  local answer = protected_call(command, key, ...)
  if type(answer) ~= 'table' or not answer['err'] then return answer end
  must_be(key, expected)
  return false
end

local function holds_exactly(key, expected)
  local found = read('hash', 'HGETALL', key)
  if not found or #found ~= #expected then return false end
  local texts = {}
  for index = 1, #expected, 2 do texts[expected[index]] = expected[index + 1] end
  for index = 1, #found, 2 do
    if texts[found[index]] ~= found[index + 1] then return false end
  end
  return true
end

-- More arguments than this do not fit on the stack of a call. Even, so that a field and its text stay together.
local chunk = 2000
local function in_chunks(command, key, list)
  for first = 1, #list, chunk do
    call(command, key, unpack(list, first, math.min(first + chunk - 1, #list)))
  end
end

-- The same of commands that take keys only. Returns the answers.
local function over_chunks(command, list)
  local answers = {}
  for first = 1, #list, chunk do
    answers[#answers + 1] = call(command, unpack(list, first, math.min(first + chunk - 1, #list)))
  end
  return answers
end

-- ---- what is asked, and whether it may be done ---------------------------------------------------------------------------

local function take_record(name)
  local id = take()
  local record = { key = 'batchy:record:' .. name .. ':' .. id, copy_key = name .. '-' .. id, jobs = {} }
  record.member, record.opening, record.only = take(), take(), take()
  record.index_key = 'batchy:records:' .. take() .. ':' .. name
  local fields, is_copied = { '_' }, false
  for index = 1, tonumber(take()) do
    -- A copy is a text, '=' for what the head says from now on, or '' for none.
    local job = { name = take(), outcome = take(), window = take(), copy = take() }
    record.jobs[index] = job
    fields[index + 1] = job.name
    is_copied = is_copied or job.copy ~= ''
  end
  if is_copied then must_be(record.copy_key, 'hash') end

  -- Who write to the same record share what is known of it.
  record.stored = stored_by_key[record.key] or {}
  stored_by_key[record.key] = record.stored
  for first = 1, #fields, chunk do
    local last = math.min(first + chunk - 1, #fields)
    local found = read('hash', 'HMGET', record.key, unpack(fields, first, last)) or {}
    for place = first, last do record.stored[fields[place]] = found[place - first + 1] end
  end
  return record
end

local function take_change()
  local name = take()
  local change = { name = name, ledger_key = 'batchy:ledger:' .. name, records = {} }
  if not holds_exactly(name, take_list(2)) then stale = true end

  local has_ledger, expected_ledger = take() == '1', take()
  if read('string', 'GET', change.ledger_key) ~= (has_ledger and expected_ledger) then stale = true end
  change.is_new = not has_ledger
  if change.is_new then must_be('batchy:names', 'set') end

  change.removed = take() == '1'
  change.sets = take_list(2)
  change.deletions = take_list(1)
  change.ledger, change.status, change.updated_at, change.latest_start = take(), take(), take(), take()
  local listed = read('hash', 'HGET', 'batchy:listings', name)
  if listed then change.old_status, change.old_updated_at, change.old_start = string.match(listed, '^(%S+) (%S+) (%S+)$') end
  for index = 1, tonumber(take()) do change.records[index] = take_record(name) end
  return change
end

-- Pairs stay where they are: a table for each would cost more than the command. Returns where the first and the last of them lie.
local function take_pairs()
  local first = position + 2
  position = first - 1 + 2 * tonumber(arguments[position + 1])
  return first, position
end

-- What is stored of a document is the revision, a line break, and the text: all are read at once, a command costs more than most
-- of them hold.
local function revision_of(text)
  return tonumber(string.match(text, '^(%d+)\n'))
end

-- Of documents that are there: those that change, whose new texts tell the revision, and those that must be at one ('': not there).
local function compare_documents(first_changed, last_changed, first_guard, last_guard)
  local keys = {}
  for place = first_changed, last_changed, 2 do keys[#keys + 1] = arguments[place] end
  local changed = #keys
  for place = first_guard, last_guard, 2 do keys[#keys + 1] = arguments[place] end
  for part, texts in ipairs(over_chunks('MGET', keys)) do
    for index = 1, #texts do
      local text, place = texts[index], (part - 1) * chunk + index
      local is_changed = place <= changed
      local given = arguments[is_changed and first_changed + 2 * place - 1 or first_guard + 2 * (place - changed) - 1]
      if text then
        local revision = revision_of(text)
        if not revision then refusal = refusal or { 'foreign', keys[place], 'string' } end
        if is_changed then given = revision_of(given) - 1 else given = tonumber(given) end
        if revision ~= given then stale = true end
      else
        -- To MGET a key of another type is none.
        must_be(keys[place], 'string')
        if given ~= '' then stale = true end
      end
    end
  end
end

-- ---- what is written and may yet be taken back ----------------------------------------------------------------------------

-- Three places each: a table for each would cost more than the command.
local function undo_by(command, key, argument)
  undo[undo_size + 1], undo[undo_size + 2], undo[undo_size + 3] = command, key, argument
  undo_size = undo_size + 3
end

local function take_back()
  for place = first_made, last_made, 2 do call('DEL', arguments[place]) end
  for place = undo_size - 2, 1, -3 do
    local command, key, argument = undo[place], undo[place + 1], undo[place + 2]
    if command == 'ZADD' then
      call(command, key, 0, argument)
    elseif command == 'DEL' then
      call(command, key)
    else
      call(command, key, argument)
    end
  end
end

local function put(key, member, score)
  if refusal then return end
  local added = protected_call('ZADD', key, score or 0, member)
  if added == 1 then undo_by('ZREM', key, member) end
  if type(added) == 'table' then
    must_be(key, 'zset')
    refusal = refusal or added
  end
  return added == 1
end

local function drop(key, member)
  if refusal then return end
  local removed = protected_call('ZREM', key, member)
  if removed == 1 then undo_by('ZADD', key, member) end
  if type(removed) == 'table' then
    must_be(key, 'zset')
    refusal = refusal or removed
  end
end

local function drop_members(first, last)
  for place = first, last, 2 do drop(arguments[place], arguments[place + 1]) end
end

-- What a stored outcome proves: the member of the job's windows, or ''. Of JSON only texts are used, which survive exactly.
local function proven_member(outcome, number)
  -- Written so by us; what says it otherwise, or in a text of somebody's, is looked at closely. Most never succeeded yet.
  if not string.find(outcome, 'success', 1, true) then return '' end
  local readable, fields = pcall(cjson.decode, outcome)
  if not readable or type(fields) ~= 'table' or fields['status'] ~= 'success' then return '' end
  local from, to = fields['from_date'], fields['until']
  if type(from) ~= 'string' or type(to) ~= 'string' then return '' end
  return to .. ' ' .. number .. ' ' .. from
end

local function index_record(name, record)
  local stored = record.stored
  record.is_new = not stored['_']
  record.skipped = not record.is_new and record.only ~= 'always'
    and not (record.only == 'foreign' and cjson.decode(stored['_'])['kind'] == 'foreign')
  if record.skipped then return end
  if record.is_new then
    put(record.index_key, record.member)
    stored['_'] = record.opening
  end
  local number = string.sub(record.member, 1, 16)
  for _, job in ipairs(record.jobs) do
    local windows = 'batchy:windows:' .. name .. ':' .. job.name
    local old_outcome = stored[job.name]
    local old_window = old_outcome and proven_member(old_outcome, number) or ''
    if old_window ~= job.window then
      if old_window ~= '' then drop(windows, old_window) end
      if job.window ~= '' then put(windows, job.window) end
    end
    stored[job.name] = job.outcome
  end
end

local function index_workflow(change)
  local name, status, updated_at, start = change.name, change.status, change.updated_at, change.latest_start
  local old_status, old_updated_at, old_start = change.old_status, change.old_updated_at, change.old_start
  if change.removed then status, updated_at, start = nil, nil, '-' end
  if old_status ~= status then
    if old_status then drop('batchy:workflows:named:' .. old_status, name) end
    if status then put('batchy:workflows:named:' .. status, name) end
  end
  if old_status ~= status or old_updated_at ~= updated_at then
    if old_status then drop('batchy:workflows:updated:' .. old_status, old_updated_at .. ' ' .. name) end
    if status then put('batchy:workflows:updated:' .. status, updated_at .. ' ' .. name) end
  end
  if old_start ~= start then
    if old_start and old_start ~= '-' then drop('batchy:starts', old_start .. ' ' .. name) end
    if start ~= '-' then put('batchy:starts', start .. ' ' .. name) end
  end
end

-- Documents that must not be there. None of them is, or none is written.
local function make_documents(first, last)
  for from = first, last, chunk do
    if refusal or stale then return end
    local upto = math.min(from + chunk - 1, last)
    local made = protected_call('MSETNX', unpack(arguments, from, upto))
    if made == 1 then
      last_made = upto
    elseif made == 0 then
      stale = true
      for place = from, upto, 2 do
        local text = read('string', 'GET', arguments[place])
        if text and not revision_of(text) then refusal = refusal or { 'foreign', arguments[place], 'string' } end
      end
    else
      refusal = made
    end
  end
end

-- What no float is needed for costs half as much without one.
local function text_of(number)
  return string.format(number < 2147483648 and '%d' or '%.0f', number)
end

-- The stream remembers the greatest id that it ever had, should the counter have been lost.
local function greatest_sequence()
  local facts = call('XINFO', 'STREAM', 'batchy:journal')
  for place = 1, #facts, 2 do
    if facts[place] == 'last-generated-id' then return tonumber(string.match(facts[place + 1], '^%d+')) end
  end
end

local function append(sequence, text)
  local added = protected_call('XADD', 'batchy:journal', text_of(sequence) .. '-0', 'entry', text)
  return type(added) ~= 'table' or not added['err']
end

-- Takes so many numbers for entries and returns the first.
local function take_numbers(count)
  local last = protected_call('INCRBY', 'batchy:journal:sequence', count)
  if type(last) == 'table' then
    must_be('batchy:journal:sequence', 'string')
    refusal = refusal or last
    return 0
  end
  if last == count then
    undo_by('DEL', 'batchy:journal:sequence', '')
  else
    undo_by('DECRBY', 'batchy:journal:sequence', count)
  end
  return last - count + 1
end

-- Of entries that are of a workflow.
local function index_entries(indexed, first)
  for _, entry in ipairs(indexed) do
    local number = text_of(first + entry.place - 1)
    entry.is_added = put(entry.key, number, number)
  end
end

-- Appends the first entry, after which the others cannot fail. Returns the number that it got.
local function begin_entries(text, count, indexed, first)
  if refusal or append(first, text) then return first end
  must_be('batchy:journal', 'stream')
  if refusal then return first end
  -- The counter was lost: under its numbers are other entries, or none any more.
  for _, entry in ipairs(indexed) do
    if entry.is_added then call('ZREM', entry.key, text_of(first + entry.place - 1)) end
  end
  first = greatest_sequence() + 1
  call('SET', 'batchy:journal:sequence', text_of(first + count - 1))
  append(first, text)
  index_entries(indexed, first)
  return first
end

local function remember(operation, first_sequence)
  local text = operation.token .. ' ' .. text_of(first_sequence) .. '\n' .. operation.text
  local answer = protected_call('SET', operation.key, text, 'EX', operation.keep_seconds, 'NX')
  if not answer then
    stale = true
  elseif answer['err'] then
    refusal = refusal or answer
  else
    undo_by('DEL', operation.key, '')
  end
end

-- ---- what is not refused any more -------------------------------------------------------------------------------------------

local function write_record(record, heads)
  local fields, copies = {}, {}
  if record.is_new then fields = { '_', record.opening } end
  for _, job in ipairs(record.jobs) do
    fields[#fields + 1], fields[#fields + 2] = job.name, job.outcome
    if job.copy ~= '' then
      copies[#copies + 1], copies[#copies + 2] = job.name, job.copy == '=' and heads[job.name] or job.copy
    end
  end
  in_chunks('HSET', record.key, fields)
  in_chunks('HSET', record.copy_key, copies)
end

local function write_change(change)
  local name, heads = change.name, {}
  for place = 1, #change.sets, 2 do heads[change.sets[place]] = change.sets[place + 1] end
  if change.removed then call('DEL', name) end
  in_chunks('HSET', name, change.sets)
  in_chunks('HDEL', name, change.deletions)
  call('SET', change.ledger_key, change.ledger)
  if change.is_new then call('SADD', 'batchy:names', name) end
  if change.removed then
    call('HDEL', 'batchy:listings', name)
  else
    call('HSET', 'batchy:listings', name, change.status .. ' ' .. change.updated_at .. ' ' .. change.latest_start)
  end
  for _, record in ipairs(change.records) do
    if not record.skipped then write_record(record, heads) end
  end
end

-- ---- a commit ---------------------------------------------------------------------------------------------------------------

local found_schema = read('string', 'GET', 'batchy:schema')
local schema_refusal = refusal

-- Why nothing is done. What was done before cannot be done again, and who asks for it never heard the answer.
local function refused(operation)
  local kept = read('string', 'GET', operation.key)
  if kept then return { 'repeated', kept } end
  return refusal or { 'conflict' }
end

local function commit()
  refusal, stale, undo, undo_size, stored_by_key = schema_refusal, false, {}, 0, {}
  local schema = take()
  local operation = { key = 'batchy:operation:' .. take(), token = take(), text = take(), keep_seconds = take() }
  if found_schema and found_schema ~= schema then
    refusal = refusal or { 'schema', found_schema }
    return refused(operation)
  end

  local changes = {}
  for index = 1, tonumber(take()) do changes[index] = take_change() end
  local first_new, last_new = take_pairs()
  local first_changed, last_changed = take_pairs()
  local first_guard, last_guard = take_pairs()
  local removed = take_list(1)
  local first_drop, last_drop = take_pairs()
  local first_put, last_put = take_pairs()
  local entries = tonumber(take())
  local first_entry, indexed = position + 1, {}
  position = position + entries
  for index = 1, tonumber(take()) do
    indexed[index] = { place = tonumber(take()), key = 'batchy:journal:of:' .. take() }
  end
  compare_documents(first_changed, last_changed, first_guard, last_guard)
  if refusal or stale then return refused(operation) end

  -- First of all comes what a server without memory refuses, which it does with few commands, and only until one is done.
  local first_sequence = 0
  first_made, last_made = first_new, first_new - 1
  -- What forgets documents frees more than it writes, and is wanted most by a server without memory: it begins with what is
  -- never refused.
  local forgets = #removed > 0 and entries == 0 and #changes == 0
  if forgets then drop_members(first_drop, last_drop) end
  if entries > 0 then first_sequence = take_numbers(entries) end
  if not refusal then remember(operation, first_sequence) end
  make_documents(first_new, last_new)
  if not stale then
    index_entries(indexed, first_sequence)
    for _, change in ipairs(changes) do
      index_workflow(change)
      for _, record in ipairs(change.records) do index_record(change.name, record) end
    end
    if not forgets then drop_members(first_drop, last_drop) end
    for place = first_put, last_put, 2 do put(arguments[place], arguments[place + 1]) end
  end
  local begun_at = first_sequence
  if entries > 0 and not stale then
    begun_at = begin_entries(arguments[first_entry], entries, indexed, first_sequence)
  end
  if refusal or stale then
    take_back()
    return refused(operation)
  end

  for place = 2, entries do append(begun_at + place - 1, arguments[first_entry + place - 1]) end
  if begun_at ~= first_sequence then
    call('DEL', operation.key)
    remember(operation, begun_at)
  end
  if not found_schema then
    call('SET', 'batchy:schema', schema)
    found_schema = schema
  end
  for _, change in ipairs(changes) do write_change(change) end
  for from = first_changed, last_changed, chunk do
    call('MSET', unpack(arguments, from, math.min(from + chunk - 1, last_changed)))
  end
  over_chunks('DEL', removed)
  return { 'committed', text_of(begun_at) }
end

local answers = {}
for index = 1, tonumber(take()) do
  local size = tonumber(take())
  local behind = position + size
  local ended, answer = pcall(commit)
  -- What the server says of a command is told as it said it.
  if not ended then answer = { 'error', type(answer) == 'table' and answer['err'] or tostring(answer) } end
  if answer['err'] then answer = { 'error', answer['err'] } end
  answers[index] = answer
  position = behind
end
return { call('TIME'), answers }
