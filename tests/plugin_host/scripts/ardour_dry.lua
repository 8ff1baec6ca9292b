-- Writes regions of a new session as the scripts do, and what Ardour's own bounce makes of them.
local function told(name) return (assert(os.getenv("TEST_" .. name), name)) end
AudioEngine:set_backend("None (Dummy)", "", "")
local s = create_session(told("SESSION"), "test", 48000)
local module = assert(io.open(told("SCRIPTS") .. "/umtn_regions.module")):read("a")
-- What Ardour's window denies to scripts.
local env = setmetatable({}, { __index = function(_, name)
  if name ~= "require" and name ~= "dofile" and name ~= "package" then return _G[name] end
end })
local umtn = assert(load(module, "umtn_regions", "t", env))()

local length, place = 48000, 10007
local track = s:new_audio_track(2, 2, nil, 1, "track", ARDOUR.PresentationInfo.max_order,
  ARDOUR.TrackMode.Normal, true):front():to_track()
local function bounce(name, from)
  return track:bounce_range(from, from + length, ARDOUR.InterThreadInfo(),
    ARDOUR.LuaAPI.nil_proc(), false, name)
end
local recording = bounce("recording", 0)
for channel = 0, 1 do
  local path = recording:to_audioregion():source(channel):to_filesource():path()
  local file = assert(io.open(path, "r+b"))
  local _, before = file:read("a"):find("data....")
  file:seek("set", before)
  file:write(assert(io.open(told("PCM") .. channel, "rb")):read("a"))
  file:close()
end
local function add(at)
  track:playlist():add_region(recording, Temporal.timepos_t(at), 1, false, 0, 0, false)
end
add(place)
local region
for each in track:playlist():region_list():iter() do region = each end
local audio = region:to_audioregion()
audio:set_scale_amplitude(0.5)
audio:set_fade_in_length(4000)
audio:set_fade_in_shape(ARDOUR.FadeShape.FadeConstantPower)
audio:set_fade_out_length(9000)
audio:envelope():add(Temporal.timepos_t(20000), 0.2, false, true)
audio:envelope():add(Temporal.timepos_t(30000), 0.9, false, true)
audio:set_envelope_active(true)

-- Bouncing reads once, and Ardour 7 gives it wrong samples while its butler reads the same fades.
local function let_the_butler_finish() ARDOUR.LuaAPI.usleep(500000) end
local function write(name, read, finish)
  umtn.write_wav(told("OUT") .. "/" .. name .. ".wav", read, length, 2, 48000)
  finish()
end
write("dry", umtn.dry(region))
let_the_butler_finish()
write("bounced", umtn.raw(bounce("bounced", place)))
track:gain_control():set_value(0.5, PBD.GroupControlDisposition.NoGroup)
let_the_butler_finish()
write("wet", umtn.wet(region, track, "wet"))
add(place + 20000)
write("overlapped", umtn.dry(region))
region:set_muted(true)
write("muted", umtn.dry(region))
for each in track:playlist():region_list():iter() do
  print("REGION", each:position():samples(), each:muted())
end
-- What comes back is heard as it is: Ardour's own short fades of a new region do not come on top.
-- Headless there is no import, so its stand-in puts the recording on a track as an import would.
Editing = Editing or {}
local function print_fades(track)
  for each in track:playlist():region_list():iter() do
    print("FADES", each:to_audioregion():fade_in_active(), each:to_audioregion():fade_out_active())
  end
end
local new
local editor = { do_import = function()
  new = s:new_audio_track(2, 2, nil, 1, "import", ARDOUR.PresentationInfo.max_order,
    ARDOUR.TrackMode.Normal, true):front():to_track()
  new:playlist():add_region(recording, Temporal.timepos_t(place), 1, false, 0, 0, false)
  print_fades(new)
end }
umtn.settle(s, { umtn.bring(s, editor, { output = "", place = tostring(place), track = "back" }) })
print_fades(new)
let_the_butler_finish()
track = new
write("back", umtn.raw(bounce("back", place)))
close_session()
quit()
