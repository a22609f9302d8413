#!/bin/sh
# The scripts that run on nodes: POSIX sh, and clean.
set -eu
cd "$(dirname "$0")/../.."
exec shellcheck --shell=sh provision/remote/*.sh playbooks/roles/*/files/*.sh
