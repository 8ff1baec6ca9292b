#!/usr/bin/env bash
# Everything about the CUDA engine on a machine with an NVIDIA GPU, in one command: builds the
# kernels, checks them against the reference, then times all engines. Needs no network; takes about
# ten minutes. The table comes last, and is also written to $OUT/gpu.txt where OUT is set.
#
#   benchmarks/on_gpu.sh [--quick]
#
# Takes the Python of .venv if there is one, else $PYTHON, else python3, with what packages that
# has, and says which are missing.
set -uo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "on_gpu.sh: $1" >&2
  exit 1
}

python=${PYTHON:-python3}
[ -x .venv/bin/python ] && .venv/bin/python -c 'import numpy' 2>/dev/null && python=.venv/bin/python
command -v "$python" >/dev/null || fail "there is no Python here; install Python 3.10 or later."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
  fail "$python is older than 3.10; name another by PYTHON=..."

# The package of the module "pytest" is of the same name, and so on.
missing=$("$python" - <<'END'
import importlib.util
modules = ("cffi click msgspec numpy onnxruntime onnx platformdirs pytest hypothesis torch soxr "
           "pedalboard rich")
print(*(m for m in modules.split() if importlib.util.find_spec(m) is None))
END
)
[ -z "$missing" ] || fail "Python packages are missing: $missing."

"$python" -c 'import ctypes; ctypes.CDLL("libcuda.so.1")' 2>/dev/null ||
  fail "there is no NVIDIA GPU here (libcuda.so.1 cannot be loaded); run this on a machine that has one."

out=${OUT:-$(mktemp -d)}
mkdir -p "$out"
image=$out/umtn_decode.fatbin
if nvcc=$(command -v nvcc || ls /usr/local/cuda/bin/nvcc 2>/dev/null); then
  echo "compiling the kernels with $nvcc"
  # For this machine's chip alone: the whole set takes minutes.
  "$nvcc" -std=c++17 -fatbin -arch=native umtn_core/native/cuda/decode.cu -o "$image" ||
    fail "the kernels do not compile; see above."
  export UMTN_CUDA_IMAGE=$image
else
  echo "no nvcc here: the kernels will be compiled by NVRTC"
fi

export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1
"$python" -c '
from umtn_core.native.cuda.driver import open_device
device = open_device()
print(device.name, device.capability, device.multiprocessors, "multiprocessors,",
      device.shared_bytes, "bytes of shared memory,", device.free_bytes() >> 20, "MB free")' ||
  fail "the GPU cannot be used; see above."

echo "checking against the reference"
"$python" -m pytest -q -m gpu -p no:cacheprovider tests/umtn_core/decode 2>&1 | tee "$out/tests.log" |
  tail -n 15
checked=${PIPESTATUS[0]}

echo "timing"
"$python" benchmarks/gpu_engines.py "$@" 2>&1 | tee "$out/gpu.txt"
timed=${PIPESTATUS[0]}
rm -f "$image"
[ "$checked" -eq 0 ] || fail "the GPU does not compute what the reference does: do not believe the figures."
exit "$timed"
