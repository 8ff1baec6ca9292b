ardour {
  ["type"] = "EditorHook",
  name = "Bring back translations by themselves (umtn)",
  author = "umtn",
  license = "GPL-3.0-or-later",
  description = [[Once a second, put translations that are finished on new tracks, at their regions'
places. Does nothing while Ardour records.]],
}

function signals()
  return LuaSignal.Set():add({ [LuaSignal.LuaTimerS] = true })
end

function factory()
  local umtn, folder
  -- Importing and messages run the window's loop, in which the timer ticks on.
  local busy, asked = false, 0

  local function tick()
    if not umtn then
      folder = ARDOUR.LuaAPI.build_filename(ARDOUR.user_config_directory(-1), "scripts")
      local file = io.open(ARDOUR.LuaAPI.build_filename(folder, "umtn_regions.module"), "rb")
      if not file then return end
      umtn = assert(load(file:read("a"), "umtn_regions", "t"))()
      file:close()
    end
    if Session:actively_recording() then return end
    local came, wrong, waiting = umtn.bring_all(Session, Editor)
    if #wrong > 0 then
      LuaDialog.Message("Bring back translations", table.concat(wrong, "\n"),
        LuaDialog.MessageType.Warning, LuaDialog.ButtonType.Close):run()
    end
    -- A file tells of success; only the bridge can tell of failure, and is asked now and then.
    if #waiting > 0 and os.time() >= asked + 15 then
      asked = os.time()
      umtn.inquire(umtn.command(folder), waiting[1].log:match("^(.*)/"))
    end
  end

  return function()
    if busy then return end
    busy = true
    local ok, failure = pcall(tick)
    busy = false
    if not ok then print("umtn: " .. tostring(failure)) end
  end
end
