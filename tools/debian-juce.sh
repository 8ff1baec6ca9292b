#!/usr/bin/env bash
# Unpacks Debian's JUCE into a folder. The packages hold all that a build needs; installing them the
# ordinary way would bring WebKit and GTK, 360 MB that the plugin does not use.
#
#   tools/debian-juce.sh build/juce      prints the folder of JUCEConfig.cmake
set -euo pipefail

target=$(realpath --canonicalize-missing "${1:?which folder?}")
config() { find "$target" -name JUCEConfig.cmake -printf '%h\n' 2>/dev/null | head -n 1; }

if [ -z "$(config)" ]; then
  mkdir -p "$target"
  packages=$(mktemp -d)
  trap 'rm -rf "$packages"' EXIT
  chmod 755 "$packages" # apt downloads as a user of its own
  (cd "$packages" && apt-get download juce-modules-source juce-modules-source-data >/dev/null 2>&1) || {
    echo "apt could not download juce-modules-source and juce-modules-source-data" >&2
    exit 1
  }
  for package in "$packages"/*.deb; do
    dpkg-deb --extract "$package" "$target"
  done
  # They expect to lie in /usr.
  find "$target" -name '*.cmake' -exec sed -i "s#\"/usr/\(lib\|share\)/#\"$target/usr/\1/#g; s#\"/usr\"#\"$target/usr\"#" {} +
fi
config
