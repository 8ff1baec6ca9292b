#include "cards.hpp"

#include "shortcuts.hpp"

namespace umtn::plugin {

Card::Content help_card() {
  Card::Content card{"Help", {}, {}};
  for (const auto* step :
       {"1. The light at the top is green when the bridge runs; if not, press Start bridge.",
        "2. Switch Capture on and play the part in your DAW, or drop an audio file on the window.",
        "3. Choose an instrument and press Render. Drag in the timeline to render only a part.",
        "4. The translation plays in place of the input. Drag a take into a track to keep it "
        "there.",
        ""})
    card.lines.push_back({step, {}});
  for (const auto& key : key_help())
    card.lines.push_back({key.keys, key.does});
  return card;
}

Card::Content about_card(const Connection& connection) {
  Card::Content card{"About umtn", {}, {}};
  card.lines.push_back({"Plugin", UMTN_VERSION});
  card.lines.push_back({"Bridge", connection.version.isNotEmpty() ? connection.version
                                  : connection.connected()        ? "version not told"
                                                                  : "not connected"});
  card.lines.push_back({connection.models.empty() ? "The models and their licences are known once "
                                                    "the bridge is connected."
                                                  : "The models, and what their licences allow:",
                        {}});
  for (const Model& model : connection.models)
    card.lines.push_back(
        {model.name,
         (model.licence.isNotEmpty() ? model.licence : juce::String("no licence told")) +
             ". Instruments: " + model.targets.joinIntoString(", ") + "."});
  return card;
}

Card::Content disk_card(const CoreView& view, std::function<void()> clean_up) {
  Card::Content card{"Disk use", {}, {}};
  card.lines.push_back({"Session folder", view.session_folder.getFullPathName()});
  if (!view.disk) {
    card.lines.push_back({"Looking...", {}});
    return card;
  }
  const auto& disk = *view.disk;
  const auto count = static_cast<int>(disk.unused.size());
  const auto files = juce::String(count) + (count == 1 ? " file" : " files");
  card.lines.push_back({"All in all", juce::File::descriptionOfSizeInBytes(disk.used_bytes)});
  card.lines.push_back(
      {"Not needed", count == 0
                         ? juce::String("nothing")
                         : files + ", " + juce::File::descriptionOfSizeInBytes(disk.unused_bytes)});
  if (count == 0)
    return card;
  card.lines.push_back(
      {"No open plugin needs these files, and no project has named them for thirty days. A project "
       "that you have not opened for longer, such as an old backup, may still need them.",
       {}});
  card.buttons.push_back({"Move " + files + " to the trash", std::move(clean_up)});
  return card;
}

Card::Content log_card(const juce::File& log) {
  constexpr int kMost = 40; // lines
  Card::Content card{"What the bridge wrote", {}, {}};
  juce::StringArray lines;
  if (juce::FileInputStream stream(log); stream.openedOk()) {
    stream.setPosition(std::max<juce::int64>(0, stream.getTotalLength() - 16384));
    lines.addLines(stream.readEntireStreamAsString());
  }
  lines.removeEmptyStrings();
  lines.removeRange(0, std::max(0, lines.size() - kMost));
  for (const auto& line : lines)
    card.lines.push_back({line, {}});
  if (lines.isEmpty())
    card.lines.push_back({"It wrote nothing.", {}});
  card.buttons.push_back({"Show file", [log] { log.revealToUser(); }});
  return card;
}

} // namespace umtn::plugin
