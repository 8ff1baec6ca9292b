-- The scripts' dealings with the bridge, under plain Lua: lua ardour_module.lua MODULE FOLDER UMTN
-- INPUT. Prints what they come to.
local module, folder, umtn_program, input = table.unpack(arg)
ARDOUR = { LuaAPI = { build_filename = function(...) return table.concat({ ... }, "/") end } }
local umtn = assert(loadfile(module, "t"))()
local session = { path = function() return folder end }

print("ABSENT", select(2, umtn.ask("'/no where/umtn'")))
umtn.write(folder .. "/umtn-command", umtn_program .. "\n")
local command = umtn.command(folder)
local bridge, why = umtn.ask(command)
print("BRIDGE", bridge and bridge.folder or why)
if not bridge then return end
print("MODEL", bridge.models[1].name, table.concat(bridge.models[1].targets, "+"))

local jobs = {}
for number, target in ipairs({ "flute", "oboe" }) do
  jobs[number] = { id = "job" .. number, place = number * 1000, input = input, target = target,
    model = "tiny", seed = 3, transpose = number == 1 and "-3" or "0", dynamics = 0.5,
    channels = "mono", output = folder .. "/it's " .. number .. ".wav",
    log = folder .. "/job" .. number .. ".log", track = "a\ttrack" }
end
-- A file that is no audio is taken, and the job fails later.
jobs[3] = { id = "job3", place = 3, input = folder .. "/broken.wav", target = "flute",
  model = "tiny", seed = 0, transpose = "octave", dynamics = 1, channels = "auto",
  output = folder .. "/3.wav", log = folder .. "/job3.log", track = "c" }
-- Of silence the bridge has something to say.
jobs[4] = { id = "job4", place = 4, input = folder .. "/silent.wav", target = "flute",
  model = "tiny", seed = 0, transpose = "0", dynamics = 1, channels = "auto",
  output = folder .. "/4.wav", log = folder .. "/job4.log", track = "d" }
umtn.write(jobs[3].input, "RIFF and no more")
umtn.keep(session, jobs)
umtn.send(command, jobs)
local done, failed, waiting
for turn = 1, 200 do
  os.execute("sleep 0.2")
  if turn % 10 == 0 then umtn.inquire(command, folder) end
  done, failed, waiting = umtn.look(umtn.jobs(session))
  if #waiting == 0 then break end
end
-- One more is long, and is given up; another one no bridge knows.
local list = umtn.jobs(session)
for number = 5, 6 do
  list[#list + 1] = { id = "job" .. number, place = 5, input = folder .. "/long.wav",
    target = "flute", model = "tiny", seed = 0, transpose = "0", dynamics = 1, channels = "auto",
    output = folder .. "/" .. number .. ".wav", log = folder .. "/job" .. number .. ".log",
    track = "long" }
end
umtn.keep(session, list)
umtn.send(command, { list[5] })
for _ = 1, 100 do
  if umtn.read(list[5].log) then break end
  os.execute("sleep 0.1")
end
umtn.write(folder .. "/job6.in.wav", "sent")
for _, job in ipairs(umtn.under_way(session, command)) do print("UNDER WAY", job.id, job.state) end
print("CANCELLED", umtn.cancel(session, command, { list[5], list[6] }), umtn.read(list[5].log))

for _, job in ipairs(done) do print("DONE", job.id, job.place, job.track, job.output, job.note) end
for _, job in ipairs(failed) do print("FAILED", job.id, (job.why:gsub("\n", " "))) end
for _, job in ipairs(waiting) do print("WAITING", job.id) end

-- Bringing back, with a stand-in for Ardour. The second import goes wrong.
local anything = setmetatable({}, { __index = function() return 0 end })
Editing, ARDOUR.SrcQuality, ARDOUR.MidiTrackNameSource = anything, anything, anything
ARDOUR.MidiTempoMapDisposition = anything
ARDOUR.PluginInfo, ARDOUR.Track = function() end, function() end
Temporal = { timepos_t = function(place) return place end }
C = { StringVector = function() return { push_back = function(self, path) self[1] = path end } end }
local function each_of(list)
  return { iter = function()
    local n = 0
    return function() n = n + 1; return list[n] end
  end }
end
local routes = {}
local function new_route()
  local number, fades = #routes + 1, { "on", "on" }
  local region = { isnil = function() return false end,
    set_fade_in_active = function(_, on) fades[1] = on and "on" or "off" end,
    set_fade_out_active = function(_, on) fades[2] = on and "on" or "off" end }
  region.to_audioregion = function() return region end
  region.position = function() return "its place" end
  local route = { fades = fades, set_name = function(self, name) self.name = name end,
    playlist = function(self) return self end,
    region_list = function() return each_of({ region }) end,
    remove_region = function(_, other) assert(other == region) end,
    to_stateful = function(self) return self end, clear_changes = function() end,
    id = function(self) return self end, to_s = function() return tostring(number) end,
    add_region = function(_, other, place) print("AT", other == region, place) end,
    to_statefuldestructible = function() return "diff" end }
  route.to_track = function() return route end
  routes[number] = route
end
session.get_tracks = function() return each_of(routes) end
session.begin_reversible_command = function(_, name) print("BEGIN", name) end
session.add_stateful_diff_command = function(_, diff) print("NOTED", diff) end
session.commit_reversible_command = function(_, command) print("COMMIT", command) end
umtn.write(folder .. "/job1.in.wav", "sent")
umtn.write(folder .. "/job3.in.wav", "sent")
local editor = { do_import = function(_, files)
  -- What is being imported is in the list until it is here.
  local still = {}
  for _, job in ipairs(umtn.jobs(session)) do still[#still + 1] = job.id end
  print("IMPORT", files[1]:match("[^/]*$"), table.concat(still, "+"))
  if #routes == 0 then new_route() else error("no room") end
end }
local came, wrong, left = umtn.bring_all(session, editor)
print("CAME", came, #wrong, #left, #umtn.jobs(session), routes[1].name,
  table.concat(routes[1].fades, "+"))
