-- Makes a session of two tracks with a recording each, installs the scripts as the script manager
-- would, and ends. What it is told comes through the environment.
local function told(name) return (assert(os.getenv("TEST_" .. name), name)) end
local function read(path)
  local file = assert(io.open(path, "rb"))
  local all = file:read("a")
  file:close()
  return all
end

AudioEngine:set_backend("None (Dummy)", "", "")
local s = create_session(told("SESSION"), "test", 48000)
local length = tonumber(told("LENGTH"))
for channels, name in ipairs({ "solo", "duo" }) do
  local place = tonumber(told("PLACE")) + (channels - 1) * 24000
  local route = s:new_audio_track(channels, 2, nil, 1, name, ARDOUR.PresentationInfo.max_order,
    ARDOUR.TrackMode.Normal, true):front()
  local track = route:to_track()
  -- Headless, nothing can be imported: a bounce of the empty track makes files of the right
  -- length, which the recording is then written into.
  local region = track:bounce_range(0, length, ARDOUR.InterThreadInfo(),
    ARDOUR.LuaAPI.nil_proc(), false, name)
  for channel = 0, channels - 1 do
    local path = region:to_audioregion():source(channel):to_filesource():path()
    local _, before = read(path):find("data....")
    local file = assert(io.open(path, "r+b"))
    file:seek("set", before)
    file:write(read(told("PCM") .. channel))
    file:close()
  end
  track:playlist():add_region(region, Temporal.timepos_t(place), 1, false, 0, 0, false)
  for each in track:playlist():region_list():iter() do
    each:to_audioregion():set_scale_amplitude(0.5)
    each:to_audioregion():set_fade_in_length(4800)
  end
end
s:save_state("", false, false, false, false, false)
close_session()

-- Scripts as Ardour stores them: what their factories compile to, and their text.
local function stored(path, table_name)
  local text = read(path)
  local env = setmetatable({ ardour = function() end }, { __index = _G })
  assert(load(text, path, "t", env))()
  return string.format('%s["n"] = %q %s["f"] = %q %s["a"] = {} %s["s"] = %q ', table_name, path,
    table_name, string.dump(env.factory, true), table_name, table_name, text)
end
local out = assert(io.open(told("OUT") .. "/actions", "wb"))
out:write("scripts = {} ")
for number, name in ipairs({ "translate_selected_regions", "bring_back_translations" }) do
  out:write("scripts[" .. number .. "] = {} ",
    stored(told("SCRIPTS") .. "/" .. name .. ".lua", "scripts[" .. number .. "]"))
end
out:close()
out = assert(io.open(told("OUT") .. "/hook", "wb"))
out:write("s = {} ", stored(told("SCRIPTS") .. "/bring_back_by_themselves.lua", "s"))
out:close()
quit()
