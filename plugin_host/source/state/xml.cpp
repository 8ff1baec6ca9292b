#include "xml.hpp"

#include <algorithm>
#include <charconv>
#include <locale>
#include <sstream>
#include <string_view>

namespace umtn::plugin {
namespace {

constexpr std::size_t kLargest = 64 << 20;

// JUCE's parser goes a level deeper on the stack for each element, however many there are.
bool nested_deeper_than(std::string_view text, int deepest) {
  int depth = 0;
  for (std::size_t at = text.find('<'); at != text.npos; at = text.find('<', at + 1)) {
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (next == '/') {
      depth = std::max(0, depth - 1);
    } else if (next != '!' && next != '?') {
      if (++depth > deepest)
        return true;
      const auto end = text.find('>', at);
      if (end != text.npos && text[end - 1] == '/')
        --depth;
    }
  }
  return false;
}

// Characters by number: JUCE computes any number of digits, in an int.
bool has_endless_number(std::string_view text) {
  constexpr std::size_t longest = 7; // digits of any character there is
  for (std::size_t at = text.find("&#"); at != text.npos; at = text.find("&#", at + 1))
    if (text.find_first_not_of("0123456789abcdefABCDEFx", at + 2) > at + 2 + longest)
      return true;
  return false;
}

} // namespace

std::unique_ptr<juce::XmlElement> parse_xml(const void* data, std::size_t size, int deepest) {
  if (data == nullptr || size == 0 || size > kLargest)
    return nullptr;
  std::string_view text(static_cast<const char*>(data), size);
  text = text.substr(0, text.find('\0'));
  if (!juce::CharPointer_UTF8::isValidString(text.data(), static_cast<int>(text.size())) ||
      text.find("<!") != text.npos || has_endless_number(text) || nested_deeper_than(text, deepest))
    return nullptr;
  return juce::XmlDocument::parse(
      juce::String::fromUTF8(text.data(), static_cast<int>(text.size())));
}

std::optional<std::int64_t> get_integer(const juce::XmlElement& element, const char* name) {
  const auto text = element.getStringAttribute(name).toStdString();
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

std::optional<double> get_number(const juce::XmlElement& element, const char* name, double least,
                                 double most) {
  // Neither JUCE's reading, which computes exponents in an int, nor the host's locale.
  std::istringstream text(element.getStringAttribute(name).toStdString());
  text.imbue(std::locale::classic());
  double value = 0.0;
  if (!(text >> value) || text.peek() != std::istringstream::traits_type::eof())
    return std::nullopt;
  return value >= least && value <= most ? std::optional(value) : std::nullopt;
}

} // namespace umtn::plugin
