#!/bin/sh
# Makes build/venv with the packages of tests/python/requirements.txt (pinned oracles and pytest); does nothing when it is up to date.
set -eu
cd "$(dirname "$0")/.."

wanted="$(python3 -c 'import sys; print(sys.version)' | cksum) $(cksum <tests/python/requirements.txt)"
if [ -x build/venv/bin/python ] && [ "$(cat build/venv/.installed 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi
rm -rf build/venv
mkdir -p build
echo "making build/venv"
python3 -m venv build/venv
build/venv/bin/python -m pip install --quiet --requirement tests/python/requirements.txt
echo "$wanted" >build/venv/.installed
