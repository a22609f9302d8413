#!/bin/bash
# Installs the Debian packages that clustermpi needs. Quick where they are there already: apt is asked
# for nothing then, not even for its lists.
set -euo pipefail

usage='usage: scripts/install-deps.sh [--run] [--build] [--test]
  --run     to use the program: Ansible, ssh, and what virtual nodes are made of
  --build   to compile it
  --test    to test it
Without an option: all of them.'

run=(ansible openssh-client iproute2 nftables debootstrap systemd-container qemu-user-static
     ca-certificates procps util-linux gnuplot-nox)
build=(g++ ccache cmake ninja-build pkg-config libssh-dev libssl-dev libcli11-dev libtomlplusplus-dev
       libfmt-dev nlohmann-json3-dev libpugixml-dev)
test=(libgtest-dev libgmock-dev openssh-server openmpi-bin libopenmpi-dev
      qemu-system-x86 e2fsprogs busybox openssl strace clang-format clang-tidy shellcheck yamllint ansible-lint python3
      python3-venv chromium tmux hwloc mpich g++-aarch64-linux-gnu clustershell python3-clustershell genders pdsh
      libslurm-dev)

# What the program is linked with: the packages that those to compile with depend on, which are called otherwise
# in each release. Without apt's lists it cannot say.
libraries() {
  apt-cache depends --important libfmt-dev libtomlplusplus-dev libssh-dev libpugixml-dev |
    sed -n 's/^ *Depends: \(lib[^ ]*[0-9][^ ]*\)$/\1/p' | grep -v -e -dev
}

wanted=()
for option in "$@"; do
  case $option in
    --run)
      ((EUID != 0)) || [[ -n $(libraries) ]] || apt-get update -q
      mapfile -t linked < <(libraries)
      wanted+=("${run[@]}" "${linked[@]}")
      ;;
    --build) wanted+=("${build[@]}") ;;
    --test) wanted+=("${test[@]}") ;;
    -h | --help) echo "$usage"; exit 0 ;;
    *) printf "install-deps: '%s' is no option\n%s\n" "$option" "$usage" >&2; exit 2 ;;
  esac
done
(($# > 0)) || wanted=("${run[@]}" "${build[@]}" "${test[@]}")

if ! command -v apt-get >/dev/null; then
  echo "install-deps: this is no Debian or Ubuntu: install by hand: ${wanted[*]}" >&2
  exit 1
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $state == "install ok installed" ]] || missing+=("$package")
done
((${#missing[@]} > 0)) || exit 0

if ((EUID != 0)); then
  echo "install-deps: run it as root (sudo $0) to install: ${missing[*]}" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing ${missing[*]}"
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
