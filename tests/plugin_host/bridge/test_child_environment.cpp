#include "bridge/child_environment.hpp"

#include <doctest/doctest.h>

namespace umtn::plugin::test {

using Entries = std::vector<std::string>;

TEST_CASE("a DAW's own libraries and modules are not the bridge's") {
  CHECK(child_environment({"HOME=/home/me", "LD_LIBRARY_PATH=/opt/daw/lib", "LD_PRELOAD=x.so",
                           "PATH=/bin", "PYTHONHOME=/opt/daw/python", "PYTHONPATH=/opt/daw",
                           "QT_PLUGIN_PATH=/opt/daw/qt", "GTK_PATH=/opt/daw/gtk", "ARGV0=daw",
                           "DYLD_LIBRARY_PATH=/opt/daw/lib", "UMTN_MODELS=/models", "=C:=C:\\x"}) ==
        Entries{"=C:=C:\\x", "HOME=/home/me", "PATH=/bin", "UMTN_MODELS=/models"});
}

TEST_CASE("what a DAW's launcher has kept of the user's is put back") {
  // As PyInstaller and AppImages keep it, an empty one being none.
  CHECK(child_environment({"LD_LIBRARY_PATH=/opt/daw", "LD_LIBRARY_PATH_ORIG=/usr/local/cuda/lib",
                           "LD_PRELOAD=x", "LD_PRELOAD_ORIG=", "PYTHONPATH_ORIG=/home/me/py",
                           "MY_ORIG=kept"}) ==
        Entries{"LD_LIBRARY_PATH=/usr/local/cuda/lib", "MY_ORIG=kept", "PYTHONPATH=/home/me/py"});
  // As Ardour does.
  CHECK(
      child_environment({"LD_LIBRARY_PATH=/opt/Ardour/lib", "PATH=/opt/Ardour/bin:/bin",
                         "ARDOUR_BUNDLED=true", "GTK_PATH=/opt/Ardour",
                         "PREBUNDLE_ENV=PATH=/bin\nLD_LIBRARY_PATH=/mine\nEDITOR=vi\nno entry"}) ==
      Entries{"ARDOUR_BUNDLED=true", "LD_LIBRARY_PATH=/mine", "PATH=/bin"});
}

} // namespace umtn::plugin::test
