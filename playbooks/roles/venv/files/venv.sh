# shellcheck shell=sh
# A Python environment of a user's, with packages in it: from the index that pip knows, where one answers and has
# them, else Debian's, which such an environment sees too. Runs as root on a node, after a line of variables: venv
# (a path, `~/` is the user's home), user, mpi (`openmpi` or `mpich`), names of packages, and mode:
#
#   plan   makes the environment where there is none that works; says which packages are missing and how they
#          come. Prints `made`, `index NAME` for pip, `package NAME` for apt; `kept` where nothing is to be done
#   fill   with the variable index, the names for pip, once apt has brought its packages: brings these, tries all
#          of them, and writes down what is there. Prints `filled`
#
# What is there stands in VENV/.clustermpi, a line a file: `PACKAGE SIZE TIME FILE`, with `-` for the package
# where it is the environment's own. Whatever else is in the environment is its user's.
# shellcheck disable=SC2154  # the variables are the role's
set -eu
export LC_ALL=C

state=/var/lib/clustermpi
journal=$state/journal
dpkg_info=/var/lib/dpkg/info

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

home=$(getent passwd "$user" | cut -d: -f6)
[ -n "$home" ] || fail "there is no user $user"
case $venv in [~]/*) venv=$home/${venv#??} ;; esac
list=$venv/.clustermpi

# Pip says the most in lines that begin so.
complaint() { printf '%s\n' "$1" | { grep '^ERROR: ' || printf '%s\n' "$1"; } | tail -n 1 | sed 's/^ERROR: //'; }

as_user() { (cd "$home" && exec runuser -u "$user" -- env HOME="$home" "$@" </dev/null); }
python() { as_user "$venv/bin/python3" "$@"; }

# In the node's journal, before it is done (provision/remote/reset.sh reads it).
note() {
  mkdir -p "$state" && chmod 0755 "$state"
  grep -q -s -x -F -e "$1" "$journal" && return 0
  printf '%s\n' "$1" >>"$journal"
  sync "$journal"
}

# --- What is there

# `SIZE TIME FILE` of the files on stdin.
look_at() { (cd "$venv" && xargs -r -d '\n' stat -c '%s %Y %n' 2>/dev/null) || true; }

listed() { awk -v package="$1" '$1 == package { sub(/^[^ ]* /, ""); print }' "$list" 2>/dev/null || true; }

is_whole() {
  known=$(listed "$1")
  [ -n "$known" ] && [ "$known" = "$(printf '%s\n' "$known" | cut -d' ' -f3- | look_at)" ]
}

# After an upgrade of the system python3 is another one, and looks for packages elsewhere.
works() {
  [ -x "$venv/bin/python3" ] && [ -d "$venv/lib/$(basename "$(readlink -f "$venv/bin/python3")")/site-packages" ] &&
    is_whole -
}

# What mpi4py was compiled for; the last line of what it says instead where it does not load.
mpi_of_mpi4py() {
  python -c 'import mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
print(MPI.get_vendor()[0])' 2>&1 | tail -n 1
}

wanted_mpi() { case $mpi in mpich) echo MPICH ;; *) echo 'Open MPI' ;; esac; }

is_missing() {
  is_whole "$1" || return 0
  [ "$1" = mpi4py ] && [ "$(mpi_of_mpi4py)" != "$(wanted_mpi)" ]
}

# --- Where packages come from

# No time is lost on an index that did not answer once. Pip tells of answers, and of what it got none for, to
# those alone who want to know very much.
index_is_silent=
in_index() {
  [ -z "$index_is_silent" ] || return 1
  said=$(python -m pip -vv --disable-pip-version-check --retries 0 --timeout 5 index versions "$1" 2>&1) && return 0
  case $said in *' HTTP/1.'*) ;; *) index_is_silent=yes ;; esac
  return 1
}

debian_name() { printf 'python3-%s\n' "$1" | tr '[:upper:]_' '[:lower:]-'; }

no_index() {
  if [ -n "$index_is_silent" ]; then echo 'no package index answers'; else echo "no package index has $1"; fi
}
remedy='below [python], or show pip a way to an index in /etc/pip.conf'

from_debian() {
  package=$(debian_name "$1")
  apt-cache show "$package" >/dev/null 2>&1 ||
    fail "$(no_index "$1"), and Debian has no $package: take $1 out of packages $remedy"
  if [ "$1" = mpi4py ] && ! apt-cache depends "$package" | grep -q "Depends: lib$mpi"; then
    fail "$(no_index "$1"), and Debian's $package is not for $(wanted_mpi): take $1 out of packages $remedy"
  fi
  by_apt "$package"
}

by_apt() {
  for package in "$@"; do
    note "asked venv - $package"
    echo "package $package"
  done
}

# --- The environment itself

make_folder() {
  [ ! -d "$1" ] || return 0
  make_folder "${1%/*}"
  note "folder absent - $1"
  mkdir "$1"
  case $1 in "$home"/*) chown "$user:" "$1" ;; esac
}

make_environment() {
  if [ -e "$venv" ] || [ -h "$venv" ]; then
    grep -q -s -x -F -e "tree absent - $venv" "$journal" ||
      fail "$venv is there, and clustermpi did not make it: move it away, or write another venv below [python]"
  else
    make_folder "${venv%/*}"
    note "tree absent - $venv"
    mkdir "$venv"
  fi
  chown "$user:" "$venv"
  rm -f "$list" "$venv"/bin/python*
  said=$(as_user /usr/bin/python3 -m venv --system-site-packages "$venv" 2>&1) ||
    fail "no Python environment can be made in $venv: $(complaint "$said")"
}

plan() {
  did=kept
  if ! works; then
    make_environment
    did=made
  fi
  for name in $names; do
    is_missing "$name" || continue
    did=made
    if in_index "$name"; then
      echo "index $name"
      [ "$name" != mpi4py ] || by_apt gcc python3-dev "lib$mpi-dev"
    else
      from_debian "$name"
    fi
  done
  # shellcheck disable=SC2086  # one word a name
  asked=$(printf '%s\n' - $names | sort -u)
  [ "$(cut -d' ' -f1 "$list" 2>/dev/null | sort -u)" = "$asked" ] || did=made
  echo "$did"
}

# Without a cache: it may have what was compiled for another MPI.
bring_by_pip() {
  own=
  [ "$1" != mpi4py ] || own='--no-binary mpi4py --no-cache-dir'
  # shellcheck disable=SC2086  # options
  said=$(as_user env MPICC="/usr/bin/mpicc.$mpi" "$venv/bin/python3" -m pip --disable-pip-version-check install \
    --force-reinstall $own "$1" 2>&1) || fail "pip cannot install $1: $(complaint "$said")"
}

try() {
  python -c 'import importlib.metadata, sys; importlib.metadata.version(sys.argv[1])' "$1" 2>/dev/null ||
    fail "$1 is installed, but the Python of $venv does not find it"
  [ "$1" = mpi4py ] || return 0
  said=$(mpi_of_mpi4py)
  [ "$said" = "$(wanted_mpi)" ] || fail "mpi4py is not for $(wanted_mpi): $said"
}

# Of a package in the environment its upper files, which tell whether it is whole; of Debian's, dpkg's own note,
# which is another one after every change.
files_of() {
  inside=$(python -c '
import importlib.metadata, os, sys
found = importlib.metadata.distribution(sys.argv[1])
folder = os.path.relpath(found.locate_file(""), sys.prefix)
for file in found.files or [] if not folder.startswith("..") else []:
    if str(file).count("/") < 2 and not str(file).startswith("..") and file.suffix != ".pyc":
        print(os.path.join(folder, file))' "$1")
  if [ -n "$inside" ]; then
    printf '%s\n' "$inside"
  else
    package=$(debian_name "$1")
    for file in "$dpkg_info/$package.list" "$dpkg_info/$package":*.list; do
      [ ! -e "$file" ] || printf '%s\n' "$file"
    done
  fi
}

fill() {
  for name in $index; do bring_by_pip "$name"; done
  for name in $names; do try "$name"; done
  {
    printf 'pyvenv.cfg\nbin/python3\n' | look_at | sed 's/^/- /'
    for name in $names; do files_of "$name" | look_at | sed "s/^/$name /"; done
  } >"$list.new"
  mv -f "$list.new" "$list"
  echo filled
}

"$mode"
