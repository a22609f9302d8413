# One rank of hpcc, which reads hpccinf.txt where it is started and appends to hpccoutf.txt there; only rank 0
# does. Nodes share no folder and home may be one that they share: each rank has a folder of its own, and
# leaves nothing. Argument: the text of hpccinf.txt. What comes into hpccoutf.txt is printed as it comes.
set -u
dir=$(mktemp -d "${TMPDIR:-/tmp}/clustermpi-hpl.XXXXXX") || exit 1
hpcc=
finish() {
  [ -z "$hpcc" ] || kill "$hpcc" 2>/dev/null
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 143' HUP INT TERM
cd "$dir" && printf '%s' "$1" >hpccinf.txt || exit 1

# A BLAS with threads of its own would start one for each core in every rank.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
hpcc &
hpcc=$!
if [ "${PMIX_RANK:-0}" = 0 ]; then
  tail -n +1 -F --pid="$hpcc" hpccoutf.txt 2>/dev/null
fi
wait "$hpcc"
status=$?
hpcc=
exit "$status"
