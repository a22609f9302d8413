# Runs one rank of a job. Arguments: a folder that gather.py makes on this node, where what the rank prints goes, or
# nothing; where to start, or nothing; how; the program, its arguments. How:
#   plain    leaves stdout and stderr to whoever started us
#   gather   gives them to gather.py
#   debug    waits for a debugger, which talks to gdbserver through the FIFOs RANK.to and RANK.from
#   profile  counts what each function costs, and gives that to gather.py
# Names are such as no program's environment has: what is set here, the program sees.
set -u
clustermpi_folder=$1
clustermpi_how=$3
[ -z "$2" ] || cd "$2" || exit 1
shift 3
[ -n "$clustermpi_folder" ] || exec "$@"

# Slurm's number counts the daemons where mpirun or Hydra start theirs by it.
clustermpi_rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-${PMIX_RANK:-${SLURM_PROCID:-0}}}}
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
case $clustermpi_how in
  gather)
    clustermpi_announce out err
    echo "$clustermpi_rank out err" >"$clustermpi_folder/ranks"
    exec "$@" >"$clustermpi_own.out" 2>"$clustermpi_own.err"
    ;;
  debug)
    clustermpi_announce to from
    echo "$clustermpi_rank" >"$clustermpi_folder/ranks"
    # Its program has what gdbserver has for stderr as stdout.
    exec gdbserver --no-startup-with-shell - "$@" 2>&1 <"$clustermpi_own.to" >"$clustermpi_own.from"
    ;;
  plain) exec "$@" ;;
esac
