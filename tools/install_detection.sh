#!/usr/bin/env bash
# Install mmcv and mmdet beside the torch that is there; `make detection` calls this with PYTHON=.venv/bin/python.
# No wheel of mmcv fits this torch, so it is compiled. A wheel works with the torch that it was compiled against and no
# other, and pip's own cache does not know that: it is kept in a folder named after the versions of torch and Python.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python}

fail() {
    echo "error: $*" >&2
    exit 1
}

versions=$("$python" -c 'import sys, torch; print(f"torch{torch.__version__}-cp{sys.version_info[0]}{sys.version_info[1]}")') \
    || fail "torch does not import in $python; run \`make demo\` or \`make test\`, which install it first"
kind=cpu
if command -v nvcc > /dev/null && "$python" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())'; then
    kind=cuda
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/restorelab/wheels/$versions-$kind
mmcv=$(grep '^mmcv==' requirements/detection.txt)

find_wheel() {
    find "$cache" -name "mmcv-${mmcv#mmcv==}-*.whl" 2> /dev/null | head -n 1
}

if [ -z "$(find_wheel)" ]; then
    command -v c++ > /dev/null || fail 'mmcv needs a C++ compiler (Debian, Ubuntu: apt-get install g++)'
    include=$("$python" -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
    [ -f "$include/Python.h" ] || fail "mmcv needs the headers of Python, and $include/Python.h is missing" \
        '(Debian, Ubuntu: apt-get install python3-dev)'
    echo "Compiling $mmcv ($kind operators) for $versions: about 8 minutes on 2 cores, once."
    mkdir -p "$cache"
    build=$(mktemp -d "$cache/build.XXXXXX")
    trap 'rm -rf "$build"' EXIT
    [ "$kind" = cuda ] || export CUDA_VISIBLE_DEVICES=
    MAX_JOBS=${MAX_JOBS:-$(nproc)} "$python" -m pip --disable-pip-version-check wheel --quiet --no-build-isolation \
        --no-deps --no-cache-dir --wheel-dir "$build" "$mmcv" > "$build/log" 2>&1 \
        || { tail -n 30 "$build/log" >&2
             fail "$mmcv did not compile; the compiler's last lines are above"; }
    mv "$build"/mmcv-*.whl "$cache"
fi

wheel=$(find_wheel)
echo "Installing $wheel and mmdet"
"$python" -m pip --disable-pip-version-check install --quiet --no-deps --force-reinstall "$wheel"
"$python" -m pip --disable-pip-version-check install --quiet --requirement requirements/detection.txt \
    --constraint requirements/core.txt
"$python" -c 'import mmcv.ops, mmdet' \
    || fail "mmcv or mmdet does not import; remove $wheel and run this again to compile it anew"
