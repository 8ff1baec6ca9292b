-- umtn: set command, a ReaScript for REAPER. GPL-3.0-or-later. Tells the other script where the
-- program umtn is, which DAWs started from a desktop often cannot find by themselves.
local ok, path = reaper.GetUserInputs("umtn", 1, "Path of the program umtn,extrawidth=300",
  reaper.GetExtState("umtn", "command"))
if ok then reaper.SetExtState("umtn", "command", path, true) end
