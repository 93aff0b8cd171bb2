#!/bin/sh
# Prints a line "3.8 COMMAND" for each Python version a wheel is for, "3.8 -" where it is not installed. On the PATH or under pyenv.
set -eu

works() { "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$2')" >/dev/null 2>&1; }

pyenv=
if command -v pyenv >/dev/null 2>&1; then
    pyenv=$(pyenv root)/versions
fi
for version in 3.8 3.9 3.10 3.11 3.12 3.13; do
    found=-
    for candidate in ${pyenv:+"$pyenv/$version".*/bin/python} "python$version"; do
        if works "$candidate" "$version"; then
            found=$(command -v "$candidate")
            break
        fi
    done
    echo "$version $found"
done
