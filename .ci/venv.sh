#!/usr/bin/env bash
# Make or refresh .venv from a lock file: `.ci/venv.sh run|dev|bench`. Nothing is done twice for the same lock.
set -euo pipefail
cd "$(dirname "$0")/.."
lock=requirements/$1.lock

python_of() {
  for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    [ -n "$name" ] && "$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$name"; return; }
  done
  echo "Testigo needs Python 3.11 or newer with venv and pip (Debian: python3-venv): none was found (set PYTHON=...)." >&2
  exit 1
}

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  python=$(python_of)
  "$python" -m venv --clear .venv
fi
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
stamp="$(.venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$lock")"

# A larger lock serves the smaller one: dev contains run.
if ! grep -qsx "$stamp" .venv/locks; then
  echo "installing $lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
  for name in run dev bench; do
    .venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "requirements/$name.lock"
    [ "$name" = "$1" ] && break
  done >>.venv/locks
fi

# The package itself runs from this folder: one line of path, and the command.
pwd >"$site/testigo.pth"
if [ ! -x .venv/bin/testigo ]; then
  printf '#!%s\nimport sys\n\nfrom intake.cli import main\n\nsys.exit(main())\n' "$PWD/.venv/bin/python" >.venv/bin/testigo
  chmod +x .venv/bin/testigo
fi

# Compiled translations are made, not kept.
for po in intake/translations/*/LC_MESSAGES/messages.po; do
  [ -e "$po" ] || continue
  [ "${po%.po}.mo" -nt "$po" ] && continue
  # A catalogue marked fuzzy is skipped without a failure: look whether anything was made.
  .venv/bin/pybabel -q compile -d intake/translations >/dev/null 2>&1 && [ "${po%.po}.mo" -nt "$po" ] \
    || { echo "the translations do not compile: $po" >&2; exit 1; }
done
