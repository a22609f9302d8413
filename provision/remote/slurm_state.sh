# Says how Slurm is on this manager, as the lines that hosts/slurm_state.hpp describes. Changes nothing. Each
# command has its own deadline: they wait for a controller that does not answer.
set -u
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH
# The user's own wishes for how these print.
unset SQUEUE_FORMAT SQUEUE_FORMAT2 SQUEUE_STATES SQUEUE_USERS SQUEUE_PARTITION SQUEUE_ACCOUNT SINFO_FORMAT SINFO_PARTITION

if ! command -v scontrol >/dev/null 2>&1; then
  echo missing=1
  echo end=1
  exit
fi

# ask COMMAND...: its lines, or in one line what it complains of.
ask() {
  if answer=$(timeout 10 "$@" 2>&1); then
    printf '%s\n' "$answer"
  else
    printf 'said=%s\n' "$(printf '%s' "${answer:-$1 did not end within 10 s}" | tr '\n' ' ')"
  fi
}

ping=$(timeout 10 scontrol ping 2>&1 | grep -v '^\*' | tr '\n' ' ')
printf 'ping=%s\n' "${ping:-scontrol ping did not end within 10 s}"
case $ping in
  *' is UP'*)
    ask sinfo --noheader --Node --format='node=%N|%c|%T|%u|%E'
    ask squeue --noheader --states=running,completing,configuring,suspended,stopped --format='job=%A|%u|%T|%N|%j'
    ;;
esac
echo end=1
