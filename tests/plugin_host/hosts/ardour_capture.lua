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

local lv2 = told("FORMAT") == "lv2"
local plugin = lv2 and ARDOUR.LuaAPI.new_plugin(s, told("URI"), ARDOUR.PluginType.LV2, "")
  or ARDOUR.LuaAPI.new_plugin(s, told("VST3_ID"), ARDOUR.PluginType.VST3, "")
assert(not plugin:isnil(), "the plugin is not found")
assert(route:add_processor_by_index(plugin, 0, nil, true) == 0)
-- An LV2's parameters are properties, by numbers of Ardour's own: an automation that Lua has no name
-- for, next to that of ports.
local properties = {}
if lv2 then
  for key = 1, 5000 do
    local control = track:nth_plugin(0):to_automatable():automation_control(
      Evoral.Parameter(ARDOUR.AutomationType.PluginAutomation + 1, 0, key), false)
    if not control:isnil() then
      properties[control:desc().label] = control
    end
  end
end
local function set(index, name, value)
  if lv2 then
    assert(properties[name], name):set_value(value, PBD.GroupControlDisposition.NoGroup)
  else
    ARDOUR.LuaAPI.set_processor_param(track:nth_plugin(0), index, value)
  end
end

set(0, "Capture", 1)
wait(0.3)
s:request_locate(place - rate // 2, false, ARDOUR.LocateTransportDisposition.MustRoll,
                 ARDOUR.TransportRequestSource.TRS_UI)
repeat wait(0.05) until s:transport_sample() > place + length + rate // 2
s:request_stop(false, false, ARDOUR.TransportRequestSource.TRS_UI)
wait(0.5)
set(0, "Capture", 0)
set(6, "Render", 1)
wait(0.3)
set(6, "Render", 0)

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
