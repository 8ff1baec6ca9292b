// The size that somebody gave a window last, for windows of plugins that have none of their own.
#pragma once

#include "../plugin_processor.hpp"

namespace umtn::plugin {

EditorSize remembered_size(); // zeros where there is none
void remember_size(const EditorSize& size);

} // namespace umtn::plugin
