#!/usr/bin/env bash
# Here, before the first call to a lent GPU machine: all that it lacks, into the ignored folder .gpu/.
#
#   tools/gpu/prepare.sh [--from CHECKPOINT] [--settings FILE] [--music FILE]
#
# .gpu/machine has wheels, FluidSynth, soundfonts, the kernels compiled, and the settings of the run
# and its music; .gpu/start has the checkpoint that the run goes on from, if one is named. What is
# there already and still right is kept. README.md beside this file says what to do with them.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
  echo "prepare.sh: $1" >&2
  exit 1
}

checkpoint= settings=examples/train_gpu.yaml music=tools/gpu/music.yaml
while [ $# -gt 0 ]; do
  [ $# -gt 1 ] || fail "$1 needs a file after it."
  case $1 in
    --from) checkpoint=$2 ;;
    --settings) settings=$2 ;;
    --music) music=$2 ;;
    *) fail "there is no option $1; there are --from, --settings and --music." ;;
  esac
  [ -f "$2" ] || fail "there is no file $2."
  shift 2
done

python=${PYTHON:-python3}
[ -n "${PYTHON:-}" ] || [ ! -x .venv/bin/python ] || python=.venv/bin/python
# The lent machine's.
python_there=${PYTHON_THERE:-3.12}
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}

missing=()
"$python" -c 'import msgspec, yaml' 2>/dev/null || missing+=("umtn[train] for $python, as \`make test\` does in .venv")
"$python" -m pip --version >/dev/null 2>&1 || missing+=("pip for $python")
for command in fluidsynth xz tar ldd; do
  command -v "$command" >/dev/null || missing+=("$command")
done
[ ${#missing[@]} -eq 0 ] || fail "please install first: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')."

"$python" tools/gpu/start.py "$settings" "$music" || fail "the run cannot begin; see above."

machine=.gpu/machine
mkdir -p $machine
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# current NAME KEY: whether a part of .gpu is there and was made of what KEY says.
current() {
  compgen -G "$machine/$1*" >/dev/null && [ "$(cat ".gpu/$1.made-of" 2>/dev/null)" = "$2" ]
}
made() {
  echo "$2" > ".gpu/$1.made-of"
  echo "made $1"
}

key="$python_there $(sha256sum < tools/gpu/carried.txt)"
if ! current wheels "$key"; then
  rm -rf $machine/wheels
  # pip compares platforms exactly, so all that wheels are named by.
  platforms=(manylinux_2_{28,27,24,17,12,5}_x86_64 manylinux2014_x86_64 manylinux2010_x86_64
    manylinux1_x86_64)
  "$python" -m pip download --quiet --no-deps --only-binary=:all: --implementation cp \
    --python-version "$python_there" "${platforms[@]/#/--platform=}" --dest $machine/wheels \
    --requirement tools/gpu/carried.txt || fail "the wheels cannot be had; see above."
  made wheels "$key"
fi

program=$(command -v fluidsynth)
# The whole library, by the name that programs are linked with.
library=$(ldd "$program" | awk '/libfluidsynth/ {print $3}')
[ -n "$library" ] || fail "$program has no libfluidsynth of its own; install Debian's fluidsynth."
key=$(sha256sum "$program" "$library" | sha256sum)
if ! current fluidsynth "$key"; then
  mkdir -p "$scratch/fluidsynth/lib" "$scratch/fluidsynth/bin"
  cp "$program" "$scratch/fluidsynth/bin/fluidsynth.real"
  # With all libraries but the C and C++ ones, which belong to the machine.
  ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// {print $1, $3}' | while read -r name file; do
    case $name in
      libc.so* | libm.so* | libpthread.so* | libdl.so* | librt.so* | libgcc_s.so* | libstdc++.so*) ;;
      *) cp -L "$file" "$scratch/fluidsynth/lib/$name" ;;
    esac
  done
  # By this name Python's ctypes looks for it.
  ln -s "$(basename "$library")" "$scratch/fluidsynth/lib/libfluidsynth.so"
  cat > "$scratch/fluidsynth/bin/fluidsynth" <<'EOF'
#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd)
LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/bin/fluidsynth.real" "$@"
EOF
  chmod +x "$scratch"/fluidsynth/bin/*
  tar -C "$scratch" -cJf $machine/fluidsynth.tar.xz fluidsynth
  made fluidsynth "$key"
fi

key=$(sha256sum < "$music")
if ! current soundfonts "$key"; then
  "$python" tools/gpu/soundfonts.py "$music" "$scratch/soundfonts" || fail "a soundfont is missing."
  tar -C "$scratch" -c soundfonts | xz -T0 > $machine/soundfonts.tar.xz
  made soundfonts "$key"
fi

# Named by the sources' fingerprint; from the user's cache if they were compiled before. One of them
# counts what its cycles go to.
compile='from tools.gpu.device import image
for counting in (False, True):
    print(image("90", counting=counting) or "")'
kernels=$(env -u UMTN_CUDA_IMAGE "$python" -c "$compile") || fail "the kernels do not compile; see above."
key=$(basename -a ${kernels:-none})
if [ -z "$kernels" ]; then
  rm -f $machine/kernels.tar.xz
  echo "there is no nvcc here: the kernels will be compiled there, in a minute"
elif ! current kernels "$key"; then
  mkdir "$scratch/kernels"
  cp $kernels "$scratch/kernels/"
  tar -C "$scratch" -cJf $machine/kernels.tar.xz kernels
  made kernels "$key"
fi

cp "$settings" $machine/settings.yaml
cp "$music" $machine/music.yaml
rm -rf .gpu/start
if [ -n "$checkpoint" ]; then
  "$python" tools/gpu/start.py "$settings" "$music" "$checkpoint" .gpu/start ||
    fail "the run cannot begin with $checkpoint."
fi

megabytes() { du -sm --apparent-size "$@" | cut -f1; }
tree=$(git ls-files -co --exclude-standard -z | du -cm --apparent-size --files0-from=- 2>/dev/null | tail -n 1 | cut -f1)
start=$([ ! -d .gpu/start ] || megabytes .gpu/start)
together=$((tree + $(megabytes $machine))) start=${start:-0}
echo ".gpu/machine has $((together - tree)) MB, .gpu/start $start, the sources $tree."
[ "$together" -le 64 ] ||
  fail "sources and .gpu/machine are more than 64 MB, which is what may travel: carry less music."
[ $((tree + start)) -le 64 ] ||
  fail "sources and .gpu/start are more than 64 MB, which is what may travel: begin with a smaller network."
[ $((together + start)) -le 64 ] ||
  echo "all of it is more than the 64 MB of one call: carry .gpu/machine with check, and .gpu/start with train"
