# shellcheck shell=sh
# Brings in the packages named by "$@" in one apt transaction; does nothing where all are there. A name may
# offer alternatives, as a Depends field does: `systemd-timesyncd|chrony` is content with either and installs
# the first. Runs as root on nodes that may have no Python yet, after a `set -- NAME...` and, where the
# packages' programs leave things behind, `leftovers='PATH ...'`; the last line of its output is `present` or
# `installed NAME...`.
#
# What is added is written to the node's journal before it is added, so that it can be taken away again
# (provision/remote/reset.sh reads it and says what its lines are). Only what dpkg did not have before counts:
# apt hands over its list when it is about to call dpkg.
set -eu
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a LC_ALL=C
state=/var/lib/clustermpi
export journal="$state/journal"
accounts_before=$state/accounts.before

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

# Accounts that packages make for their services have such numbers; those of people are never ours.
accounts() {
  awk -F: '$3 < 1000 || $3 >= 60000 { print "user - - " $1 }' /etc/passwd
  awk -F: '$3 < 1000 || $3 >= 60000 { print "group - - " $1 }' /etc/group
}

journal_accounts() {
  accounts | grep -v -x -F -f "$accounts_before" >>"$journal" || true
  sync "$journal"
  rm -f "$accounts_before"
}

# An installation that was cut off left this.
if [ -e "$accounts_before" ]; then journal_accounts; fi

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

# For apt to run, in the third version of its protocol: a line for each package has name, the version that is
# there with its architecture and kind, a sign, the same of the new one, and the file. A package that was
# removed but not purged has settings that are not ours.
journal_packages=$(
  cat <<'END'
awk '
  NF == 9 && $2 == "-" && $9 ~ /^\// {
    name = $1 ($7 == ENVIRON["native"] || $7 == "all" ? "" : ":" $7)
    print "package", (index(ENVIRON["configured"], " " $1 " ") ? "configured" : "new"), \
      (index(ENVIRON["asked"], " " $1 " ") ? "asked" : "needed"), name
  }' >>"$journal" && sync "$journal"
END
)

install() {
  apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    -o "DPkg::Pre-Install-Pkgs::=$journal_packages" -o DPkg::Tools::Options::awk::Version=3 \
    "$@" >"$output" 2>&1
}

# What has to be known of the time before. A path may be a pattern; what was first noted of it is right.
prepare_journal() {
  mkdir -p "$state" && chmod 0755 "$state"
  : >>"$journal"
  set -f
  for path in ${leftovers:-}; do
    grep -q -x -F -e "path found - $path" -e "path absent - $path" "$journal" && continue
    set +f
    was=found
    for file in $path; do [ -e "$file" ] || was=absent; done
    set -f
    echo "path $was - $path" >>"$journal"
  done
  set +f
  native=$(dpkg --print-architecture)
  configured=" $(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | sed -n 's/^rc *//p' | tr '\n' ' ') "
  asked="$missing "
  export native configured asked
  accounts >"$accounts_before.new"
  sync "$accounts_before.new"
  mv "$accounts_before.new" "$accounts_before"
}

# Nothing is installed from lists that could not be renewed: on broken ones apt can grow without bound.
# Their lock is the one that apt-get itself does not wait for.
tries=0
until update; do
  tries=$((tries + 1))
  if [ "$tries" -gt 120 ] || ! grep -q 'lists/lock' "$output"; then fail 'apt-get update failed'; fi
  sleep 5
done

prepare_journal
# What an interrupted run left half done is completed first.
if [ -n "$(dpkg --audit)" ]; then
  dpkg --configure -a >/dev/null 2>&1 || true
  install --fix-broken || fail 'apt-get could not repair an interrupted installation'
fi
# shellcheck disable=SC2086  # one word a package
install $missing || fail "apt-get could not install$missing"
journal_accounts
echo "installed$missing"
