#!/bin/sh
# Installs the system libraries that VTK and Qt's wheels load, where they are missing and can be installed.
# They are there on every desktop; a bare server or container may lack them.
set -eu

packages="libegl1 libgl1 libglib2.0-0 libxkbcommon0 libdbus-1-3 libfontconfig1 libxrender1 fonts-dejavu-core"
missing=""

if ! command -v dpkg-query >/dev/null 2>&1; then
    exit 0
fi
for package in $packages; do
    # libglib2.0-0 is a virtual name in newer releases.
    if ! dpkg-query -W -f '${Status}\n' "$package" "${package}t64" 2>/dev/null | grep -q "install ok installed"; then
        missing="$missing $package"
    fi
done
if [ -z "$missing" ]; then
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
    echo "These system libraries are missing; if a step below fails, install them:"
    echo "    sudo apt-get install$missing"
fi
