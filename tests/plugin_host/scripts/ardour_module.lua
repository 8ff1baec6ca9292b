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
for _, job in ipairs(done) do print("DONE", job.id, job.place, job.track, job.output, job.note) end
for _, job in ipairs(failed) do print("FAILED", job.id, (job.why:gsub("\n", " "))) end
for _, job in ipairs(waiting) do print("WAITING", job.id) end
