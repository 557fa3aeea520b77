#!/bin/sh
# From a bare machine to a running verb: ./bootstrap.sh setup | demo | test | any verb of `just`.
# This part only finds a Python and hands over to tools/bootstrap.py, which does the work.

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1

# Python 3.10 is the oldest that the pinned test and lint packages run on.
for python in python3 python python3.14 python3.13 python3.12 python3.11 python3.10; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
        exec "$python" "$here/tools/bootstrap.py" "$@"
    fi
done

echo "Python 3.10 or newer is missing: install it (Debian and Ubuntu: apt-get install python3 python3-venv), then run this again." >&2
exit 1
