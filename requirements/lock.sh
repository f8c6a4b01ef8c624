#!/bin/sh
# Writes the lock files anew from pyproject.toml: exact versions with hashes, no download addresses.
set -eu
cd "$(dirname "$0")"
compile() {
    ../.venv/bin/pip-compile --quiet --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        --no-emit-options --strip-extras --generate-hashes "$@" ../pyproject.toml
}
compile --allow-unsafe --output-file base.lock
compile --allow-unsafe --extra dev --constraint base.lock --output-file dev.lock
# torch is left out: which build suits a machine is its owner's choice (`make run TORCH=…`).
compile --unsafe-package torch --unsafe-package setuptools --extra image --constraint base.lock --output-file image.lock
