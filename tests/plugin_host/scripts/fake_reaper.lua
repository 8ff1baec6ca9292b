-- Runs the ReaScript under plain Lua, with as much of REAPER's functions as it uses: tracks, items
-- and takes are tables, deferred functions run in turn, programs run in the background.
-- lua fake_reaper.lua SCRIPT FOLDER UMTN ANSWERS ITEM...; an item is
-- "file|position|length|offset|rate|source length".
local script, folder, umtn, answers = arg[1], arg[2], arg[3], arg[4]
local tracks, selected, queue, messages = {}, {}, {}, {}
local home = { values = { IP_TRACKNUMBER = 1 }, name = "source", items = {} }
tracks[1] = home
for number = 5, #arg do
  local file, place, length, offset, rate, long = arg[number]:match(("([^|]*)|?"):rep(6))
  local item = { track = home, takes = {}, values = { D_POSITION = tonumber(place),
    D_LENGTH = tonumber(length), D_VOL = 0.5, D_FADEINLEN = 0.01 } }
  item.takes[1] = { name = "take" .. number - 4, source = { file = file, length = tonumber(long) },
    values = { D_STARTOFFS = tonumber(offset), D_PLAYRATE = tonumber(rate), B_PPITCH = 1,
               D_VOL = 1, D_PAN = 0, D_PITCH = 0 } }
  selected[#selected + 1] = item
  home.items[#home.items + 1] = item
end

local function get(object, name) return object.values[name] or 0 end
local function set(object, name, value) object.values[name] = value end
reaper = {
  GetOS = function() return "Other" end,
  ShowMessageBox = function(text) messages[#messages + 1] = text end,
  GetExtState = function() return umtn end,
  GetResourcePath = function() return folder end,
  RecursiveCreateDirectory = function(path) os.execute("mkdir -p '" .. path .. "'") end,
  time_precise = os.clock,
  ExecProcess = function(command, timeout)
    assert(timeout == -2, "only in the background")
    os.execute(command .. " &")
  end,
  defer = function(later) queue[#queue + 1] = later end,
  CountSelectedMediaItems = function() return #selected end,
  GetSelectedMediaItem = function(_, index) return selected[index + 1] end,
  GetActiveTake = function(item) return item.takes[1] end,
  TakeIsMIDI = function() return false end,
  GetTakeName = function(take) return take.name end,
  GetMediaItemTake_Source = function(take) return take.source end,
  GetMediaItemTakeInfo_Value = get, SetMediaItemTakeInfo_Value = set,
  GetMediaItemInfo_Value = get, SetMediaItemInfo_Value = set,
  GetMediaTrackInfo_Value = get,
  GetMediaSourceLength = function(source) return source.length, false end,
  GetMediaSourceParent = function() return nil end,
  GetMediaSourceFileName = function(source) return source.file end,
  GetUserInputs = function() return answers ~= "", answers end,
  ValidatePtr = function() return true end,
  CountTracks = function() return #tracks end,
  GetMediaItem_Track = function(item) return item.track end,
  InsertTrackAtIndex = function(index)
    table.insert(tracks, index + 1, { values = {}, items = {} })
    for number, track in ipairs(tracks) do track.values.IP_TRACKNUMBER = number end
  end,
  GetTrack = function(_, index) return tracks[index + 1] end,
  GetSetMediaTrackInfo_String = function(track, _, name) track.name = name end,
  GetSetMediaItemTakeInfo_String = function(take, _, name) take.name = name end,
  AddMediaItemToTrack = function(track)
    local item = { track = track, takes = {}, values = {} }
    track.items[#track.items + 1] = item
    return item
  end,
  AddTakeToMediaItem = function(item)
    item.takes[#item.takes + 1] = { values = {} }
    return item.takes[#item.takes]
  end,
  PCM_Source_CreateFromFile = function(path) return { file = path } end,
  SetMediaItemTake_Source = function(take, source) take.source = source end,
  GetProjectPath = function() return folder .. "/project" end,
  Undo_BeginBlock = function() end, Undo_EndBlock = function() end, UpdateArrange = function() end,
}
-- What it does not have, the script must not call.
setmetatable(reaper, { __index = function(_, name) error("no such function: " .. name) end })

dofile(script)
local turns = 0
while #queue > 0 do
  local now = queue
  queue = {}
  for _, later in ipairs(now) do later() end
  turns = turns + 1
  os.execute("sleep 0.1")
end
print("TURNS", turns)
for _, text in ipairs(messages) do print("MESSAGE", (text:gsub("\n", " / "))) end
for number, track in ipairs(tracks) do
  for _, item in ipairs(track.items) do
    for _, take in ipairs(item.takes) do
      print(table.concat({ "TAKE", number, track.name, item.values.D_POSITION,
        item.values.D_LENGTH, item.values.D_VOL, take.values.D_STARTOFFS or 0,
        take.values.D_PLAYRATE, take.name, take.source.file }, "\t"))
    end
  end
end
