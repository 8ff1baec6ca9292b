-- Translate selected items (umtn), a ReaScript for REAPER. GPL-3.0-or-later.
--
-- Has the umtn bridge play each selected audio item on another instrument, and puts the results on
-- new tracks below at the items' own places, or into the items as new takes; nothing is changed but
-- by adding. REAPER goes on meanwhile: programs run in the background and are looked after by
-- reaper.defer.
--
-- NOT RUN IN REAPER by its authors, who have none: its syntax is checked, and its logic is run
-- under plain Lua with a stand-in for REAPER's functions and a real bridge. Linux and macOS, and
-- Windows by cmd.exe.
--
-- What is sent is the item's source between its offsets, without take effects, volume and fades:
-- the new item gets the old one's volume, fades and play rate instead. Items that play past the end
-- of their source are translated up to there. Reversed items have to be glued first.

local TITLE = "Translate selected items (umtn)"
local windows = (reaper.GetOS() or ""):find("^Win") ~= nil
local SECTION = "umtn"

local function say(text) reaper.ShowMessageBox(text, TITLE, 0) end

local function quote(word)
  if windows then return '"' .. word:gsub('"', "") .. '"' end
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local all = file:read("a")
  file:close()
  return all
end

local function umtn()
  local told = reaper.GetExtState(SECTION, "command")
  if told ~= "" then return quote(told) end
  local usual = (os.getenv("HOME") or "") .. "/.local/bin/umtn"
  return exists(usual) and quote(usual) or "umtn"
end

local counter = 0
local folder = reaper.GetResourcePath() .. "/umtn"

local function new_name(what)
  counter = counter + 1
  return string.format("%s/%s-%d-%d.%s", folder, os.date("%Y%m%d-%H%M%S"),
    math.floor(reaper.time_precise() * 1000) % 100000, counter, what)
end

-- Run umtn in the background; `done(lines)` gets what it printed and its errors.
local function ask(arguments, done)
  local out = new_name("txt")
  local words = umtn() .. " send " .. arguments .. " >" .. quote(out .. ".new") .. " 2>&1"
  local command
  if windows then
    command = 'cmd.exe /c "' .. words .. " & move /y " .. quote(out .. ".new") .. " "
      .. quote(out) .. '"'
  else
    -- REAPER splits a command into words by itself and knows of no shell, so this is a file.
    local script = out .. ".sh"
    local file = assert(io.open(script, "wb"))
    file:write(words, "\nmv ", quote(out .. ".new"), " ", quote(out), "\n")
    file:close()
    command = '/bin/sh "' .. script .. '"'
  end
  reaper.ExecProcess(command, -2)
  local function look()
    local text = read(out)
    if not text then return reaper.defer(look) end
    os.remove(out)
    os.remove(out .. ".sh")
    local lines = {}
    for line in text:gmatch("[^\r\n]+") do lines[#lines + 1] = line end
    done(lines)
  end
  look()
end

-- What of its source an item plays: a table, or nil and why not.
local function stretch(item)
  local take = reaper.GetActiveTake(item)
  if not take or reaper.TakeIsMIDI(take) then return nil, "has no audio" end
  local source = reaper.GetMediaItemTake_Source(take)
  local offset = reaper.GetMediaItemTakeInfo_Value(take, "D_STARTOFFS")
  local rate = reaper.GetMediaItemTakeInfo_Value(take, "D_PLAYRATE")
  local place = reaper.GetMediaItemInfo_Value(item, "D_POSITION")
  local length = reaper.GetMediaItemInfo_Value(item, "D_LENGTH") * rate
  local limit = reaper.GetMediaSourceLength(source)
  -- A source may be a section of another.
  local base = 0
  while reaper.GetMediaSourceParent(source) do
    local ok, from, long, reversed = reaper.PCM_Source_GetSectionInfo(source)
    if ok and reversed then return nil, "is reversed; glue it first" end
    if ok then
      base = base + from
      if long > 0 then limit = math.min(limit, long) end
    end
    source = reaper.GetMediaSourceParent(source)
  end
  if offset < 0 then
    place, length, offset = place - offset / rate, length + offset, 0
  end
  length = math.min(length, limit - offset)
  if length <= 0 then return nil, "plays nothing of its source" end
  local file = reaper.GetMediaSourceFileName(source, "")
  if not file or file == "" or not exists(file) then return nil, "has no file" end
  return { item = item, take = take, file = file, start = base + offset, length = length,
           place = place, rate = rate }
end

-- Copy a file, a part at each turn of REAPER's own loop.
local function copy(from, to, done)
  local input, output = io.open(from, "rb"), io.open(to, "wb")
  if not input or not output then
    if input then input:close() end
    return done("cannot be copied to " .. to)
  end
  local function go_on()
    local part = input:read(4 * 1024 * 1024)
    local ok = not part or output:write(part)
    if part and ok then return reaper.defer(go_on) end
    input:close()
    done(not (output:close() and ok) and ("cannot be copied to " .. to) or nil)
  end
  go_on()
end

local ITEM_VALUES = { "D_VOL", "D_FADEINLEN", "D_FADEOUTLEN", "C_FADEINSHAPE", "C_FADEOUTSHAPE",
                      "D_FADEINDIR", "D_FADEOUTDIR" }
local TAKE_VALUES = { "D_VOL", "D_PAN", "D_PLAYRATE", "B_PPITCH", "D_PITCH" }

-- Add a finished file to the project.
local function bring(part, path, target, as_take)
  reaper.Undo_BeginBlock()
  local source = reaper.PCM_Source_CreateFromFile(path)
  local item, take = part.item, nil
  if not reaper.ValidatePtr(item, "MediaItem*") then
    -- The item has been deleted meanwhile: the result comes at its place, on a track at the end.
    item = nil
  end
  if as_take and item then
    take = reaper.AddTakeToMediaItem(item)
  else
    local index = reaper.CountTracks(0)
    if item then
      local track = reaper.GetMediaItem_Track(item)
      index = math.floor(reaper.GetMediaTrackInfo_Value(track, "IP_TRACKNUMBER"))
    end
    reaper.InsertTrackAtIndex(index, true)
    local track = reaper.GetTrack(0, index)
    reaper.GetSetMediaTrackInfo_String(track, "P_NAME", part.name .. " " .. target, true)
    local new = reaper.AddMediaItemToTrack(track)
    reaper.SetMediaItemInfo_Value(new, "D_POSITION", part.place)
    reaper.SetMediaItemInfo_Value(new, "D_LENGTH", part.length / part.rate)
    reaper.SetMediaItemInfo_Value(new, "B_LOOPSRC", 0)
    for _, name in ipairs(ITEM_VALUES) do
      if item then
        reaper.SetMediaItemInfo_Value(new, name, reaper.GetMediaItemInfo_Value(item, name))
      end
    end
    take = reaper.AddTakeToMediaItem(new)
  end
  reaper.SetMediaItemTake_Source(take, source)
  reaper.SetMediaItemTakeInfo_Value(take, "D_PLAYRATE", part.rate)
  if item then
    for _, name in ipairs(TAKE_VALUES) do
      reaper.SetMediaItemTakeInfo_Value(take, name,
        reaper.GetMediaItemTakeInfo_Value(part.take, name))
    end
    if as_take then
      -- The item may begin before its source, or in front of where its part of it begins.
      local early = part.place - reaper.GetMediaItemInfo_Value(item, "D_POSITION")
      reaper.SetMediaItemTakeInfo_Value(take, "D_STARTOFFS", -early * part.rate)
    end
  end
  reaper.GetSetMediaItemTakeInfo_String(take, "P_NAME", part.name .. " " .. target, true)
  reaper.UpdateArrange()
  reaper.Undo_EndBlock("Translate item (umtn)", -1)
end

local function translate(parts, bridge, target, model, options, as_take)
  local wrong, copies = {}, {}
  local waiting = #parts
  local function finished(part, why)
    if why then wrong[#wrong + 1] = part.name .. ": " .. why end
    waiting = waiting - 1
    -- Of what was sent nothing stays, whatever became of it.
    for _, sent in pairs(waiting == 0 and copies or {}) do os.remove(sent) end
    if waiting == 0 and #wrong > 0 then say(table.concat(wrong, "\n")) end
  end

  local function fetch(part, result, note)
    local project = reaper.GetProjectPath("")
    local own = project .. "/" .. result:match("([^/\\]+)$")
    copy(result, own, function(why)
      -- Where the project's folder cannot be written, the bridge's own file does as well.
      bring(part, why and result or own, target, as_take)
      finished(part, note)
    end)
  end

  local function send(part)
    local id = string.format("reaper-%s-%d-%d", os.date("%Y%m%d-%H%M%S"),
      math.floor(reaper.time_precise() * 1000) % 100000, part.number)
    ask(string.format("%s --to %s --model %s %s --start %.9f --length %.9f --id %s --quiet",
      quote(part.input), quote(target), quote(model), options, part.start, part.length, quote(id)),
      function(lines)
        local last = lines[#lines] or "umtn said nothing"
        -- What the bridge notes of the source comes before the result.
        local note = #lines > 1 and lines[1]:match("^umtn: (.+)") or nil
        if exists(last) then fetch(part, last, note) else finished(part, last) end
      end)
  end

  -- The bridge reads only in its own folders, so sources are copied there, each once.
  local function go_on(number)
    local part = parts[number]
    if not part then return end
    part.number = number
    local function copied(why)
      if why then finished(part, why) else send(part) end
      go_on(number + 1)
    end
    part.input = copies[part.file]
    if part.input then return copied(nil) end
    local ending = part.file:match("%.(%w+)$") or "wav"
    part.input = bridge .. "/" .. new_name(ending):match("([^/\\]+)$")
    copies[part.file] = part.input
    copy(part.file, part.input, copied)
  end
  go_on(1)
end

local function choose(parts, bridge, models)
  local targets, names = {}, {}
  for _, line in ipairs(models) do
    local name, list = line:match("^(.-): (.*) %(.-%)$")
    if name then
      for target in list:gmatch("[^,%s][^,]*") do
        targets[target] = targets[target] or name
        names[#names + 1] = target
      end
    end
  end
  if #names == 0 then return say("The bridge has no models.") end
  local ok, answer = reaper.GetUserInputs(TITLE, 6,
    "Play on (" .. table.concat(names, " or ") .. "),New item or take,Seed,"
      .. "Transpose (semitones or octave),Dynamics (0 to 1),"
      .. "Channels (auto per-channel mono mid),extrawidth=120",
    names[1] .. ",item,0,0,1,auto")
  if not ok then return end
  local said = {}
  for field in (answer .. ","):gmatch("%s*(.-)%s*,") do said[#said + 1] = field end
  local target, as, seed, transpose, dynamics, channels = table.unpack(said)
  if #said ~= 6 or not targets[target] or (as ~= "item" and as ~= "take")
    or not seed:match("^%d+$") or not tonumber(dynamics) then
    return say("Say one of " .. table.concat(names, ", ") .. "; item or take; a whole number; "
      .. "semitones or octave; a number from 0 to 1; and auto, per-channel, mono or mid.")
  end
  local options = string.format("--seed %s --transpose %s --dynamics %s --channels %s", seed,
    quote(transpose), dynamics, quote(channels))
  translate(parts, bridge, target, targets[target], options, as == "take")
end

local function main()
  local parts, wrong = {}, {}
  for index = 0, reaper.CountSelectedMediaItems(0) - 1 do
    local item = reaper.GetSelectedMediaItem(0, index)
    local part, why = stretch(item)
    if part then
      part.name = reaper.GetTakeName(part.take)
      parts[#parts + 1] = part
    else
      wrong[#wrong + 1] = "Item " .. (index + 1) .. " " .. why .. "."
    end
  end
  if #wrong > 0 then return say(table.concat(wrong, "\n")) end
  if #parts == 0 then return say("No item is selected.") end
  reaper.RecursiveCreateDirectory(folder, 0)
  ask("ping --timeout 3", function(lines)
    local bridge = (lines[1] or ""):match("^umtn .- protocol %d+, files in (.+)$")
    if not bridge then
      local said = table.concat(lines, "\n")
      if said:find("not found", 1, true) or said:find("not recognized", 1, true) then
        said = "The program umtn was not found. Tell where it is by the action \"umtn: set "
          .. "command\" (set_umtn_command.lua)."
      end
      return say(said)
    end
    ask("models --timeout 3", function(models) choose(parts, bridge, models) end)
  end)
end

main()
