#!/bin/bash
# clustermpi is started on the manager itself, by its ordinary user, from an installed prefix: no laptop is part
# of it. It manages the node that it runs on like the others.
source_folder=$(realpath "$(dirname "$0")/../..")
source "$(dirname "$0")/lib.sh"

start_lab --slurm --nodes 2
root=$(node_root 1)
cmake --install "$(dirname "$CLUSTERMPI")" --prefix "$root/opt/clustermpi" >"$work/install" 2>&1 || die "$(<"$work/install")"
install -d "$root/opt/deps"
cp "$source_folder/scripts/install-deps.sh" "$root/opt/deps/"
on 1 'apt-get update -qq && /opt/deps/install-deps.sh --run' >"$work/deps" 2>&1 || die "$(tail -n 5 "$work/deps")"
cp ".clustermpi/${lab}_ed25519" "$root/home/pi/.ssh/id_ed25519"
on 1 "chown pi: /home/pi/.ssh/id_ed25519; chmod 600 /home/pi/.ssh/id_ed25519"

# as_pi COMMAND: on the manager, as its user.
as_pi() {
  say "pi@$(node 1): $1"
  status=0
  out=$(on 1 "su - pi -c 'cd; $1'" 2>"$work/err") || status=$?
  err=$(<"$work/err")
}
addresses=$(grep -o '^address = "[^"]*"' cluster.toml | cut -d'"' -f2 | paste -sd,)
as_pi "/opt/clustermpi/bin/clustermpi init \"$(node 1),$(node 2)=$addresses\" --user pi"
expect_status 0
as_pi '/opt/clustermpi/bin/clustermpi up --json'
expect_status 0
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 2
as_pi 'srun -N2 hostname | sort'
expect_equal "where srun ran" "$(node 1) $(node 2)" "$(xargs <<<"$out")"
as_pi '/opt/clustermpi/bin/clustermpi up --json'
expect_status 0
expect_json 'd["changed"]' false
