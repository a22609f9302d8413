# shellcheck shell=sh
# Brings in the packages named by "$@" in one apt transaction; does nothing where all are there. A name may
# offer alternatives, as a Depends field does: `systemd-timesyncd|chrony` is content with either and installs
# the first. Runs as root on nodes that may have no Python yet, after a `set -- NAME...`; the last line of
# its output is `present` or `installed NAME...`.
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C

installed=$(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | sed -n 's/^[ih]i  *//p')

is_installed() {
  case "
$installed
" in
    *"
$1
"*) return 0 ;;
  esac
  return 1
}

missing=
for wanted in "$@"; do
  first=${wanted%%|*}
  alternatives=$wanted
  while [ -n "$alternatives" ]; do
    is_installed "${alternatives%%|*}" && continue 2
    case $alternatives in
      *'|'*) alternatives=${alternatives#*|} ;;
      *) alternatives= ;;
    esac
  done
  missing="$missing $first"
done
if [ -z "$missing" ]; then
  echo present
  exit 0
fi

# A first boot may still be busy with apt: cloud-init runs to its end first.
if command -v cloud-init >/dev/null 2>&1; then
  timeout 600 cloud-init status --wait >/dev/null 2>&1 || true
fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT

# What matters most is apt's first error; the others follow from it.
fail() {
  cat "$output" >&2
  echo "$1: $(sed -n 's/^E: //p' "$output" | head -n 1)" >&2
  exit 1
}

update() {
  apt-get update -qq -o APT::Update::Error-Mode=any -o Acquire::Languages=none \
    -o APT::Get::List-Cleanup=false >"$output" 2>&1
}

install() {
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >"$output" 2>&1
}

# Nothing is installed from lists that could not be renewed: on broken ones apt can grow without bound.
# Their lock is the one that apt-get itself does not wait for.
tries=0
until update; do
  tries=$((tries + 1))
  if [ "$tries" -gt 120 ] || ! grep -q 'lists/lock' "$output"; then fail 'apt-get update failed'; fi
  sleep 5
done

# What an interrupted run left half done is completed first.
if [ -n "$(dpkg --audit)" ]; then
  dpkg --configure -a >/dev/null 2>&1 || true
  install --fix-broken || fail 'apt-get could not repair an interrupted installation'
fi
# shellcheck disable=SC2086  # one word a package
install $missing || fail "apt-get could not install$missing"
echo "installed$missing"
