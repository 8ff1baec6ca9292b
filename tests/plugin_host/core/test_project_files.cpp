#include "core/project_files.hpp"
#include "support/recorded.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {
namespace {

struct Project {
  juce::File session_folder() {
    return board.look([](const Board::Content& content) { return content.session_folder; });
  }
  std::size_t missing() {
    return board.look([](const Board::Content& content) { return content.missing.size(); });
  }

  Board board;
  Capture capture;
  Region region;
  ProjectFiles files{board, capture, region};
};

} // namespace

TEST_CASE("the session folder follows the bridge's until it is settled") {
  TemporaryFolder folder;
  Project at;
  const auto name = at.session_folder().getFileName();
  CHECK(name.isNotEmpty());
  at.files.follow_bridge_folder({});
  CHECK(at.session_folder().getFileName() == name);
  at.files.follow_bridge_folder(folder / "one");
  CHECK(at.session_folder() == (folder / "one").getChildFile(name));
  const auto revision = at.board.revision();
  at.files.follow_bridge_folder(folder / "one");
  CHECK(at.board.revision() == revision);
  at.files.follow_bridge_folder(folder / "two");
  CHECK(at.session_folder() == (folder / "two").getChildFile(name));
  at.files.set_session_folder(folder / "chosen");
  at.files.follow_bridge_folder(folder / "one");
  CHECK(at.session_folder() == folder / "chosen");
  at.capture.prepare(48000.0, 480, 1);
  record(at.capture, {0, 480});
  CHECK(at.capture.timeline().clips()[0].file.isAChildOf(folder / "chosen"));
}

TEST_CASE("a project is saved and opened, and its files found where they were moved") {
  TemporaryFolder folder;
  Project saved;
  saved.files.set_session_folder(folder / "project/umtn");
  saved.capture.prepare(48000.0, 480, 1);
  record(saved.capture, {0, 4800});
  saved.region.drag({{10, 20}, 48000.0});
  Take take;
  take.id = "take";
  take.place = {{0, 4800}, 48000.0};
  take.state = TakeState::done;
  take.result = folder / "project/umtn/result.wav";
  REQUIRE(saved.capture.timeline().clips()[0].file.copyFileTo(take.result));
  saved.board.change([&](Board::Content& content) { content.takes.add(take); });
  const auto data = save_state(saved.files.complete({}));

  CHECK_FALSE(ProjectFiles::read("garbage", 7));
  Project opened;
  Take before;
  before.id = "before";
  opened.board.change([&](Board::Content& content) { content.takes.add(before); });
  const auto state = ProjectFiles::read(data.getData(), data.getSize());
  REQUIRE(state);
  CHECK(opened.files.open(*state).find("before") != nullptr);
  CHECK(opened.board.takes().all().size() == 1);
  CHECK(opened.board.takes().find("take")->result == take.result);
  CHECK(opened.region.current() == Place{{10, 20}, 48000.0});
  CHECK(opened.capture.timeline().clips().size() == 1);
  CHECK(opened.session_folder() == folder / "project/umtn");
  CHECK(opened.missing() == 0);

  REQUIRE((folder / "project").moveFileTo(folder / "elsewhere"));
  Project moved;
  moved.files.open(*ProjectFiles::read(data.getData(), data.getSize()));
  CHECK(moved.missing() == 2);
  moved.files.locate(folder / "elsewhere");
  CHECK(moved.missing() == 0);
  CHECK(moved.session_folder() == folder / "elsewhere/umtn");
  CHECK(moved.board.takes().find("take")->result == folder / "elsewhere/umtn/result.wav");
  CHECK(moved.capture.timeline().clips()[0].file.existsAsFile());
}

} // namespace umtn::plugin::test
