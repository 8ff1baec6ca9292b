// Draws the window in each of its states: umtn_plugin_screenshots FOLDER SOURCE.wav RESULT.wav
#include "editor/cards.hpp"
#include "editor/plugin_editor.hpp"
#include "editor/token_box.hpp"

#include <cstdlib>
#include <iostream>

using namespace umtn::plugin;

namespace {

struct Files {
  juce::File source, result;
};

Place place(double from, double to) {
  return {{std::llround(from * 48000.0), std::llround(to * 48000.0)}, 48000.0};
}

CoreView absent() {
  CoreView view;
  view.transport.rate = 48000.0;
  view.connection.link = Link::absent;
  view.connection.sentence =
      "No bridge is running: start it here, or run \"umtn bridge\" in a terminal.";
  return view;
}

CoreView connected() {
  CoreView view = absent();
  view.connection.link = Link::connected;
  view.connection.sentence = {};
  view.connection.version = "0.1.0";
  view.connection.models = {
      {"default", {"clarinet", "trumpet", "flute", "violin"}, "CC BY-NC 4.0", {"cpu"}}};
  view.transport.has_position = true;
  return view;
}

CoreView captured(const Files& files) {
  CoreView view = connected();
  const auto info = wav_info(files.source);
  const double seconds = info ? static_cast<double>(info->length) / info->rate : 10.0;
  Clip clip;
  clip.place = {{0, info ? info->length : 480000}, info ? info->rate : 48000.0};
  clip.place.range.start += std::llround(4.0 * clip.place.rate);
  clip.place.range.end += std::llround(4.0 * clip.place.rate);
  clip.file = files.source;
  view.captured = {clip};
  view.region = place(4.0, 4.0 + seconds);
  view.transport.position = 48000 * 5;
  return view;
}

Take take(const Files& files, const CoreView& view, const char* id, const char* target) {
  Take made;
  made.id = id;
  made.place = *view.region;
  made.source = files.source;
  made.result = files.result;
  made.settings.target = target;
  made.state = TakeState::done;
  return made;
}

std::map<juce::String, CoreView> states(const Files& files) {
  std::map<juce::String, CoreView> states;
  states["1-bridge-absent"] = absent();
  auto& ended = states["1-bridge-ended"] = absent();
  ended.connection.link = Link::stale;
  ended.connection.log = juce::File("/home/you/.local/share/umtn/bridge.log");
  ended.connection.sentence = "The bridge has ended unexpectedly, start it again. It said: Port "
                              "57301 is in use by another program. More is in " +
                              ended.connection.log.getFullPathName();
  states["2-connected"] = connected();

  auto& recording = states["3-recording"] = captured(files);
  recording.capture.recording = recording.transport.playing = true;
  states["4-recorded"] = captured(files);

  auto& rendering = states["5-rendering"] = captured(files);
  rendering.takes = {take(files, rendering, "a", "trumpet"),
                     take(files, rendering, "b", "clarinet")};
  rendering.takes[0].state = TakeState::running;
  rendering.takes[0].fraction = 0.43f;
  rendering.takes[0].seconds_left = 12.0f;
  rendering.takes[1].state = TakeState::queued;

  auto& done = states["6-done"] = captured(files);
  done.takes = {take(files, done, "a", "trumpet"), take(files, done, "b", "trumpet")};
  done.takes[1].settings.seed = 1;

  auto& noted = states["6-noted"] = done;
  noted.takes[1].note = "83 % of its notes lie below the C4 to C6 that this model was taught; "
                        "transpose by octave (+12 semitones) would raise them by 1 octave, 97 % "
                        "into the range.";
  noted.takes[1].offer = "octave";
  noted.takes[1].name = "Solo, second try";
  noted.takes[0].settings.transpose = kOctave;
  noted.undo = "Rename take";

  // Of a host that has bars and beats: 120 a minute, in fours.
  auto& bars = states["6-bars"] = done;
  bars.transport.has_beats = true;
  bars.transport.bpm = 120.0;
  bars.transport.quarter = 10.0;
  bars.transport.bar_quarter = 8.0;
  bars.region = place(6.0, 10.0);
  bars.region_source = RegionSource::dragged;
  bars.takes[1].place = place(6.0, 10.0);
  bars.takes[1].settings.target = "violin";

  auto& soloed = states["7-solo-and-mute"] = done;
  soloed.takes.push_back(take(files, done, "c", "clarinet"));
  soloed.takes[2].muted = true;
  soloed.soloed = "a";

  auto& failed = states["8-failed"] = captured(files);
  failed.takes = {take(files, failed, "a", "trumpet"), take(files, failed, "b", "trumpet")};
  failed.takes[0].state = TakeState::cancelled;
  failed.takes[1].state = TakeState::failed;
  failed.takes[1].message = "The disk is full: make room, then render again.";
  failed.preview = {"default", "flute", Preview::State::failed,
                    "Stop the host, and ask again: a preview sounds while nothing else plays."};

  auto& missing = states["9-files-missing"] = done;
  missing.takes[1].result = juce::File("/home/you/Music/song/umtn trumpet 2.wav");
  missing.takes[1].message = "The file " + missing.takes[1].result.getFullPathName() +
                             " cannot be read: bring it back, or render the take again.";
  missing.missing = {missing.takes[1].result};

  auto& token = states["9-token-wanted"] = captured(files);
  token.connection.link = Link::wrong_token;
  token.connection.models.clear();
  token.connection.sentence =
      "The bridge wants its token: enter it here. It says: Send /umtn/token first.";
  return states;
}

void draw(PluginEditor& editor, const CoreView& view, const juce::File& file, float scale) {
  editor.show(view);
  editor.createComponentSnapshot(editor.getLocalBounds()); // asks for the waveforms
  juce::Thread::sleep(400);                                // which are read on another thread
  editor.show(view);
  const auto image = editor.createComponentSnapshot(editor.getLocalBounds(), true, scale);
  file.deleteFile();
  juce::FileOutputStream stream(file);
  if (!juce::PNGImageFormat().writeImageToStream(image, stream))
    std::cerr << "cannot write " << file.getFullPathName() << "\n";
}

// Folded out, smallest, largest, and with each card.
void draw_special(PluginEditor& editor, std::map<juce::String, CoreView> states,
                  const juce::File& folder, const juce::String& prefix) {
  const auto picture = [&](const juce::String& name) {
    return folder.getChildFile(prefix + name + ".png");
  };
  const auto sized = [&](int width, int height) {
    editor.setSize(juce::roundToInt(static_cast<float>(width) * editor.scale()),
                   juce::roundToInt(static_cast<float>(height) * editor.scale()));
  };
  const auto& done = states["6-done"];
  const auto& noted = states["6-noted"];
  const auto& bars = states["6-bars"];
  sized(860, 600);
  draw(editor, done, picture("done"), 1.0f);
  editor.unfold_settings(true);
  draw(editor, done, picture("advanced"), 1.0f);
  sized(700, 480);
  draw(editor, noted, picture("advanced-smallest"), 1.0f);
  editor.unfold_settings(false);
  draw(editor, noted, picture("smallest"), 1.0f);
  draw(editor, states["9-files-missing"], picture("missing-smallest"), 1.0f);
  draw(editor, states["1-bridge-ended"], picture("ended-smallest"), 1.0f);
  auto measured = done;
  measured.session_folder = juce::File("/home/you/.local/share/umtn/sessions");
  measured.disk = DiskUse{312000000, 41000000, {juce::File("/a"), juce::File("/b")}};
  const std::pair<const char*, Card::Content> cards[] = {{"help", help_card()},
                                                         {"about", about_card(done.connection)},
                                                         {"disk", disk_card(measured, nullptr)}};
  for (const auto& [name, card] : cards) {
    editor.show_card(std::make_unique<Card>(card));
    draw(editor, done, picture(name), 1.0f);
    editor.show_card(nullptr);
  }
  auto picker = std::make_unique<InstrumentPicker>(done.connection.models[0].targets,
                                                   juce::StringArray{"clarinet", "violin"});
  picker->show({"default", "trumpet", Preview::State::making, {}});
  editor.show_card(std::make_unique<Card>("Several instruments", std::move(picker),
                                          std::vector<Card::Button>{{"Render on these", nullptr}}));
  draw(editor, done, picture("several"), 1.0f);
  editor.show_card(nullptr);
  auto box = std::make_unique<TokenBox>();
  editor.show_card(std::make_unique<Card>("The bridge's token", std::move(box),
                                          std::vector<Card::Button>{{"OK", nullptr}}));
  draw(editor, states["9-token-wanted"], picture("token"), 1.0f);
  editor.show_card(nullptr);
  sized(1400, 900);
  draw(editor, bars, picture("large"), 1.0f);
}

} // namespace

int main(int count, char** words) {
  if (count != 4) {
    std::cerr << "umtn_plugin_screenshots FOLDER SOURCE.wav RESULT.wav\n";
    return 2;
  }
  const auto here = juce::File::getCurrentWorkingDirectory();
  const auto folder = here.getChildFile(words[1]);
  folder.createDirectory();
#if !JUCE_WINDOWS
  setenv("HOME", folder.getFullPathName().toRawUTF8(), 1); // whose windows keep their size
#endif
  const juce::ScopedJuceInitialiser_GUI juce;
  const Files files = {here.getChildFile(words[2]), here.getChildFile(words[3])};
  PluginProcessor processor;
  PluginEditor editor(processor);
  editor.set_scale(1.0f); // not as the last pictures left it
  editor.setSize(860, 600);
  for (const auto& [name, view] : states(files)) {
    processor.parameters().capture = view.capture.recording;
    draw(editor, view, folder.getChildFile(name + ".png"), 1.0f);
  }

  for (const float scale : {1.0f, 2.0f}) {
    editor.set_scale(scale);
    const auto percent = juce::String(juce::roundToInt(100.0f * scale)) + "-";
    draw_special(editor, states(files), folder, percent);
  }
  return 0;
}
