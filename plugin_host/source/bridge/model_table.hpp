// Puts the list of models together.
#pragma once

#include "arguments.hpp"
#include "messages.hpp"

#include <map>

namespace umtn::plugin {

// The answers to /umtn/models, of which any may be lost.
class ModelTable {
public:
  void restart() { parts_.clear(); }
  // Whether the list is whole now.
  bool receive(const Arguments& arguments);
  const std::vector<Model>& all() const { return models_; }

private:
  std::map<int, Model> parts_;
  std::vector<Model> models_;
};

} // namespace umtn::plugin
