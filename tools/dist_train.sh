#!/usr/bin/env bash
# Train on several processes of one machine: tools/dist_train.sh CONFIG PROCESSES [arguments of tools/train.py]
# One process a GPU; without a GPU the processes share the CPU and talk over gloo.
set -euo pipefail
if [ $# -lt 2 ]; then
    echo "usage: $0 CONFIG PROCESSES [arguments of tools/train.py]" >&2
    exit 2
fi
config=$1
processes=$2
shift 2
exec "${PYTHON:-python}" -m torch.distributed.run --standalone --nproc-per-node="$processes" \
    "$(dirname "$0")/train.py" "$config" --launcher pytorch "$@"
