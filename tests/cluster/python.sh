#!/bin/bash
# A Python environment on every host: made, proven over all hosts by mpirun and by srun, put right where it was
# broken by hand, and taken away again; packages from an index where there is one, else from Debian.
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

venv=/home/pi/ENV3
expect_changes() {  # HOST CHANGE...: those of the last run's document, of the step python
  local host=$1
  shift
  expect_equal "changes on $host" "$(printf '%s\n' "$@")" \
    "$(json '"\n".join(c["what"] for s in d["steps"] if s["name"] == "python" for c in s["changes"] if c["host"] == "'"$host"'")')"
}

start_lab --slurm --nodes 2
run install python
expect_status 3
expect_equal "without a table" "the inventory does not ask for Python
  add a line [python] to it" "$err"
run verify --python
expect_status 3

printf '\n[python]\n' >>cluster.toml
run install python --dry-run --json
expect_status 0
expect_changes "$(node 2)" "make the Python environment ~/ENV3"
expect_json 'any("python3-venv" in c["what"] for s in d["steps"] if s["name"] == "install" for c in s["changes"])' true
on 1 "test ! -e $venv" || die "a dry run made it"

say "a folder of the user's is left alone"
on 2 "mkdir $venv && touch $venv/mine"
run install python
expect_status 4
expect_in_err "$(node 2): Look for Python's packages: $venv is there, and clustermpi did not make it: move it away, \
or write another venv below [python]"
on 2 "test -e $venv/mine && rm -r $venv" || die "the user's file is gone"

run install all
expect_status 0
expect_in_err "mpi4py from Debian"
expect_equal "whose it is" pi "$(on 2 "stat -c %U $venv $venv/pyvenv.cfg | sort -u")"
run install all --json
expect_status 0
expect_json 'd["changed"]' false

run verify --python --json
expect_status 0
expect_json '{p: v["ok"] for p, v in d["verification"].items()}' '{"helloworld": true, "ringtest": true}'
expect_json 'd["verification"]["helloworld"]["figures"]["hosts"]' 2
expect_json 'len({v["figures"]["size"] for v in d["verification"].values()})' 1
expect_json '[v["ok"] for v in d["verification_via"]["srun"].values()]' '[true, true]'

say "broken by hand: named by verify, put right by install"
on 2 "rm -r $venv"
run verify --python --via mpirun
expect_status 5
expect_in_err "$(node 2): there is no Python environment ~/ENV3: \`clustermpi install python\` makes it"
on 1 "sed -i '/^include-system/s/true/false/' $venv/pyvenv.cfg"
run verify --python --via mpirun
expect_status 5
expect_in_err "$(node 1): mpi4py does not load in ~/ENV3: \`clustermpi install python\` puts it right"
run install python --json
expect_status 0
expect_changes "$(node 1)" "put the Python environment ~/ENV3 right: packages in it changed or went"
expect_changes "$(node 2)" "make the Python environment ~/ENV3 again: it is gone, or its Python is"
run verify --python --via mpirun
expect_status 0

say "a package that nobody has"
sed -i 's/^\[python\]/&\npackages = ["mpi4py", "no_such"]/' cluster.toml
run install python
expect_status 4
expect_in_err "$(node 2): Look for Python's packages: no package index answers, and Debian has no python3-no-such: take \
no_such out of packages below [python], or show pip a way to an index in /etc/pip.conf"
sed -i '/no_such/d' cluster.toml

run reset python --yes --json
expect_status 0
expect_json '"remove '$venv' with all that is in it" in d["hosts"]["'"$(node 1)"'"]["changes"]' true
on 1 "test ! -e $venv && ! dpkg -s python3-mpi4py" >/dev/null 2>&1 || die "the environment is still there"
run run -n 2 -- hostname
expect_status 0 "mpirun after reset python"
