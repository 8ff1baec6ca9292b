#include "support/support.hpp"
#include "takes/disk_use.hpp"
#include "takes/live_instance.hpp"
#include "takes/saved_files.hpp"
#include "takes/session_folder.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

juce::File settled(const juce::File& file) {
  file.create();
  file.replaceWithText("sound");
  file.setLastModificationTime(juce::Time::getCurrentTime() - juce::RelativeTime::hours(1));
  return file;
}

juce::StringArray names(const std::vector<juce::File>& files) {
  juce::StringArray names;
  for (const auto& file : files)
    names.add(file.getFileName());
  return names;
}

} // namespace

TEST_CASE("our names are told from others'") {
  const juce::File folder("/session");
  const auto take = new_take_id();
  CHECK(named_by_us(source_file(folder, take).getFileName()));
  CHECK(named_by_us(result_file(folder, take, "flute / brass").getFileName()));
  CHECK(named_by_us("recorded 2026-01-31 23.59.59 0a1b2c.wav"));
  for (const auto* other : {"take five.wav", "take 12345678.wav", "take 12345678 source.wav.part",
                            "recorded yesterday.wav", "song.wav", "recorded.wav", ""})
    CHECK_FALSE(named_by_us(other));
}

TEST_CASE("unused is what no instance, no undo and no saved project needs") {
  TemporaryFolder disk;
  const auto alive = settled(disk / "take 00000001 flute.wav");
  const auto other = settled(disk / "take 00000002 flute.wav");
  const auto saved = settled(disk / "recorded 2026-01-31 23.59.59 000003.wav");
  const auto gone = settled(disk / "take 00000004 source.wav");
  settled(disk / "somebody's own.wav");
  settled(disk / "take 00000004 notes.txt");
  (disk / "take 00000005 source.wav").replaceWithText("is being written");
  const LiveInstance one([&] { return std::vector{alive}; });
  {
    const LiveInstance two([&] { return std::vector{other}; });
    SavedFiles::add("someone", {saved, juce::File()});
    const auto use = measure_disk(disk.file());
    CHECK(names(use.unused) == juce::StringArray{gone.getFileName()});
    CHECK(use.unused_bytes == 5);
    CHECK(use.used_bytes == 3 * 5 + 16);
    CHECK_FALSE(trash_unused(other));
    CHECK_FALSE(trash_unused(disk / "somebody's own.wav"));
    CHECK(other.existsAsFile());
  }
  // The second one is closed and was never saved.
  CHECK(names(measure_disk(disk.file()).unused) ==
        juce::StringArray{other.getFileName(), gone.getFileName()});
  CHECK(measure_disk(disk / "nowhere").unused.empty());
}

TEST_CASE("what any state named counts for thirty days, whoever names less after it") {
  TemporaryFolder disk;
  const auto a = disk / "take 00000001 flute.wav", b = disk / "take 00000002 flute.wav";
  const std::set<juce::String> both = {a.getFileName(), b.getFileName()};
  SavedFiles::add("x", {a, b});
  SavedFiles::add("x", {b}); // the host may have kept the earlier one, or somebody a backup
  CHECK(SavedFiles::in(disk.file()) == both);
  SavedFiles::add("y", {a});
  CHECK(SavedFiles::in(disk.file()) == both);
  SavedFiles::add("y", {disk / "none/take 00000003 flute.wav"}); // makes no folder
  CHECK_FALSE((disk / "none").exists());

  const auto days = juce::Time::currentTimeMillis() / (24 * 3600 * 1000);
  const auto list = [&](const juce::String& id) { return disk / (".used by " + id); };
  REQUIRE(list("y").deleteFile());
  list("x").replaceWithText(juce::String(days - 29) + " " + a.getFileName() + "\n" +
                            juce::String(days - 31) + " " + b.getFileName() + "\n");
  CHECK(SavedFiles::in(disk.file()) == std::set<juce::String>{a.getFileName()});
  SavedFiles::add("x", {b});
  CHECK(SavedFiles::in(disk.file()) == both);
  list("x").replaceWithText("no day\n\n7\n");
  CHECK(SavedFiles::in(disk.file()).empty());
}

TEST_CASE("an id goes with the project, but not to a copy of an instance that lives") {
  const auto none = [] { return std::vector<juce::File>(); };
  const juce::String saved = juce::Uuid().toString();
  LiveInstance first(none), copy(none);
  CHECK(first.id() != copy.id());
  first.take_over(saved);
  CHECK(first.id() == saved);
  const auto own = copy.id();
  copy.take_over(saved);
  CHECK(copy.id() == own);
  copy.take_over("../../etc");
  CHECK(copy.id() == own);
}

} // namespace umtn::plugin::test
