#!/usr/bin/env bash
# Installs the system packages that one of the make commands needs, where it may; where it may not,
# says in one line what to install, and goes on: what can do without them does.
#
#   tools/system-packages.sh python|demo|plugin|hosts|test|test-long
set -euo pipefail

has_soundfont() {
  local font
  for font in "$@"; do
    [ -e "/usr/share/sounds/sf2/$font" ] || return 1
  done
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

missing=()
case "${1:?python, demo, plugin, hosts, test or test-long}" in
  python)
    "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    ;;
  demo)
    # The demo fetches a recording with apt, whose lists may never have been brought up to date;
    # without apt it plays a tune on a soundfont.
    if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
      if ! apt-cache show gcompris-qt-data >/dev/null 2>&1; then
        as_root apt-get update >/dev/null 2>&1 || true
      fi
      exit 0
    fi
    command -v fluidsynth >/dev/null || missing+=(fluidsynth timgm6mb-soundfont)
    ;;
  plugin)
    for command in cmake ninja:ninja-build g++ ccache pkg-config; do
      command -v "${command%:*}" >/dev/null || missing+=("${command#*:}")
    done
    # Those of JUCE, and doctest for the tests.
    for package in alsa:libasound2-dev freetype2:libfreetype-dev gl:libgl-dev libjpeg:libjpeg-dev \
      libpng:libpng-dev x11:libx11-dev xcomposite:libxcomposite-dev xcursor:libxcursor-dev \
      xinerama:libxinerama-dev xrandr:libxrandr-dev zlib:zlib1g-dev; do
      pkg-config --exists "${package%:*}" 2>/dev/null || missing+=("${package#*:}")
    done
    [ -e /usr/include/doctest/doctest.h ] || missing+=(doctest-dev)
    ;;
  hosts)
    # The DAWs and hosts that the plugin and the DAW scripts are tested in, a screen for those that
    # need one, with a mouse and a camera; and Lua.
    for command in ardour7-lua:ardour jackd:jackd2 jalv lv2ls:lilv-utils xvfb-run:xvfb xauth \
      xdotool import:imagemagick lua5.3; do
      command -v "${command%:*}" >/dev/null || missing+=("${command#*:}")
    done
    ;;
  test)
    command -v fluidsynth >/dev/null || missing+=(fluidsynth)
    # Programs that speak OSC to the bridge.
    command -v oscsend >/dev/null || missing+=(liblo-tools)
    command -v pd >/dev/null || missing+=(puredata-core)
    # What makes networks of their own, in which nothing may be sent.
    command -v ip >/dev/null || missing+=(iproute2)
    has_soundfont FluidR3_GM.sf2 || missing+=(fluid-soundfont-gm)
    has_soundfont TimGM6mb.sf2 || missing+=(timgm6mb-soundfont)
    ;;
  test-long)
    # A browser that attacks the bridge.
    command -v chromium >/dev/null || command -v google-chrome >/dev/null || missing+=(chromium)
    ;;
  *)
    echo "system-packages.sh: no such set of packages: $1" >&2
    exit 2
    ;;
esac
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null || ! as_root true 2>/dev/null; then
  echo "please install these first (names as in Debian): ${missing[*]}" >&2
  exit 0
fi

echo "installing system packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { as_root apt-get update &&
  as_root apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 5 "$log" >&2
  echo "apt could not install these, please install them by hand: ${missing[*]}" >&2
fi
