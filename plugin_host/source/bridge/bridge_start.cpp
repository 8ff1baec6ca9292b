#include "bridge_start.hpp"

#include "user_folders.hpp"

namespace umtn::plugin {

BridgeStart::BridgeStart(double patience)
    : log_(data_folder().getChildFile("bridge.log")), patience_(patience) {}

void BridgeStart::begin(const juce::StringArray& command, double now) {
  if (const auto word = not_found(now); word && word->link == Link::connecting)
    return;
  log_.begin();
  started_ = start_bridge(command, log_.file());
  began_ = now;
  awaited_ = true;
}

void BridgeStart::found() {
  awaited_ = false;
}

std::optional<BridgeStart::Word> BridgeStart::not_found(double now) const {
  if (!awaited_)
    return std::nullopt;
  if (started_.process == nullptr)
    return Word{Link::absent, started_.trouble, {}};
  const auto more = " More is in " + log_.file().getFullPathName();
  if (!started_.process->lives()) {
    const auto reason = log_.last_words(true);
    return Word{Link::absent,
                reason.isEmpty() ? "The bridge ended as soon as it was started." + more
                                 : "The bridge could not start: " + reason + more,
                log_.file()};
  }
  if (now - began_ < patience_)
    return Word{Link::connecting, "The bridge is starting.", {}};
  return Word{Link::absent,
              "The bridge was started, but does not come: if it stays so, start it again." + more,
              log_.file()};
}

BridgeStart::Word BridgeStart::died(const juce::File& left) const {
  Word word{Link::stale, "The bridge has ended unexpectedly: start it again.", {}};
  // Of one that was started in a terminal, the log knows nothing.
  if (!log_.file().existsAsFile() ||
      log_.file().getLastModificationTime() < left.getLastModificationTime())
    return word;
  const auto reason = log_.last_words(false);
  if (reason.isNotEmpty())
    word.sentence = "The bridge has ended unexpectedly, start it again. It said: " + reason;
  word.sentence += " More is in " + log_.file().getFullPathName();
  word.log = log_.file();
  return word;
}

} // namespace umtn::plugin
