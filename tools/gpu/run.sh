#!/usr/bin/env bash
# On a lent GPU machine, in the root of the sources, with .gpu/ as tools/gpu/prepare.sh made it:
#
#   tools/gpu/run.sh check [SECONDS] [more of tools/gpu/check.py]
#   tools/gpu/run.sh train SECONDS [more of umtn train]
#
# Needs no network and nothing but what is in .gpu/. Both have the machine's cores make the music that
# is trained on, from the first call on; `check` stops them while it times. Everything that is to
# come back lies in $OUT. Ends with another status than 0 where something was not right.
set -uo pipefail
cd "$(dirname "$0")/../.."

base=${UMTN_GPU_BASE:-/tmp/umtn-gpu}
python=${PYTHON:-python3}
export OUT=${OUT:-$base/out}
export PYTHONPATH=$base/site:$PWD PYTHONUNBUFFERED=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export UMTN_SOUNDFONTS=$base/soundfonts XDG_CACHE_HOME=$base/cache
export PATH=$base/fluidsynth/bin:$PATH
mkdir -p "$base" "$OUT"

fail() {
  echo "run.sh: $1" >&2
  exit 1
}

# What is there still comes back.
fail_later() {
  echo "run.sh: $1" >&2
  status=1
}

# nproc heeds OMP_NUM_THREADS, this does not.
cores=$("$python" -c 'import os; print(len(os.sched_getaffinity(0)))') || fail "there is no $python here."

# Unpacks .gpu/machine, once.
set_up() {
  [ ! -e "$base/is-set-up" ] || return 0
  [ -d .gpu/machine ] || fail "there is no .gpu/machine here: run tools/gpu/prepare.sh, and carry it along."
  "$python" -m pip install --quiet --no-index --no-deps --no-compile --no-cache-dir \
    --disable-pip-version-check --upgrade --target "$base/site" .gpu/machine/wheels/*.whl ||
    fail "the wheels cannot be installed; see above."
  # They were made for the Python that prepare.sh was told of.
  "$python" -c "import $(grep -v '^#' tools/gpu/carried.txt | paste -sd,)" ||
    fail "the wheels are for another Python: run prepare.sh with PYTHON_THERE set to this one's version."
  for archive in fluidsynth soundfonts; do
    tar -C "$base" -xJf ".gpu/machine/$archive.tar.xz" || fail "$archive cannot be unpacked."
  done
  # The machine's own libraries are newer; only those that it lacks are wanted.
  ldconfig -p 2>/dev/null | awk '/=>/ {print $1}' | while read -r name; do
    [[ $name == libfluidsynth* ]] || rm -f "$base/fluidsynth/lib/$name"
  done
  mkdir -p "$base/cache/umtn"
  [ ! -e .gpu/machine/kernels.tar.xz ] || tar -C "$base/cache/umtn" -xJf .gpu/machine/kernels.tar.xz ||
    fail "the kernels cannot be unpacked."
  cp .gpu/machine/music.yaml .gpu/machine/settings.yaml "$base/"
  touch "$base/is-set-up"
}

# Begins to make music, in a session of its own, which outlives this call.
start_music() {
  [ ! -e "$base/music.pid" ] || return 0
  LD_LIBRARY_PATH=$base/fluidsynth/lib setsid nice -n 19 "$python" -m bridge.cli data synth \
    "$base/music.yaml" "$base/store" --workers $((cores > 2 ? cores - 2 : cores)) \
    > "$base/music.log" 2>&1 < /dev/null &
  echo $! > "$base/music.pid"
  # A machine that cannot make any says so at once.
  sleep 3
  music_goes_on || [ -e "$base/store/index.json" ] || music_failed
}

music_goes_on() {
  local state
  state=$(awk '/^State:/ {print $2}' "/proc/$(cat "$base/music.pid")/status" 2>/dev/null)
  [ -n "$state" ] && [ "$state" != Z ]
}

music_failed() {
  tail -n 5 "$base/music.log" >&2
  fail_later "there is no music of each domain to train on and to hold back; see above."
}

tell_music() {
  kill "-$1" -- "-$(cat "$base/music.pid")" 2>/dev/null
}

check() {
  local seconds=220
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then
    seconds=$1
    shift
  fi
  benchmarks/on_gpu.sh --quick --seconds "$seconds" --pause "$(cat "$base/music.pid")" "$@" || status=1
  tail -n 1 "$base/music.log"
}

# Whether what is listed of the music by now has some of each domain to train on, and to hold back.
has_music() {
  [ -e "$base/store/index.json" ] && "$python" -c '
import sys
from umtn_core.data.store import Store
from umtn_core.data.synth.recipe_file import load_recipe
store, recipe = Store.open(sys.argv[1]), load_recipe(sys.argv[2])
splits = [(name, split) for name in recipe.domains for split in ("train", "valid")]
sys.exit(not all(name in store.domains and store.files(name, split) for name, split in splits))
' "$base/store" "$base/music.yaml"
}

# Waits for the music: until it is all made, or for half a minute if there is some.
await_music() {
  local began=$SECONDS
  tell_music CONT
  while music_goes_on && [ $((SECONDS - began)) -lt "$1" ]; do
    [ $((SECONDS - began)) -lt 30 ] || ! has_music || break
    sleep 1
  done
  # The cores are the loaders' now.
  tell_music TERM
  has_music || { music_failed; return 1; }
}

# Writes what there is of the run to $OUT: now, and whenever it has saved.
pack() {
  [ -e "$base/run/last.ckpt" ] || return 1
  "$python" tools/gpu/parts.py checkpoint "$base/run/last.ckpt" "$OUT" &&
    tar -C "$base" -cJf "$base/log.tar.xz" run/log run/settings.yaml music.log &&
    cp "$base/log.tar.xz" "$OUT/"
}

keep_packing() {
  local packed=$base/packed
  touch "$packed"
  until [ -e "$base/run-is-over" ]; do
    sleep 1
    [ "$base/run/last.ckpt" -nt "$packed" ] || continue
    touch "$packed"
    pack
  done
}

train() {
  local seconds=$1
  shift
  # Of this call's, set-up included.
  left() { echo $((seconds - SECONDS)); }
  await_music $((seconds / 2)) || return
  local start=()
  if [ -d .gpu/start ]; then
    "$python" tools/gpu/parts.py join .gpu/start "$base/start.ckpt" || { status=1; return; }
    start=(--from "$base/start.ckpt")
  fi
  rm -f "$base/run-is-over" "$OUT/train.log"
  keep_packing &
  local packing=$!
  # It saves often, as the call may be cut off. It neither judges itself nor lets itself be heard: that
  # would take the kernels for processors, which are not built there.
  "$python" tools/gpu/training.py "$(left)" "$OUT/train.log" "$base/settings.yaml" \
    --set "store=$base/store" --set "output=$base/run" --set checkpoint_minutes=0.75 \
    --set judge_every=0 --set listen_every=0 ${start[@]+"${start[@]}"} "$@" ||
    fail_later "the run has not come to its end; see train.log."
  touch "$base/run-is-over"
  wait "$packing"
  pack || fail_later "the run has saved nothing."
  ls -l "$OUT"
}

status=0
what=${1:-}
[ $# -eq 0 ] || shift
case $what in
  check | train)
    # Seconds that are left out, before options, are for check alone.
    [[ ${1:-} =~ ^[0-9]+$ || ($what = check && ${1:---} = --*) ]] ||
      fail "say for how many seconds: tools/gpu/run.sh $what $([ "$what" = check ] && echo 220 || echo 520)"
    set_up
    start_music
    "$what" "$@"
    ;;
  *) fail "say what: check [SECONDS], or train SECONDS." ;;
esac
exit $status
