#!/bin/sh
# Lets a user call sudo without a password. Runs as root through `sh -s`; the program puts variables in
# front:
#
#   user=NAME   of letters, digits and ._- only
#
# A mistake in a file of sudo's would lock everybody out: visudo looks at it before it gets its name. Until
# then its name has a dot, for which sudo passes it over.

# shellcheck disable=SC2154 # user is the program's
set -u -f
umask 077
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

folder=/etc/sudoers.d
file=$folder/clustermpi-$(printf '%s' "$user" | tr . _)
temporary=$folder/.clustermpi.$$
trap 'rm -f "$temporary" 2>/dev/null' EXIT

main() {
  mkdir -p "$folder" || return 1
  printf '# Written by clustermpi bootstrap.\n%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$user" >"$temporary" || return 1
  visudo -cqf "$temporary" || return 1
  chmod 0440 "$temporary" && sync "$temporary" && mv -f "$temporary" "$file"
}

# Our stdin is this script: nobody else may read from it.
main </dev/null
