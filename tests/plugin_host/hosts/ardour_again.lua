-- Opens the session that ardour_capture.lua left, and exports it once more.
local function told(name) return (assert(os.getenv("TEST_" .. name), name)) end
AudioEngine:set_backend("None (Dummy)", "", "")
local s = load_session(told("SESSION"), "test")
assert(s, "the session does not open")
local export = s:simple_export()
export:set_folder(told("EXPORT"))
export:set_name("second")
export:set_range(0, tonumber(told("PLACE")) + tonumber(told("LENGTH")) + 48000)
assert(export:set_preset("75969a1c-3133-4694-864b-a1fa50e43348"))
export:run_export()
print("FINISHED") -- closing after an export crashes Ardour 7.3 now and then, without any plugin too
io.stdout:flush()
close_session()
quit()
