#include "window_memory.hpp"

namespace umtn::plugin {
namespace {

juce::File file() {
  return juce::File::getSpecialLocation(juce::File::userApplicationDataDirectory)
      .getChildFile("umtn")
      .getChildFile("window.xml");
}

} // namespace

EditorSize remembered_size() {
  const auto xml = juce::parseXML(file());
  if (xml == nullptr || !xml->hasTagName("window"))
    return {};
  return {xml->getIntAttribute("width"), xml->getIntAttribute("height"),
          static_cast<float>(xml->getDoubleAttribute("scale"))};
}

void remember_size(const EditorSize& size) {
  juce::XmlElement xml("window");
  xml.setAttribute("width", size.width);
  xml.setAttribute("height", size.height);
  xml.setAttribute("scale", static_cast<double>(size.scale));
  file().getParentDirectory().createDirectory();
  xml.writeTo(file()); // beside it, then renamed; where it cannot be written, nothing is lost
}

} // namespace umtn::plugin
