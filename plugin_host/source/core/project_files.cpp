#include "project_files.hpp"

#include "../bridge/address.hpp"
#include "../takes/session_folder.hpp"

namespace umtn::plugin {

ProjectFiles::ProjectFiles(Board& board, Capture& capture, Region& region)
    : board_(board), capture_(capture), region_(region) {
  const auto folder = default_session_folder().getChildFile(new_session_name());
  board_.change([&](Board::Content& content) { content.session_folder = folder; });
  capture_.set_folder(folder);
}

void ProjectFiles::set_session_folder(const juce::File& folder) {
  board_.change([&](Board::Content& content) {
    content.session_folder = folder;
    content.folder_settled = true;
    capture_.set_folder(folder);
  });
}

void ProjectFiles::follow_bridge_folder(const juce::File& folder) {
  const auto elsewhere = [&](const Board::Content& content) {
    return !content.folder_settled && folder != juce::File() &&
           !content.session_folder.isAChildOf(folder);
  };
  if (!board_.look(elsewhere))
    return;
  board_.change([&](Board::Content& content) {
    if (!elsewhere(content))
      return;
    content.session_folder = folder.getChildFile(content.session_folder.getFileName());
    capture_.set_folder(content.session_folder);
  });
}

void ProjectFiles::locate(const juce::File& folder) {
  State state;
  std::vector<Take> away;
  board_.look([&](const Board::Content& content) {
    state.takes = content.takes;
    away = content.history.away();
    state.session_folder = content.session_folder;
  });
  state.captured = capture_.timeline();
  const auto before = state.captured.clips();
  for (const Take& take : away)
    state.takes.add(take);
  find_files(state, {folder, folder.getParentDirectory()});
  std::map<juce::String, juce::File> moved;
  const auto& after = state.captured.clips(); // the same, in the same order
  for (std::size_t clip = 0; clip < std::min(before.size(), after.size()); ++clip)
    moved[before[clip].file.getFullPathName()] = after[clip].file;
  capture_.move_files(moved);
  capture_.set_folder(state.session_folder);
  const auto found_takes = state.takes.all();
  for (const Take& take : away)
    state.takes.remove(take.id); // what is deleted, nobody misses
  const auto missing = missing_files(state);
  board_.change([&](Board::Content& content) {
    for (const Take& found : found_takes)
      if (Take* const take = content.takes.find(found.id)) {
        take->source = found.source;
        take->result = found.result;
        take->message = {};
      } else {
        content.history.moved(found);
      }
    content.session_folder = state.session_folder;
    content.missing = missing;
  });
}

State ProjectFiles::complete(State state) const {
  state.region_source = region_.source();
  state.dragged = region_.dragged();
  state.captured = capture_.timeline_to_save();
  board_.look([&](const Board::Content& content) {
    state.session_folder = content.session_folder;
    state.takes = content.takes;
  });
  return state;
}

std::optional<State> ProjectFiles::read(const void* data, std::size_t size) {
  auto state = load_state(data, size);
  if (!state)
    return state;
  auto folders = likely_project_folders();
  folders.push_back(default_session_folder());
  find_files(*state, folders);
  return state;
}

TakeList ProjectFiles::open(const State& state) {
  const auto missing = missing_files(state);
  if (state.dragged)
    region_.drag(*state.dragged);
  region_.choose(state.region_source);
  capture_.set_timeline(state.captured);
  return board_.change([&](Board::Content& content) {
    auto before = std::exchange(content.takes, state.takes);
    content.history.clear();
    if (state.session_folder != juce::File()) {
      content.session_folder = state.session_folder;
      content.folder_settled = true;
    }
    capture_.set_folder(content.session_folder);
    content.missing = missing;
    return before;
  });
}

} // namespace umtn::plugin
