#!/bin/sh
# Says what this node is, as `key=value` lines (hosts/facts.hpp describes them). Runs as the login user
# through `sh -s`, changes nothing, and is POSIX sh for dash and busybox. What can be read without a new
# process is: on a small board each one costs milliseconds, and there are a thousand boards.

set -u -f
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

newline='
'

# A value ends at its first line break, so that none can pass itself off as another key.
say() { printf '%s=%s\n' "$1" "${2%%"$newline"*}"; }

# First line of a file into $line; empty where there is none.
first_line() {
  line=
  { IFS= read -r line || :; } 2>/dev/null <"$1"
}

have() { command -v "$1" >/dev/null 2>&1; }

system() {
  first_line /proc/sys/kernel/hostname
  say hostname "${line%%.*}"
  first_line /proc/sys/kernel/osrelease
  say kernel "$line"
  say machine "$(uname -m)"

  os_id='' os_version='' os_codename=''
  if [ -r /etc/os-release ]; then
    while IFS='=' read -r key value || [ -n "$key" ]; do
      value=${value#[\"\']}
      value=${value%[\"\']}
      case $key in
        ID) os_id=$value ;;
        VERSION_ID) os_version=$value ;;
        VERSION_CODENAME) os_codename=$value ;;
      esac
    done </etc/os-release
  fi
  say os_id "$os_id"
  say os_version "$os_version"
  say os_codename "$os_codename"

  for file in /proc/device-tree/model /sys/firmware/devicetree/base/model; do
    [ -r "$file" ] || continue
    first_line "$file" # `read` drops the NUL that ends it
    say model "$line"
    break
  done
  if have systemd-detect-virt; then
    virtualization=$(systemd-detect-virt 2>/dev/null)
    say virtualization "$virtualization"
  fi
}

# How the processors are laid out: as hwloc says where it is installed, since Open MPI counts as it does, else
# as the kernel says, also where hwloc's program broke off. One grep reads all files, and its lines go out as
# they are.
processors() {
  xml=$(hwloc_xml)
  case $xml in *'</topology>')
    described topology_xml "$xml"
    return
    ;;
  esac
  allowed_cpus
  set +f
  files=$(cd /sys/devices/system && grep -s '^[^:]*$' \
    cpu/online cpu/cpu[0-9]*/topology/thread_siblings_list cpu/cpu[0-9]*/topology/physical_package_id \
    cpu/cpu[0-9]*/cache/index[0-9]*/level cpu/cpu[0-9]*/cache/index[0-9]*/type \
    cpu/cpu[0-9]*/cache/index[0-9]*/size cpu/cpu[0-9]*/cache/index[0-9]*/shared_cpu_list \
    cpu/cpu[0-9]*/cpu_capacity cpu/cpu[0-9]*/cpufreq/cpuinfo_max_freq \
    node/node[0-9]*/cpulist ../cpu_core/cpus ../cpu_atom/cpus)
  set -f
  described topology "$files"
  case $files in *thread_siblings_list* | *cpu/online*) return ;; esac
  cpus=0
  [ -r /proc/cpuinfo ] || return
  while read -r key _; do
    [ "$key" = processor ] && cpus=$((cpus + 1))
  done </proc/cpuinfo
  say cpus "$cpus"
}

# What the control group leaves us, as hwloc counts it. The affinity of this process says less: it is that of
# sshd, while mpirun looks at the group and gives its ranks all of that.
allowed_cpus() {
  first_line /proc/self/cpuset
  for file in "/sys/fs/cgroup$line/cpuset.cpus.effective" "/sys/fs/cgroup/cpuset$line/cpuset.cpus"; do
    [ -r "$file" ] || continue
    first_line "$file"
    say topology "cgroup/cpus:$line"
    return
  done
}

# Each line of $2 as a value of the key $1.
described() {
  [ -n "$2" ] || return 0
  IFS=$newline
  # shellcheck disable=SC2086 # split into lines
  printf "$1=%s\n" $2
  unset IFS
}

# Without what nobody reads of it, which is two thirds; with what the login may not use, to be named.
hwloc_xml() {
  have lstopo-no-graphics || return
  lstopo-no-graphics --no-io --whole-system --of xml 2>/dev/null |
    sed -E -e '/<(support|page_type)/d' -e '/<distances/,/<\/distances/d' \
      -e '/<info/{' -e '/"(CoreType|LinuxCapacity|FrequencyMaxMHz)"/!d' -e '}' \
      -e 's/ (complete_cpuset|[a-z_]*nodeset|gp_index|cache_linesize|cache_associativity)="[^"]*"//g' -e 's/^ *//'
}

memory() {
  while read -r key value _; do
    [ "$key" = MemTotal: ] || continue
    say memory_kib "$value"
    break
  done </proc/meminfo
}

# Available KiB stand before the percentage; counted from there, since a device's name may hold blanks.
disk() {
  least=
  while IFS= read -r line; do
    # shellcheck disable=SC2086 # split into words
    set -- ${line%%\%*}
    while [ $# -gt 2 ]; do shift; done
    case ${1:-} in '' | *[!0-9]*) continue ;; esac
    if [ -z "$least" ] || [ "$1" -lt "$least" ]; then least=$1; fi
  done <<EOF
$(df -Pk /usr /var 2>/dev/null)
EOF
  say disk_free_kib "$least"
}

network() {
  say ssh_connection "${SSH_CONNECTION:-}"
  have ip || return 0
  while read -r _ name family address _; do
    case $family in inet | inet6) ;; *) continue ;; esac
    [ "$name" = lo ] || say interface "${name%%@*} $address"
  done <<EOF
$(ip -o addr 2>/dev/null)
EOF
}

login() {
  say home "${HOME:-}"
  say login_user "$(id -un)"
  uid=$(id -u)
  say uid "$uid"
  if [ "$uid" -eq 0 ] || said=$(sudo -n true 2>&1); then
    say sudo 1
  else
    # Whether this user may use sudo at all, it says to who gives the password.
    case $said in
      *'is required'*) say sudo password ;;
      *) say sudo 0 ;;
    esac
  fi
}

# Readable by everyone; the other nodes are told them.
host_keys() {
  set +f
  for file in /etc/ssh/ssh_host_*_key.pub; do
    [ -r "$file" ] || continue
    first_line "$file"
    say host_key "$line"
  done
  set -f
}

# One look into dpkg's database for everything; it also knows the architecture of the userland, which may
# be 32 bit below a 64-bit kernel.
software() {
  architecture='' openmpi='' mpich='' python='' slurm=''
  while read -r status package version package_architecture; do
    [ "$status" = installed ] || continue
    case $package in
      dpkg) architecture=$package_architecture ;;
      *) say package "$package $version" ;;
    esac
    case $package in
      openmpi-bin) openmpi=$version ;;
      mpich) mpich=$version ;;
      python3) python=$version ;;
      slurm-client) slurm=$version ;;
    esac
  done <<EOF
$(dpkg-query -W -f='${db:Status-Status} ${Package} ${Version} ${Architecture}\n' \
    dpkg openmpi-bin libopenmpi-dev mpich libmpich-dev slurmd slurmctld slurmdbd slurm-client munge \
    libpmix2 libpmix-dev python3 python3-apt g++ cloud-init dbus dbus-broker 2>/dev/null)
EOF
  say architecture "$architecture"

  # Starting Python takes longer than all the rest: dpkg knows the version of Debian's own.
  if [ -x /usr/bin/python3 ]; then
    [ -n "$python" ] || python=$(/usr/bin/python3 -V 2>/dev/null)
    say python "${python#Python }"
  fi
  set --
  [ -n "$openmpi" ] || set -- "$@" openmpi-bin
  [ -n "$mpich" ] || set -- "$@" mpich
  [ -n "$slurm" ] || set -- "$@" slurm-client
  [ $# = 0 ] || candidates "$@"
}

# What apt would install, where apt's cache is up to date: without it apt-cache reads all lists anew, for
# seconds.
candidates() {
  cache=/var/cache/apt/pkgcache.bin
  # shellcheck disable=SC3013 # dash and busybox have -nt
  [ -r "$cache" ] && [ "$cache" -nt /var/lib/apt/lists ] && [ "$cache" -nt /var/lib/dpkg/status ] ||
    return 0
  while read -r key value; do
    [ -n "$value" ] || package=${key%:}
    [ "$key" = Candidate: ] || continue
    [ "$value" = '(none)' ] || say candidate "$package $value"
  done <<EOF
$(apt-cache policy "$@" 2>/dev/null)
EOF
}

# What decides how Slurm is set up here.
batch_system() {
  [ -r /sys/fs/cgroup/cgroup.controllers ] && {
    first_line /sys/fs/cgroup/cgroup.controllers
    say cgroup_controllers "$line"
  }
  gpus=0
  set +f
  for file in /dev/nvidia[0-9]*; do
    [ -e "$file" ] && gpus=$((gpus + 1))
  done
  set -f
  say gpus "$gpus"
  if have slurmd; then say slurmd "$(slurmd -C 2>/dev/null)"; fi
}

# Whether $line has the word that turns the memory controller on.
has_memory_word() {
  case " $line " in *[[:space:]]cgroup_enable=memory[[:space:]]*) return 0 ;; esac
  return 1
}

# The line that a Raspberry Pi's kernel was started with, and the one that it will be started with.
boot() {
  first_line /proc/sys/kernel/random/boot_id
  say boot_id "$line"
  first_line /proc/cmdline
  if has_memory_word; then say kernel_was_given_word 1; fi
  for file in /boot/firmware/cmdline.txt /boot/cmdline.txt; do
    [ -r "$file" ] || continue
    say boot_line_file "$file"
    first_line "$file"
    if has_memory_word; then say boot_line_has_word 1; fi
    break
  done
}

main() {
  say probe 1
  system
  processors
  memory
  say clock "$(date +%s.%N)"
  network
  login
  host_keys
  disk
  software
  batch_system
  boot
  say end 1
}

# Our stdin is this script: nobody else may read from it.
main </dev/null
