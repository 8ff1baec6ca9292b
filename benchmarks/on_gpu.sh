#!/usr/bin/env bash
# Everything about the CUDA engine on a machine with an NVIDIA GPU, in one command: finds or builds
# the kernels, checks them against the reference, then times plans and engines. Needs no network;
# takes about ten minutes. The verdict comes last; all logs lie in $OUT, where OUT is set.
#
#   benchmarks/on_gpu.sh [--quick] [--seconds 900] [more of tools/gpu/check.py]
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

# Each package is named as its module. A test that needs more is named as not run.
missing=$("$python" - <<'EOF'
import importlib.util
modules = ("cffi msgspec numpy onnxruntime onnx pedalboard platformdirs psutil pytest soxr torch "
           "yaml")
print(*(m for m in modules.split() if importlib.util.find_spec(m) is None))
EOF
)
[ -z "$missing" ] || fail "Python packages are missing: $missing."

# In the sources' own folder, whatever umtn is installed.
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH} PYTHONUNBUFFERED=1
exec "$python" tools/gpu/check.py "$@"
