#!/usr/bin/env bash
# Install mmcv and mmdet beside the torch that is there; `make detection` calls this with PYTHON=.venv/bin/python.
# mmcv has no wheel for this torch. mmcv-lite is the same package without compiled operators, and restorelab computes
# those that detectors need by torchvision (restorelab/ops/mmcv_ext.py). An mmcv that is there already is kept.
# With --compile (`make detection-compiled`), mmcv is compiled with all of its operators. A wheel works with the torch
# that it was compiled against and no other, and pip's own cache does not know that: it is kept in a folder named after
# the versions of torch and Python.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}

fail() {
    echo "error: $*" >&2
    exit 1
}

run_pip() {
    "$python" -m pip --disable-pip-version-check "$@"
}

installed() {
    "$python" -c "from importlib.metadata import version; version('$1')" 2> /dev/null
}

versions=$("$python" -c 'import sys, torch; print(f"torch{torch.__version__}-cp{sys.version_info[0]}{sys.version_info[1]}")') \
    || fail "torch does not import in $python; run \`make demo\` or \`make test\`, which install it first"
[ $# -eq 0 ] || [ "$*" = --compile ] || fail "unknown argument $*; the only one is --compile"

compile_mmcv() {
    local kind=cpu mmcv include
    if command -v nvcc > /dev/null && "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
        kind=cuda
    fi
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/restorelab/wheels/$versions-$kind
    mmcv=$(grep '^mmcv-lite==' requirements/detection.txt)
    mmcv=mmcv==${mmcv#mmcv-lite==}
    mkdir -p "$cache"
    find_wheel "${mmcv#mmcv==}"
    [ -z "$wheel" ] || return 0
    command -v c++ > /dev/null || fail 'mmcv needs a C++ compiler (Debian, Ubuntu: apt-get install g++)'
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    [ -f "$include/Python.h" ] || fail "mmcv needs the headers of Python, and $include/Python.h is missing" \
        '(Debian, Ubuntu: apt-get install python3-dev)'
    echo "Compiling $mmcv ($kind operators) for $versions: about 8 minutes on 2 cores, once."
    build=$(mktemp -d "$cache/build.XXXXXX")
    trap 'rm -rf "$build"' EXIT
    [ "$kind" = cuda ] || export CUDA_VISIBLE_DEVICES=
    MAX_JOBS=${MAX_JOBS:-$(nproc)} run_pip wheel --quiet --no-build-isolation --no-deps --no-cache-dir \
        --wheel-dir "$build" "$mmcv" > "$build/log" 2>&1 \
        || { tail -n 30 "$build/log" >&2
             fail "$mmcv did not compile; the compiler's last lines are above"; }
    mv "$build"/mmcv-*.whl "$cache"
    find_wheel "${mmcv#mmcv==}"
}

find_wheel() {
    wheel=$(find "$cache" -name "mmcv-$1-*.whl" | head -n 1)
}

hint='run this again'
if [ $# -eq 1 ]; then
    compile_mmcv
    echo "Installing $wheel and mmdet"
    ! installed mmcv-lite || run_pip uninstall --quiet --yes mmcv-lite
    run_pip install --quiet --no-deps --force-reinstall "$wheel"
    hint="remove $wheel and run this again to compile it anew"
elif installed mmcv; then
    echo 'An mmcv with compiled operators is installed; it is kept'
else
    run_pip install --quiet --requirement requirements/detection.txt --constraint requirements/core.txt
fi
if installed mmcv; then  # mmcv-lite would write into the folder of mmcv
    grep -v '^mmcv-lite' requirements/detection.txt \
        | run_pip install --quiet --requirement /dev/stdin --constraint requirements/core.txt
fi
"$python" -c 'import restorelab, mmcv.ops, mmdet' || fail "mmcv or mmdet does not import; $hint"
