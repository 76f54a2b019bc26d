#!/usr/bin/env bash
# Makes the virtual environment with what the apps import and the tests need.
# usage: venv.sh PYTHON FOLDER
set -euo pipefail
python="$1" folder="$2"

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
packages=$("$folder/bin/python" - <<'PY'
import re, pathlib
text = pathlib.Path("pyproject.toml").read_text()
lists = re.findall(r"^(?:dependencies|test) = \[(.*)\]$", text, re.M)
print("\n".join(name for found in lists for name in re.findall(r'"([^"]+)"', found)))
PY
)
mapfile -t list <<<"$packages"
"$folder/bin/pip" install --quiet --disable-pip-version-check "${list[@]}" || {
  echo "The packages could not be installed. Is the Python package index reachable? (pip config list shows which one is used.)" >&2
  exit 1
}
touch "$folder/.ready"
