#!/bin/sh
# Proof that a directory is one and the same on all nodes. Runs as the user of the jobs through `sh -s`; the
# program puts variables in front:
#
#   mode=write     on the manager: leaves a file for the others
#   mode=answer    on each of the others: reads it, and leaves one of its own (host=NAME)
#   mode=collect   on the manager: prints the names in the others' files, and removes all of them
#   directory=PATH token=WORD   of this proof alone

# shellcheck disable=SC2154  # all of these are the program's
set -eu
LC_ALL=C
export LC_ALL
file=$directory/.clustermpi-$token

case $mode in
  write) printf '%s\n' "$token" >"$file" ;;
  answer)
    read -r found <"$file"
    [ "$found" = "$token" ]
    printf '%s\n' "$host" >"$file.$host"
    ;;
  collect)
    cat "$file".* 2>/dev/null || true
    rm -f "$file" "$file".*
    ;;
esac
