#include "state.hpp"

#include "xml.hpp"

#include <set>

namespace umtn::plugin {
namespace {

constexpr auto kRoot = "umtn";
constexpr int kMostItems = 20000; // of a kind
constexpr int kDeepest = 8;
constexpr double kLongestFile = 9.0e15; // samples: beyond, doubles are no longer exact

const char* name_of(RegionSource source) {
  switch (source) {
  case RegionSource::last_played:
    return "last played";
  case RegionSource::loop:
    return "loop";
  case RegionSource::dragged:
    return "dragged";
  }
  return "last played";
}

void put_place(juce::XmlElement& element, const Place& place) {
  element.setAttribute("start", juce::String(place.range.start));
  element.setAttribute("end", juce::String(place.range.end));
  element.setAttribute("rate", place.rate);
}

std::optional<Place> get_place(const juce::XmlElement& element) {
  const auto start = get_integer(element, "start"), end = get_integer(element, "end");
  const auto rate = get_number(element, "rate", 1000.0, 1.0e7);
  if (!start || !end || !rate || *end <= *start)
    return std::nullopt;
  const Place place{{*start, *end}, *rate};
  return on_timeline(place) ? std::optional(place) : std::nullopt;
}

void put_file(juce::XmlElement& element, const juce::String& name, const juce::File& file,
              const juce::File& folder) {
  if (file == juce::File())
    return;
  element.setAttribute(name, file.getFullPathName());
  if (file.isAChildOf(folder))
    element.setAttribute(name + "_in_session", file.getRelativePathFrom(folder));
}

juce::File get_file(const juce::XmlElement& element, const juce::String& name,
                    const juce::File& folder) {
  const auto relative = element.getStringAttribute(name + "_in_session");
  if (relative.isNotEmpty() && folder != juce::File()) {
    const auto file = folder.getChildFile(relative);
    if (file.isAChildOf(folder)) // and not, by dots, somewhere else
      return file;
  }
  const auto path = element.getStringAttribute(name);
  return juce::File::isAbsolutePath(path) ? juce::File(path) : juce::File();
}

void put_settings(juce::XmlElement& element, const RenderSettings& settings) {
  element.setAttribute("model", settings.model);
  element.setAttribute("target", settings.target);
  element.setAttribute("seed", settings.seed);
  element.setAttribute("temperature", static_cast<double>(settings.temperature));
  element.setAttribute("channels", settings.channels);
  element.setAttribute("dynamics", static_cast<double>(settings.dynamics));
  element.setAttribute("transpose", transpose_text(settings.transpose));
}

// What a version 1 does not say of each take it says once for all.
RenderSettings get_settings(const juce::XmlElement& element, const State& state) {
  RenderSettings settings;
  settings.model = element.getStringAttribute("model", state.model);
  settings.target = element.getStringAttribute("target", state.target);
  const auto seed = get_integer(element, "seed");
  if (seed && *seed >= 0 && *seed <= std::numeric_limits<int>::max())
    settings.seed = static_cast<int>(*seed);
  settings.temperature =
      static_cast<float>(get_number(element, "temperature", 0.0, 100.0).value_or(0.0));
  // Takes from before there was a choice were made so.
  settings.channels = element.getStringAttribute("channels", "per-channel");
  settings.dynamics =
      static_cast<float>(get_number(element, "dynamics", 0.0, 1.0).value_or(settings.dynamics));
  const auto transpose = get_integer(element, "transpose");
  if (element.getStringAttribute("transpose") == transpose_text(kOctave))
    settings.transpose = kOctave;
  else if (transpose && std::abs(*transpose) <= kMostSemitones)
    settings.transpose = static_cast<int>(*transpose);
  return settings;
}

void put_take(juce::XmlElement& root, const Take& take, const juce::File& folder) {
  auto& element = *root.createNewChildElement("take");
  element.setAttribute("id", take.id);
  element.setAttribute("state", name_of(take.state));
  put_place(element, take.place);
  put_settings(element, take.settings);
  put_file(element, "source", take.source, folder);
  put_file(element, "result", take.result, folder);
  if (take.message.isNotEmpty())
    element.setAttribute("message", take.message);
  if (take.note.isNotEmpty())
    element.setAttribute("note", take.note);
  if (take.offer.isNotEmpty())
    element.setAttribute("offer", take.offer);
  if (take.name.isNotEmpty())
    element.setAttribute("name", take.name);
  if (take.recording.isNotEmpty())
    element.setAttribute("recording", take.recording);
  if (take.muted)
    element.setAttribute("muted", 1);
}

std::optional<Take> get_take(const juce::XmlElement& element, const State& state) {
  Take take;
  take.id = element.getStringAttribute("id");
  const auto place = get_place(element);
  const auto kind = take_state(element.getStringAttribute("state"));
  if (take.id.isEmpty() || !place || !kind)
    return std::nullopt;
  take.place = *place;
  take.state = *kind;
  take.settings = get_settings(element, state);
  take.source = get_file(element, "source", state.session_folder);
  take.result = get_file(element, "result", state.session_folder);
  take.message = element.getStringAttribute("message");
  take.note = element.getStringAttribute("note");
  take.offer = element.getStringAttribute("offer");
  take.name = element.getStringAttribute("name").trim().substring(0, kLongestName);
  take.recording = element.getStringAttribute("recording");
  take.muted = get_integer(element, "muted").value_or(0) == 1;
  take.fraction = take.state == TakeState::done ? 1.0f : 0.0f;
  return take;
}

void put_clip(juce::XmlElement& root, const Clip& clip, const juce::File& folder) {
  auto& element = *root.createNewChildElement("recorded");
  put_place(element, clip.place);
  put_file(element, "file", clip.file, folder);
  element.setAttribute("offset", juce::String(clip.offset));
  element.setAttribute("channels", clip.channels);
}

std::optional<Clip> get_clip(const juce::XmlElement& element, const juce::File& folder) {
  Clip clip;
  const auto place = get_place(element);
  const auto offset = get_integer(element, "offset"), channels = get_integer(element, "channels");
  clip.file = get_file(element, "file", folder);
  if (!place || !offset || *offset < 0 || static_cast<double>(*offset) > kLongestFile ||
      !channels || *channels < 1 || *channels > 64 || clip.file == juce::File())
    return std::nullopt;
  clip.place = *place;
  clip.offset = *offset;
  clip.channels = static_cast<int>(*channels);
  return clip;
}

template <class Change>
void for_each_file(State& state, Change change) {
  TakeList takes;
  for (Take take : state.takes.all()) {
    change(take.source);
    change(take.result);
    takes.add(std::move(take));
  }
  takes.solo(state.takes.soloed());
  state.takes = std::move(takes);
  CapturedTimeline captured;
  for (Clip clip : state.captured.clips()) {
    change(clip.file);
    captured.record(clip);
  }
  state.captured = std::move(captured);
}

} // namespace

juce::MemoryBlock save_state(const State& state) {
  juce::XmlElement root(kRoot);
  root.setAttribute("version", kStateVersion);
  root.setAttribute("model", state.model);
  root.setAttribute("target", state.target);
  root.setAttribute("session_folder", state.session_folder.getFullPathName());
  if (state.instance.isNotEmpty())
    root.setAttribute("instance", state.instance);
  root.setAttribute("region", name_of(state.region_source));
  if (state.takes.soloed().isNotEmpty())
    root.setAttribute("solo", state.takes.soloed());
  if (state.dragged)
    put_place(*root.createNewChildElement("dragged"), *state.dragged);
  for (const auto& [id, value] : state.parameters) {
    auto& parameter = *root.createNewChildElement("parameter");
    parameter.setAttribute("id", id);
    parameter.setAttribute("value", static_cast<double>(value));
  }
  for (const Take& take : state.takes.all())
    put_take(root, take, state.session_folder);
  for (const Clip& clip : state.captured.clips())
    put_clip(root, clip, state.session_folder);

  const auto text = root.toString();
  return {text.toRawUTF8(), text.getNumBytesAsUTF8()};
}

std::optional<State> load_state(const void* data, std::size_t size) {
  const auto root = parse_xml(data, size, kDeepest);
  if (root == nullptr || !root->hasTagName(kRoot))
    return std::nullopt;

  State state;
  state.version = static_cast<int>(
      std::clamp<std::int64_t>(get_integer(*root, "version").value_or(1), 1, 1000));
  state.model = root->getStringAttribute("model", state.model);
  state.target = root->getStringAttribute("target");
  state.instance = root->getStringAttribute("instance");
  const auto folder = root->getStringAttribute("session_folder");
  if (juce::File::isAbsolutePath(folder))
    state.session_folder = juce::File(folder);
  for (const auto source : {RegionSource::last_played, RegionSource::loop, RegionSource::dragged})
    if (root->getStringAttribute("region") == name_of(source))
      state.region_source = source;

  int items = 0;
  std::set<juce::String> ids;
  for (const auto* element : root->getChildIterator()) {
    if (++items > kMostItems)
      break;
    if (element->hasTagName("parameter")) {
      if (const auto value = get_number(*element, "value", -1.0e9, 1.0e9))
        state.parameters[element->getStringAttribute("id")] = static_cast<float>(*value);
    } else if (element->hasTagName("dragged")) {
      state.dragged = get_place(*element);
    } else if (element->hasTagName("take")) {
      if (auto take = get_take(*element, state); take && ids.insert(take->id).second)
        state.takes.add(std::move(*take));
    } else if (element->hasTagName("recorded")) {
      if (const auto clip = get_clip(*element, state.session_folder))
        state.captured.record(*clip);
    }
  }
  if (!state.dragged && state.region_source == RegionSource::dragged)
    state.region_source = RegionSource::last_played;
  if (state.takes.find(root->getStringAttribute("solo")) != nullptr)
    state.takes.solo(root->getStringAttribute("solo"));
  return state;
}

std::vector<juce::File> files_of(const State& state) {
  std::vector<juce::File> files;
  for (const Take& take : state.takes.all()) {
    files.push_back(take.source);
    files.push_back(take.result);
  }
  for (const Clip& clip : state.captured.clips())
    files.push_back(clip.file);
  return files;
}

std::vector<juce::File> missing_files(const State& state) {
  std::set<juce::String> seen;
  std::vector<juce::File> missing;
  const auto look = [&](const juce::File& file) {
    if (seen.insert(file.getFullPathName()).second && !file.existsAsFile())
      missing.push_back(file);
  };
  for (const Take& take : state.takes.all())
    if (take.state == TakeState::done)
      look(take.result);
  for (const Clip& clip : state.captured.clips())
    look(clip.file);
  return missing;
}

void find_files(State& state, const std::vector<juce::File>& folders) {
  const auto missing = missing_files(state);
  const auto old = state.session_folder;
  if (missing.empty() || old == juce::File())
    return;
  const auto there = [&](const juce::File& file, const juce::File& folder) {
    return file.isAChildOf(old) ? folder.getChildFile(file.getRelativePathFrom(old)) : file;
  };

  juce::File best;
  std::ptrdiff_t most = 0;
  for (const auto& folder : folders)
    for (const auto& candidate : {folder, folder.getChildFile(old.getFileName()),
                                  folder.getSiblingFile(old.getFileName())}) {
      const auto found = std::count_if(missing.begin(), missing.end(), [&](const juce::File& file) {
        return there(file, candidate).existsAsFile();
      });
      if (found > most) {
        most = found;
        best = candidate;
      }
    }
  if (most == 0)
    return;
  for_each_file(state, [&](juce::File& file) {
    const auto moved = there(file, best);
    if (moved.existsAsFile())
      file = moved;
  });
  state.session_folder = best;
}

} // namespace umtn::plugin
