ardour {
  ["type"] = "EditorAction",
  name = "Translate selected regions (umtn)",
  author = "umtn",
  license = "GPL-3.0-or-later",
  description = [[Have the umtn bridge play each selected audio region on another instrument.
Results come back on new tracks, at the regions' own places: by "Bring back translations (umtn)",
or by themselves where the hook "Bring back translations by themselves (umtn)" is installed.]],
}

function factory() return function()
  local title = "Translate selected regions"
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

  local function find_track(region)
    for route in Session:get_tracks():iter() do
      local track = route:to_track()
      for other in track:playlist():region_list():iter() do
        if other:to_stateful():id():to_s() == region:to_stateful():id():to_s() then return track end
      end
    end
  end

  local function run()
    local regions = {}
    for region in Editor:get_selection().regions:regionlist():iter() do
      if not region:to_audioregion():isnil() then regions[#regions + 1] = region end
    end
    if #regions == 0 then
      say("No audio region is selected. Click on one or more, and try again.")
      return
    end
    -- Ardour's own thread would read the same regions at the same time; see `umtn.dry`.
    if Session:transport_rolling() then
      say("Stop the transport, and try again: regions are written while it stands.")
      return
    end
    local command = umtn.command(folder)
    local bridge, why = umtn.ask(command)
    if not bridge then
      say(why)
      return
    end

    -- A menu's values have to be plain.
    local targets, menu, first = {}, {}, nil
    for _, model in ipairs(bridge.models) do
      for _, target in ipairs(model.targets) do
        local label = #bridge.models == 1 and target or (target .. " (" .. model.name .. ")")
        first = first or label
        targets[#targets + 1] = { model = model.name, target = target }
        menu[label] = #targets
      end
    end
    local asked = LuaDialog.Dialog(title, {
      { type = "label", title = #regions == 1 and "1 region" or (#regions .. " regions") },
      { type = "dropdown", key = "target", title = "Play on", values = menu, default = first },
      { type = "dropdown", key = "wet", title = "Send", default = "the region as it is (dry)",
        values = { ["the region as it is (dry)"] = "dry",
                   ["what its track makes of it (wet)"] = "wet" } },
      { type = "number", key = "seed", title = "Seed (another, another performance)",
        min = 0, max = 999999, default = 0 },
      { type = "entry", key = "transpose", title = "Transpose (semitones, or octave)",
        default = "0" },
      { type = "number", key = "dynamics", title = "Dynamics (1: as loud and soft as it is)",
        min = 0, max = 1, step = 0.1, digits = 2, default = 1 },
      { type = "dropdown", key = "channels", title = "Channels", default = "auto",
        values = { ["auto"] = "auto", ["per-channel"] = "per-channel", ["mono"] = "mono",
                   ["mid"] = "mid" } },
    }):run()
    if not asked then return end
    local chosen = targets[asked["target"]]

    local place = bridge.folder .. "/ardour"
    if os.execute("mkdir -p '" .. place:gsub("'", "'\\''") .. "'") == nil then
      say("Cannot make the folder " .. place .. ".")
      return
    end
    local progress = LuaDialog.ProgressWindow(title, true)
    local jobs, stamp, went = {}, os.date("%Y%m%d-%H%M%S"), true
    local ok, failure = pcall(function()
      for number, region in ipairs(regions) do
        local track = find_track(region)
        local name = region:name()
        -- Ardour imports no file twice, nor two of one name: the time and a random number make
        -- names that have not been.
        local id = string.format("ardour-%s-%d-%06x", stamp, number, math.random(0, 0xffffff))
        local short = name:gsub("[^%w%-]+", "-"):sub(1, 40)
        local job = {
          id = id, place = region:position():samples(),
          input = place .. "/" .. id .. ".in.wav",
          output = string.format("%s/%s-%s-%s.wav", place, short, chosen.target, id),
          log = place .. "/" .. id .. ".log",
          track = (track and track:name() or name) .. " " .. chosen.target,
          target = chosen.target, model = chosen.model,
          seed = math.floor(asked["seed"]), transpose = asked["transpose"],
          dynamics = asked["dynamics"], channels = asked["channels"],
        }
        local channels = region:to_audioregion():n_channels()
        local read, finish
        if asked["wet"] == "wet" then
          read, finish, channels = umtn.wet(region, track, name .. " wet " .. stamp)
        else
          read, finish = umtn.dry(region)
        end
        local written, result = pcall(umtn.write_wav, job.input, read,
          region:length():samples(), channels, Session:nominal_sample_rate(),
          function(fraction)
            progress:progress((number - 1 + fraction) / #regions, "Writing " .. name)
            return not progress:canceled()
          end)
        finish()
        if not written then error(result, 0) end
        went = result
        if not went then return end
        jobs[number] = job
      end
    end)
    progress:done()
    if not (ok and went) then
      for _, job in ipairs(jobs) do os.remove(job.input) end
      if not ok then error(failure, 0) end
      return
    end
    local all = umtn.jobs(Session)
    for _, job in ipairs(jobs) do all[#all + 1] = job end
    umtn.keep(Session, all)
    umtn.send(command, jobs)
  end

  -- An error would make Ardour drop the action without a word.
  local ok, failure = pcall(run)
  if not ok then say("That did not work: " .. tostring(failure)) end
end end
