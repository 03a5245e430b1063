#!/bin/sh
# Make .venv/ hold what the locks pin, with their hashes; build it anew unless it is whole.
#
#   tools/environment.sh "PYTHON" LOCK [LOCK]
#
# PYTHON, if not empty, is the one it must be built with; else any that did, or python3 for a new one.
# The first lock is what a run needs; a second one is added to what is there.
set -eu
wanted=$1 lock=$2 more=${3:-}
venv=.venv/bin/python

# What an environment stands and falls with: the version and place of its Python, its own place, which
# the commands in it name, and that this Python looks for its packages where they were put.
state() {
    "$venv" -E -s -c 'import os, sys, sysconfig
assert os.path.isdir(sysconfig.get_path("purelib"))
print(sys.version, os.path.realpath(sys.base_prefix), os.path.realpath(sys.prefix))' 2>/dev/null
}

base_of() {
    "$1" -E -s -c 'import os, sys; print(sys.version, os.path.realpath(sys.base_prefix))' 2>/dev/null
}

# Written last of all, so that a half-built environment has none.
is_whole() {
    [ -f .venv/state ] && [ "$(cat .venv/state)" = "$(state && cat "$lock")" ] &&
        { [ -z "$wanted" ] || [ "$(base_of "$wanted")" = "$(base_of "$venv")" ]; }
}

# Where pip puts packages is ours to say; where it gets them from is the user's.
# pip would compile to bytecode on one core; Python itself compiles what is missing when it needs it.
install() {
    PIP_USER=0 "$venv" -E -s -X utf8 -m pip install --quiet --disable-pip-version-check \
        --no-compile --require-hashes "$@"
    "$venv" -E -s -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
}

if ! is_whole; then
    command -v "${wanted:=python3}" >/dev/null || {
        echo "error: there is no Python $wanted; name another with: make PYTHON=python3.12 ..." >&2
        exit 1
    }
    "$wanted" -E -s -c 'import sys; sys.exit(sys.version_info < (3, 11) and (
        "error: Python 3.11 or newer is needed, this is " + sys.version.split()[0]
        + "; name another with: make PYTHON=python3.12 ..."))'
    echo "Building the environment of $lock in .venv/ (about a minute)"
    rm -f .venv/state .venv/state-more
    "$wanted" -E -s -m venv --clear .venv
    install --requirement "$lock"
    { state && cat "$lock"; } >.venv/state
fi
if [ -n "$more" ] && ! cmp -s "$more" .venv/state-more; then
    echo "Adding $more to it"
    install --requirement "$lock" --requirement "$more"
    cp "$more" .venv/state-more
fi
