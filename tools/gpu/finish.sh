#!/usr/bin/env bash
# Here, after `tools/gpu/run.sh train` on a lent machine: what came back becomes a model, and is judged.
#
#   tools/gpu/finish.sh FOLDER [TO [STORE]]
#
# FOLDER has what lay in $OUT there. TO, runs/gpu if not said, gets the checkpoint, the run's log, the
# model and its evaluation. STORE has held-out pairs of the same domains; without it a small one is
# made in TO, of the music that was trained on.
set -euo pipefail
folder=$(realpath "${1:?usage: tools/gpu/finish.sh FOLDER [TO [STORE]]}")
to=$(realpath -m "${2:-$(dirname "$0")/../../runs/gpu}")
store=${3:+$(realpath "$3")}
cd "$(dirname "$0")/../.."

python=${PYTHON:-python3}
[ -n "${PYTHON:-}" ] || [ ! -x .venv/bin/python ] || python=.venv/bin/python
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
umtn() { "$python" -m bridge.cli "$@"; }

mkdir -p "$to"
"$python" tools/gpu/parts.py join "$folder" "$to/last.ckpt"
[ ! -e "$folder/log.tar.xz" ] || tar -C "$to" -xJf "$folder/log.tar.xz"
if [ -z "$store" ]; then
  store=$to/store
  music=.gpu/machine/music.yaml
  [ -e $music ] || music=tools/gpu/music.yaml
  # Enough of it that some is held out, and pairs.
  sed -E 's/minutes: .*/minutes: 8/; s/^  count: 0/  count: 8/; s/chords: 0/chords: 8/' $music > "$to/music.yaml"
  umtn data synth "$to/music.yaml" "$store" --workers "$(nproc)"
fi
umtn export "$to/last.ckpt" -o "$to/model" --store "$store" --force
umtn evaluate "$to/model" "$store" --quick --no-recordings -o "$to/evaluation" --force
echo "checkpoint: $to/last.ckpt"
echo "log:        $to/run/log (tensorboard --logdir $to/run)"
echo "model:      $to/model (umtn translate melody.wav --to violin --model $to/model)"
echo "evaluation: $to/evaluation/index.html"
