-- A session with a recording on a track and the plugin behind it: rolls with capture on, renders,
-- and bounces the track. What it is told comes through the environment.
local function told(name) return (assert(os.getenv("TEST_" .. name), name)) end
local rate = 48000
local function wait(seconds) ARDOUR.LuaAPI.usleep(math.floor(seconds * 1e6)) end

AudioEngine:set_backend("None (Dummy)", "", "")
local s = create_session(told("SESSION"), "test", rate)
local route = s:new_audio_track(2, 2, nil, 1, "music", ARDOUR.PresentationInfo.max_order,
                                ARDOUR.TrackMode.Normal, true):front()
local track = route:to_track()

-- Headless, nothing can be imported: a bounce of the empty track makes files of the right length,
-- which the recording is then written into.
local function pcm_of(path)
  local file = assert(io.open(path, "rb"))
  local all = file:read("a")
  file:close()
  return all
end
local length = tonumber(told("LENGTH"))
local region = track:bounce_range(0, length, ARDOUR.InterThreadInfo(),
                                  ARDOUR.LuaAPI.nil_proc(), false, "recording")
for channel = 0, 1 do
  local path = region:to_audioregion():source(channel):to_filesource():path()
  local head = pcm_of(path)
  local at = head:find("data", 1, true)
  local file = assert(io.open(path, "r+b"))
  file:seek("set", at + 7)
  file:write(pcm_of(told("PCM") .. channel))
  file:close()
end
local place = tonumber(told("PLACE"))
track:playlist():add_region(region, Temporal.timepos_t(place), 1, false, 0, 0, false)

local plugin = ARDOUR.LuaAPI.new_plugin(s, told("VST3_ID"), ARDOUR.PluginType.VST3, "")
assert(not plugin:isnil(), "the plugin is not found")
assert(route:add_processor_by_index(plugin, 0, nil, true) == 0)
local function set(index, value) ARDOUR.LuaAPI.set_processor_param(track:nth_plugin(0), index, value) end
local CAPTURE, RENDER = 0, 6

set(CAPTURE, 1)
wait(0.3)
s:request_locate(place - rate // 2, false, ARDOUR.LocateTransportDisposition.MustRoll,
                 ARDOUR.TransportRequestSource.TRS_UI)
repeat wait(0.05) until s:transport_sample() > place + length + rate // 2
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
wait(0.5)
set(CAPTURE, 0)
set(RENDER, 1)
wait(0.3)
set(RENDER, 0)

-- The test's own process says when the bridge has finished.
local patience = 1200
repeat
  wait(0.1)
  patience = patience - 1
  local flag = io.open(told("DONE"), "r")
until flag or patience == 0
assert(patience > 0, "the render does not come")
wait(1.0)

local from, to = 0, place + length + rate
local wet = track:bounce_range(from, to, ARDOUR.InterThreadInfo(), track:main_outs(), false, "wet")
for channel = 0, 1 do
  print("WET", wet:to_audioregion():source(channel):to_filesource():path())
end
s:save_state("", false, false, false, false, false)
print("FINISHED")
io.stdout:flush()
close_session()
quit()
