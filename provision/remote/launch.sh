# Runs a job on the manager and ends it when the connection ends.
# Arguments: the way, the program, its arguments. The way says what is called:
#   mpirun  PROGRAM --hostfile HOSTS [--rankfile RANKS] ARG..., for Open MPI 4
#   prrte   PROGRAM --hostfile HOSTS [--map-by rankfile:file=RANKS] ARG..., for Open MPI 5
#   hydra   PROGRAM -f HOSTS ARG..., for MPICH
#   slurm   PROGRAM --comment=MARK ARG..., for srun and salloc; HOSTS, where it comes, is SLURM_HOSTFILE
#   batch   PROGRAM --comment=MARK ARG... SCRIPT, for sbatch. Its end is waited for; then what it printed is
#           told, and its exit status is ours.
# Stdin has, up to a line `--`, any number of files, each as a line `file NAME SIZE` and then its bytes, by the
# names hosts, ranks, script, input and feed; and NAME=VALUE lines for the job's environment. It is a leash from then
# on: its end means that nobody waits for the job any more. Nothing more comes over it, except where `input` is there,
# the path of a FIFO that rank 0 reads (rank.sh): `feed`, which is feed.py, finds there what goes into it.
# The launchers are given no stdin: Open MPI loses and doubles pieces of it (prrte issues 2220 and 2579).
# A header that the connection's end cuts off starts nothing.
set -u
dir=
input=
trap 'rm -rf ${dir:+"$dir"} ${input:+"$input"}' EXIT
trap 'exit 1' HUP INT TERM
dir=$(mktemp -d "${TMPDIR:-/tmp}/clustermpi.XXXXXX") || exit 1
mark=${dir##*/} # tells our job from all others of Slurm's
way=$1
program=$2
shift 2
clustermpi_environment= # lines
clustermpi_newline='
'

# take_file NAME SIZE. head(1) may read more than it shows, and dd takes an early end for a short file.
take_file() {
  true >"$dir/$1" || exit 1
  [ "$2" = 0 ] || dd bs="$2" count=1 iflag=fullblock status=none of="$dir/$1" || exit 1
  [ "$(wc -c <"$dir/$1")" = "$2" ] || exit 1
}

while IFS= read -r line && [ "$line" != -- ]; do
  case $line in
    'file '*)
      # shellcheck disable=SC2086 # two words
      take_file ${line#file }
      ;;
    *) clustermpi_environment=$clustermpi_environment$line$clustermpi_newline ;;
  esac
done
[ "$line" = -- ] || exit 1

start() {
  hosts=$dir/hosts
  ranks=
  [ ! -e "$dir/ranks" ] || ranks=$dir/ranks
  case $way in
    mpirun) become "$program" --hostfile "$hosts" ${ranks:+--rankfile "$ranks"} "$@" ;;
    prrte) become "$program" --hostfile "$hosts" ${ranks:+--map-by "rankfile:file=$ranks"} "$@" ;;
    hydra) become "$program" -f "$hosts" "$@" ;;
    slurm)
      [ ! -e "$hosts" ] || export SLURM_HOSTFILE="$hosts"
      become "$program" --comment="$mark" "$@"
      ;;
    batch) batch "$@" ;;
  esac
}

# Becomes the command, in the job's environment. A variable of the job's may be called as one of ours is: none of ours
# is looked at from here on.
become() {
  while [ -n "$clustermpi_environment" ]; do
    export "${clustermpi_environment%%"$clustermpi_newline"*}"
    clustermpi_environment=${clustermpi_environment#*"$clustermpi_newline"}
  done
  exec "$@"
}

# What the job prints stays on the node that runs the script, below this user's home: nodes need not share one.
batch() {
  id=$(become "$program" --parsable --comment="$mark" --output=".$mark.out" --error=".$mark.err" "$@" "$dir/script") || exit
  id=${id%%;*} # ";CLUSTER" follows where there are several
  echo "$id" >"$dir/id"
  echo "Submitted batch job $id" >&2
  # sbatch --wait would tell of the end up to ten seconds late.
  asked=0
  while :; do
    shown=$(scontrol show job --oneliner "$id" 2>&1)
    case $(field JobState) in
      '') case $shown in *'Invalid job id'*) echo "Slurm does not know job $id any more" >&2 && exit 1 ;; esac ;;
      PENDING | CONFIGURING | RUNNING | COMPLETING | SUSPENDED | STOPPED | REQUEUE* | RESIZING | SIGNALING | STAGE_OUT | SPECIAL_EXIT) ;;
      *) break ;;
    esac
    asked=$((asked + 1))
    if [ "$asked" -le 50 ]; then sleep 0.1; else sleep 1; fi
  done
  code=$(field ExitCode) # "STATUS:SIGNAL"
  status=${code%%:*}
  signal=${code##*:}
  [ "$signal" = 0 ] || status=$((128 + signal))
  if [ "$status" = 0 ] && [ "$(field JobState)" != COMPLETED ]; then status=1; fi
  [ "$(field JobState)" = COMPLETED ] || echo "batch job $id ended as $(field JobState)" >&2
  exit "$status"
}

# field NAME: of what `scontrol show job` said last.
field() { printf ' %s\n' "$shown" | sed -n "s/.* $1=\([^ ]*\).*/\1/p"; }

# Prints what the batch job printed, and leaves nothing of it there.
collect() {
  shown=$(scontrol show job --oneliner "$(cat "$dir/id")" 2>&1)
  host=$(field BatchHost)
  fetch="cat .$mark.out; cat .$mark.err >&2; rm -f .$mark.out .$mark.err"
  case $host in
    '' | '(null)') ;; # it never ran
    "$(hostname)") (cd && eval "$fetch") ;;
    *) ssh -o BatchMode=yes -o ConnectTimeout=10 "$host" "$fetch" </dev/null ||
      echo "what the job printed is on $host, in .$mark.out and .$mark.err of your home" >&2 ;;
  esac
}

# Slurm's job goes on without the program that started it.
cancel() {
  case $way in slurm | batch) ;; *) return 0 ;; esac
  ids=$(squeue --noheader --user="$(id -un)" --format='%A %k' 2>/dev/null | sed -n "s/ $mark\$//p")
  # shellcheck disable=SC2086 # one word each
  [ -z "$ids" ] || scancel "$@" $ids
}

# A signal comes to the whole group, the job among it. We stay and clean up; the leash goes, since a second
# signal would make mpirun end at once and leave its ranks behind.
trap : HUP INT TERM
exec 3<&0
if [ -e "$dir/input" ]; then
  input=$(cat "$dir/input")
  mkfifo -m 600 "$input" || exit 1
fi
start "$@" </dev/null 3<&- &
job=$!
# Nobody may be left who reads what we print, and the shell itself tells of a job that a signal ended.
trap '' PIPE
{
  if [ -z "$input" ]; then cat <&3 >/dev/null; else python3 "$dir/feed" "$input" <&3; fi
  kill -TERM "$job"
  cancel
  sleep 5
  kill -KILL "$job"
  cancel --signal=KILL
} >/dev/null 2>&1 &
leash=$!
wait "$job"
status=$?
# A signal ends `wait`, but not yet the job.
while kill -0 "$job" 2>/dev/null; do
  wait "$job"
  status=$?
done
kill -KILL "$leash" 2>/dev/null
cancel >/dev/null 2>&1
[ ! -s "$dir/id" ] || collect
exit "$status"
