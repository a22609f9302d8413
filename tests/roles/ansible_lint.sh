#!/bin/sh
# In a copy: ansible-lint writes beside what it reads, and its syntax check needs an inventory of its own.
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$source/playbooks" "$source/templates" "$copy"
cd "$copy/playbooks"
rm ansible.cfg # the program's: ansible-lint runs Ansible in its own way
HOME=$copy ansible-lint -c "$source/tests/roles/ansible-lint.yml" --nocolor mpi.yml python.yml
