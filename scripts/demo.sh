#!/bin/bash
# From a fresh Debian 12 to a verified four-node cluster: installs what clustermpi needs, builds it, boots
# a lab of virtual nodes and runs `clustermpi up` on it. The lab stays up for you to play with.
set -euo pipefail
cd "$(dirname "$0")/.."

usage='usage: scripts/demo.sh [--nodes N]    (as root; default: 4 nodes)'
nodes=4
while (($# > 0)); do
  case $1 in
    --nodes) nodes=${2:?"$usage"}; shift 2 ;;
    -h | --help) echo "$usage"; exit 0 ;;
    *) printf "demo: '%s' is no option\n%s\n" "$1" "$usage" >&2; exit 2 ;;
  esac
done
if ((EUID != 0)); then
  echo "demo: virtual nodes need root: run it as sudo $0" >&2
  exit 1
fi

begin=$SECONDS
scripts/install-deps.sh --run --build
cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release
clustermpi=$PWD/build/release/clustermpi
built=$SECONDS

# The first of demo, demo2, demo3, ... that nobody uses.
taken=$("$clustermpi" lab list)
name=demo
for ((i = 2; ; ++i)); do
  grep -Eq "(^|[[:space:]])$name([[:space:]]|$)" <<<"$taken" || break
  name=demo$i
done

dir=$PWD/build/$name
mkdir -p "$dir"
cd "$dir"
"$clustermpi" lab up --nodes "$nodes" --name "$name"
booted=$SECONDS
"$clustermpi" up
verified=$SECONDS

cat <<END

From nothing to a verified cluster in $((verified - begin)) s: $((built - begin)) s to install and build,
$((booted - built)) s for the lab, $((verified - booted)) s for \`clustermpi up\`.

The lab is still up, its inventory is $dir/cluster.toml:
  cd $dir
  $clustermpi run -n 4 -- hostname
  $clustermpi lab down $name      # when you have seen enough
END
