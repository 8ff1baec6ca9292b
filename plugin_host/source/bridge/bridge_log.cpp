#include "bridge_log.hpp"

namespace umtn::plugin {
namespace {

constexpr juce::int64 kLongest = 1 << 20; // bytes
constexpr int kRead = 1 << 16;            // of its end
constexpr int kLongestSentence = 400;

// How the bridge begins what people should read.
const juce::String kOwn = "umtn: ";

juce::String as_sentence(const juce::String& line) {
  auto text = line.startsWith(kOwn) ? line.substring(kOwn.length()) : line;
  text = text.substring(0, kLongestSentence).trim();
  return text.isEmpty() || juce::String(".!?").containsChar(text.getLastCharacter()) ? text
                                                                                     : text + ".";
}

} // namespace

BridgeLog::BridgeLog(juce::File file) : file_(std::move(file)) {}

void BridgeLog::begin() {
  file_.getParentDirectory().createDirectory();
  keep_small();
  begin_ = file_.getSize();
}

void BridgeLog::keep_small() const {
  if (file_.getSize() <= kLongest)
    return;
  juce::FileOutputStream stream(file_); // who writes to it goes on at its end, wherever that is
  if (stream.openedOk() && stream.setPosition(0))
    stream.truncate();
}

juce::String BridgeLog::last_words(bool at_all) const {
  juce::FileInputStream stream(file_);
  const auto length = file_.getSize();
  const auto begin = begin_ <= length ? begin_ : 0; // it was thrown away meanwhile
  if (!stream.openedOk() || !stream.setPosition(std::max(begin, length - kRead)))
    return {};
  juce::MemoryBlock bytes;
  stream.readIntoMemoryBlock(bytes, kRead);
  juce::StringArray lines;
  lines.addLines(juce::String::fromUTF8(static_cast<const char*>(bytes.getData()),
                                        static_cast<int>(bytes.getSize())));
  lines.removeEmptyStrings();
  if (lines.isEmpty())
    return {};
  const auto last = lines[lines.size() - 1];
  if (last.startsWith(kOwn) || !at_all)
    return last.startsWith(kOwn) ? as_sentence(last) : juce::String();
  for (int n = lines.size() - 1; n >= 0; --n)
    if (lines[n].startsWith(kOwn))
      return as_sentence(lines[n]);
  return as_sentence(last);
}

} // namespace umtn::plugin
