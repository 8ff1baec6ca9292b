// Which instrument of which model is chosen.
#pragma once

#include "bridge/messages.hpp"

#include <functional>
#include <mutex>

namespace umtn::plugin {

// A host automates a number, a project and a person mean a name: models come and go, and their
// instruments with them. The name counts for as long as the number is the one it was chosen with,
// and where the model has none of that name, it is still meant: never another by the same number.
// Any thread but the audio thread.
class Instrument {
public:
  struct Choice {
    juce::String model = "default", target; // no target: there is none of that number
  };

  void choose_model(const juce::String& model);
  // A name, and the parameter's number that stands for it.
  void choose_target(const juce::String& target, int number);
  Choice choice(const std::vector<Model>& models, int number) const;

  // What hosts show for the parameter's numbers: the instruments of the chosen model. Where they
  // are not known, "Instrument 3".
  void know(const std::vector<Model>& models);
  juce::String name_of(int number) const;
  int number_of(const juce::String& name) const; // 1 where the words mean none
  // Called, on whichever thread, when those names have changed.
  std::function<void()> on_names;

  // The numbers begin at 1.
  static int number_of(const juce::StringArray& targets, const juce::String& target) {
    return targets.indexOf(target) + 1;
  }
  // nullptr where there is none of the name.
  static const Model* find(const std::vector<Model>& models, const juce::String& name);

private:
  template <class Change>
  void change(Change change);

  mutable std::mutex mutex_;
  juce::String model_ = "default", target_;
  int number_ = 0;
  std::vector<Model> models_;
};

} // namespace umtn::plugin
