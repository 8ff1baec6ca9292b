#include "bridge/launcher.hpp"
#include "support/support.hpp"

#include <doctest/doctest.h>

#if !JUCE_WINDOWS
#include <sys/stat.h>

namespace umtn::plugin::test {
namespace {

// A user with a home of their own, whose umtn leaves a mark, and whose PATH leads nowhere.
struct User {
  juce::File program(const juce::String& name, const juce::String& mark) const {
    const auto file = folder / name;
    file.create();
    file.replaceWithText("#!/bin/sh\necho $1 > '" + (folder / mark).getFullPathName() + "'\n",
                         false, false, nullptr);
    chmod(file.getFullPathName().toRawUTF8(), 0755);
    return file;
  }
  void point_to(const juce::String& where, const juce::File& program) const {
    const auto file = folder / where;
    file.create();
    file.replaceWithText(program.getFullPathName() + "\n");
  }
  bool runs(const juce::String& mark) const {
    const auto started = start_bridge({}, folder / "log");
    CHECK(started.trouble.isEmpty());
    return eventually([&] { return (folder / mark).loadFileAsString() == "bridge\n"; }, 5.0);
  }
  TemporaryFolder folder;
  Environment home{"HOME", folder.file().getFullPathName()};
  Environment data{"XDG_DATA_HOME", (folder / "data").getFullPathName()};
  Environment path{"PATH", (folder / "bin").getFullPathName()};
  Environment given{"UMTN_BRIDGE_COMMAND", {}};
};

} // namespace

TEST_CASE(
    "umtn is found where it ran last, without any PATH; a command that is given goes before") {
  User user;
  user.program("bin/umtn", "path");
  user.point_to("data/umtn/umtn-command", user.program("venv of mine/bin/umtn", "last"));
  CHECK(user.runs("last"));
  const auto own = user.program("own program", "own");
  const Environment given("UMTN_BRIDGE_COMMAND", "\"" + own.getFullPathName() + "\" bridge");
  CHECK(user.runs("own"));
  CHECK_FALSE((user.folder / "path").existsAsFile());
}

TEST_CASE("a DAW in a sandbox, with a data folder of its own, finds what lies in the user's") {
  User user;
  user.point_to(".local/share/umtn/umtn-command", user.program("venv/bin/umtn", "last"));
  CHECK(user.runs("last"));
}

TEST_CASE("where umtn is no more, or does not run any more, the PATH and the usual folders count") {
  for (const bool left : {false, true}) {
    User user;
    const auto gone = user.program("venv/bin/umtn", "last");
    if (left) // its interpreter is gone
      gone.replaceWithText("#!/no/python\n", false, false, nullptr);
    else
      gone.deleteFile();
    user.point_to("data/umtn/umtn-command", gone);
    const auto started = start_bridge({}, user.folder / "log");
    CHECK(started.process == nullptr);
    CHECK(started.trouble.contains(gone.getFullPathName()));
    CHECK(started.trouble.contains(left ? "does not run" : "no longer where it ran last"));
    user.program(".local/bin/umtn", "usual");
    CHECK(user.runs("usual"));
    user.program("bin/umtn", "path");
    CHECK(user.runs("path"));
  }
}

TEST_CASE("a place that others may have written, or that is none, counts for nothing") {
  User user;
  const auto file = user.folder / "data/umtn/umtn-command";
  user.point_to("data/umtn/umtn-command", user.program("evil", "evil mark"));
  REQUIRE(chmod(file.getFullPathName().toRawUTF8(), 0666) == 0);
  CHECK(start_bridge({}, user.folder / "log").trouble.contains("not found"));
  for (const auto* text : {"", "\n", "umtn\n", "../bin/umtn", "\xff\xfe", "/"}) {
    file.deleteFile();
    file.replaceWithText(text);
    CHECK(start_bridge({}, user.folder / "log").process == nullptr);
  }
  CHECK_FALSE((user.folder / "evil mark").existsAsFile());
}

TEST_CASE("a bridge that cannot be started says what to do") {
  User user;
  CHECK(start_bridge({}, user.folder / "log").trouble.contains("install it"));
  CHECK(start_bridge({"program-that-nobody-has"}, user.folder / "log")
            .trouble.contains("UMTN_BRIDGE_COMMAND"));
  const auto no_program = user.folder / "text";
  no_program.replaceWithText("hello");
  CHECK(start_bridge({no_program.getFullPathName()}, user.folder / "log")
            .trouble.contains("does not run"));
}

} // namespace umtn::plugin::test
#endif
