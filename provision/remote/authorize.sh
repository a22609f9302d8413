#!/bin/sh
# Lets a public key in: appends it to ~/.ssh/authorized_keys where it is missing. Runs as the login user
# through `sh -s`; the program puts variables in front:
#
#   key='TYPE BASE64 COMMENT'
#
# Prints `key present` or `key added`. Lines that are there stay as they are. The old file stays until the
# new one is whole; where it is a symbolic link the file that it leads to is replaced, and the link stays.

# shellcheck disable=SC2154 # key is the program's
set -u -f
umask 077
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

temporary=
trap '[ -z "$temporary" ] || rm -f "$temporary"' EXIT

give_up() {
  echo "$*" >&2
  exit 1
}

# Whether file $1 has the key, whatever options or comment stand around it.
has_key() {
  words=${key#* }
  [ -r "$1" ] && grep -v '^[[:space:]]*#' "$1" | tr -s '\t\r ' ' ' | sed 's/.*/ & /' |
    grep -qF -- " ${key%% *} ${words%% *} "
}

# sshd takes no key from a place where others can write.
close_to_others() {
  case $(stat -L -c %A "$1") in
    ?????w???? | ????????w?) chmod go-w "$1" || give_up "others can write to $1, and it cannot be changed" ;;
  esac
}

# The whole new file at $temporary.
compose() {
  if [ -e "$file" ]; then
    cp -p "$file" "$temporary" && chmod u+w "$temporary" || return 1
    if [ -n "$(tail -c 1 "$temporary")" ]; then echo >>"$temporary" || return 1; fi
  fi
  printf '%s\n' "$key" >>"$temporary" && [ "$(tail -n 1 "$temporary")" = "$key" ] && sync "$temporary"
}

add_key() {
  temporary=$file.clustermpi.$$
  if ! compose || ! mv -f "$temporary" "$file"; then give_up "$file cannot be written"; fi
  temporary=
}

main() {
  [ -d "${HOME:-}" ] || give_up "the home directory ${HOME:-of the user} does not exist"
  folder=$HOME/.ssh
  [ -d "$folder" ] || mkdir "$folder" || give_up "$folder cannot be made"
  file=$(readlink -f "$folder/authorized_keys") || give_up "$folder/authorized_keys leads nowhere"
  answer=present
  if ! has_key "$file"; then
    add_key
    answer=added
  fi
  close_to_others "$HOME"
  close_to_others "$folder"
  close_to_others "$file"
  if command -v restorecon >/dev/null 2>&1; then restorecon "$folder" "$file" 2>/dev/null; fi
  echo "key $answer"
}

# Our stdin is this script: nobody else may read from it.
main </dev/null
