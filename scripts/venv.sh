#!/usr/bin/env bash
# Makes the virtual environment with what the apps import and the tests need.
# usage: venv.sh PYTHON FOLDER [EXTRA]   (EXTRA: one more list of optional dependencies of pyproject.toml)
set -euo pipefail
python="$1" folder="$2" extra="${3:-test}"

command -v "$python" >/dev/null || {
  echo "'$python' was not found. Install Python 3.10 or newer, or say which one: make PYTHON=/path/to/python3 ..." >&2
  exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' || {
  echo "$("$python" --version) is too old: Python 3.10 or newer is needed. Say which one: make PYTHON=python3.12 ..." >&2
  exit 1
}
echo "== $folder: Python environment ($("$python" --version))"
"$python" -m venv "$folder" || {
  echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv" >&2
  exit 1
}
packages=$("$folder/bin/python" - "$extra" <<'PY'
import re, pathlib, sys
text = pathlib.Path("pyproject.toml").read_text()
lists = re.findall(rf"^(?:dependencies|test|{sys.argv[1]}) = \[(.*)\]$", text, re.M)
print("\n".join(name for found in lists for name in re.findall(r'"([^"]+)"', found)))
PY
)
mapfile -t list <<<"$packages"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${list[@]}" || {
  echo "The packages could not be installed. Is the Python package index reachable? (pip config list shows which one is used.)" >&2
  exit 1
}
touch "$folder/.ready"
