ardour {
  ["type"] = "EditorAction",
  name = "Bring back translations (umtn)",
  author = "umtn",
  license = "GPL-3.0-or-later",
  description = [[Put the translations that are finished on new tracks, at their regions' places.]],
}

function factory() return function()
  local function say(text)
    LuaDialog.Message("Bring back translations", text, LuaDialog.MessageType.Info,
      LuaDialog.ButtonType.Close):run()
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
    local came, wrong, waiting = umtn.bring_all(Session, Editor)
    if #wrong > 0 then say(table.concat(wrong, "\n")) end
    if #waiting > 0 then
      umtn.inquire(umtn.command(folder), waiting[1].log:match("^(.*)/"))
    end
    if came == 0 and #wrong == 0 then
      say(#waiting == 0 and "There is nothing to bring back."
        or #waiting .. " not finished yet; try again later.")
    end
  end)
  if not ok then say("That did not work: " .. tostring(failure)) end
end end
