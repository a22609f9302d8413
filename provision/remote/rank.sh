# Runs one rank of a job. Arguments: HOST:PATH of a FIFO that rank 0 reads as its stdin, or nothing (other ranks find
# theirs empty); where to start, or nothing; a folder that gather.py makes on this node, or nothing; how; the program,
# its arguments. How:
#   plain   leaves stdout and stderr to whoever started us
#   gather  gives them to gather.py
#   profile gives what its functions cost to gather.py, lines `COUNT FUNCTION`: time, by perf where that is allowed, else
#           instructions, by valgrind. What these write stands in that folder and goes with it
#   debug   waits for a debugger, which talks to gdbserver through the FIFOs RANK.to and RANK.from
# Names are such as no program's environment has: what is set here, the program sees.
set -u
clustermpi_input=$1
clustermpi_folder=$3
clustermpi_how=$4
[ -z "$2" ] || cd "$2" || exit 1
shift 4
# Slurm's number counts the daemons where mpirun or Hydra start theirs by it.
clustermpi_rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-${PMIX_RANK:-${SLURM_PROCID:-0}}}}

# As launchers do, a program that is nowhere else is looked for here.
case $1 in
  */*) ;;
  *)
    if ! command -v "$1" >/dev/null && [ -x "./$1" ]; then
      clustermpi_program=./$1
      shift
      set -- "$clustermpi_program" "$@"
    fi
    ;;
esac

# From another host through ssh, which is nobody's child: the program knows its own.
if [ -z "$clustermpi_input" ] || [ "$clustermpi_rank" != 0 ]; then
  exec </dev/null
else
  clustermpi_fifo=${clustermpi_input#*:}
  if [ -p "$clustermpi_fifo" ] && [ -O "$clustermpi_fifo" ]; then
    exec <"$clustermpi_fifo"
  else
    clustermpi_own=$(mktemp -d) && mkfifo -m 600 "$clustermpi_own/input" || exit 1
    # A line tells that it is there, and not at its end.
    (ssh -o BatchMode=yes -o ConnectTimeout=10 "${clustermpi_input%%:*}" "echo clustermpi; exec cat $clustermpi_fifo" \
      </dev/null >"$clustermpi_own/input" 2>/dev/null &)
    exec <"$clustermpi_own/input"
    rm -rf "$clustermpi_own"
    while IFS= read -r clustermpi_line && [ "$clustermpi_line" != clustermpi ]; do :; done
    if [ "${clustermpi_line-}" != clustermpi ]; then
      echo "rank 0 on $(hostname): ssh does not bring its stdin from ${clustermpi_input%%:*}" >&2
      exit 1
    fi
  fi
fi
[ "$clustermpi_how" != plain ] || exec "$@"

clustermpi_own=$clustermpi_folder/$clustermpi_rank
clustermpi_waits=0
until [ -p "$clustermpi_folder/ranks" ] && [ -O "$clustermpi_folder" ]; do # it may start later than we do
  clustermpi_waits=$((clustermpi_waits + 1))
  if [ "$clustermpi_waits" -gt 200 ]; then
    echo "rank $clustermpi_rank on $(hostname): nobody takes here what it prints" >&2
    exit 1
  fi
  sleep 0.1
done

clustermpi_announce() {
  for clustermpi_kind; do mkfifo -m 600 "$clustermpi_own.$clustermpi_kind" || exit 1; done
}
# Of perf, ` 123456  [.] function`; of callgrind_annotate, `123,456 (45.6%)  file.c:function [library]`.
clustermpi_by_perf() {
  perf record -q -o "$clustermpi_own.costs" "$@" 3>&-
  clustermpi_status=$?
  perf report -i "$clustermpi_own.costs" --stdio -q --no-children -F period,sym 2>/dev/null |
    sed -n 's/^ *\([0-9][0-9]*\) *\[[^]]*\] *\(.*[^ ]\) *$/\1 \2/p' >&3
}
clustermpi_by_valgrind() {
  # For vgdb it would make FIFOs in /tmp, which stay when it is killed.
  valgrind -q --vgdb=no --tool=callgrind --callgrind-out-file="$clustermpi_own.costs" "$@" 3>&-
  clustermpi_status=$?
  callgrind_annotate --auto=no --threshold=99.9 "$clustermpi_own.costs" 2>/dev/null |
    sed -n '/PROGRAM TOTALS/d; s/^ *\([0-9,]*[0-9]\) ([^)]*)  *[^:]*:\(.*\)$/\1 \2/p' |
    sed 's/ \[[^]]*\]$//; :a; s/^\([0-9]*\),/\1/; ta' >&3
}

case $clustermpi_how in
  gather)
    clustermpi_announce out err
    echo "$clustermpi_rank out err" >"$clustermpi_folder/ranks"
    exec "$@" >"$clustermpi_own.out" 2>"$clustermpi_own.err"
    ;;
  profile)
    clustermpi_announce profile
    echo "$clustermpi_rank profile" >"$clustermpi_folder/ranks"
    clustermpi_profiler=clustermpi_by_valgrind
    ! perf record -q -o /dev/null true >/dev/null 2>&1 || clustermpi_profiler=clustermpi_by_perf
    exec 3>"$clustermpi_own.profile"
    "$clustermpi_profiler" "$@"
    exit "$clustermpi_status"
    ;;
  debug)
    clustermpi_announce to from
    echo "$clustermpi_rank" >"$clustermpi_folder/ranks"
    # Its program has what gdbserver has for stderr as stdout.
    exec gdbserver --no-startup-with-shell - "$@" 2>&1 <"$clustermpi_own.to" >"$clustermpi_own.from"
    ;;
esac
