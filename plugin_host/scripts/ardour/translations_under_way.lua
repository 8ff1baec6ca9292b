ardour {
  ["type"] = "EditorAction",
  name = "Translations under way (umtn)",
  author = "umtn",
  license = "GPL-3.0-or-later",
  description = [[Say how far the translations of this session are, and cancel them if you like.]],
}

function factory() return function()
  local title = "Translations under way"
  local function say(text)
    LuaDialog.Message(title, text, LuaDialog.MessageType.Info, LuaDialog.ButtonType.Close):run()
  end
  local folder = ARDOUR.LuaAPI.build_filename(ARDOUR.user_config_directory(-1), "scripts")
  local file = io.open(ARDOUR.LuaAPI.build_filename(folder, "umtn_regions.module"), "rb")
  if not file then
    say("umtn_regions.module is missing in " .. folder .. ". Copy all files of umtn's Ardour "
      .. "scripts there.")
    return
  end
  local umtn = assert(load(file:read("a"), "umtn_regions", "t"))()
  file:close()

  local ok, failure = pcall(function()
    local command = umtn.command(folder)
    local jobs = umtn.under_way(Session, command)
    if #jobs == 0 then
      say("No translation is under way.")
      return
    end
    local lines = {}
    for _, job in ipairs(jobs) do lines[#lines + 1] = job.track .. ": " .. job.state end
    local asked = LuaDialog.Message(title, table.concat(lines, "\n") .. "\n\nCancel "
      .. (#jobs == 1 and "it?" or "all of them?"), LuaDialog.MessageType.Question,
      LuaDialog.ButtonType.Yes_No):run()
    if asked ~= LuaDialog.Response.Yes then return end
    local given_up = umtn.cancel(Session, command, jobs)
    if given_up < #jobs then
      say(#jobs - given_up .. " could not be cancelled: they are done by now, or no bridge answers.")
    end
  end)
  if not ok then say("That did not work: " .. tostring(failure)) end
end end
