// Reading XML that anything may have happened to.
#pragma once

#include <cstdint>
#include <juce_core/juce_core.h>
#include <memory>
#include <optional>

namespace umtn::plugin {

// nullptr where it is no XML, refers to entities, or is nested deeper than we ever do.
std::unique_ptr<juce::XmlElement> parse_xml(const void* data, std::size_t size, int deepest);

// Nothing where the attribute is missing, no number, or out of range.
std::optional<std::int64_t> get_integer(const juce::XmlElement& element, const char* name);
std::optional<double> get_number(const juce::XmlElement& element, const char* name, double least,
                                 double most);

} // namespace umtn::plugin
