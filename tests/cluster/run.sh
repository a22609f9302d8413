#!/bin/bash
# `run` for everyday use, by each way: variables, the stdin of rank 0, where ranks start, what each of them prints, and
# each in a debugger.
source "$(dirname "$0")/lib.sh"

# run_with FILE ARG...: with that stdin.
run_with() {
  say "clustermpi ${*:2} <$1"
  "$CLUSTERMPI" "${@:2}" >"$work/stdout" 2>"$work/stderr" <"$1"
  status=$?
  out=$(<"$work/stdout")
  err=$(<"$work/stderr")
}
sorted() { sort <<<"$out"; }

start_lab --slurm --nodes 2
run up
expect_status 0
head -c 20000000 /dev/urandom >big
printf 'two\nlines' >small
: >none
digest() { sha256sum <"$1" | cut -d ' ' -f 1; }
nothing=$(digest none)

for way in mpirun srun salloc sbatch; do
  run run --via $way -n 4 --tag --env "A=it's \$x" --env dir=/nowhere -- sh -c 'echo "$A $dir"'
  expect_equal "variables by $way" "$(printf "[%d] it's \$x /nowhere\n" 0 1 2 3)" "$(sorted)"
  for file in big small none; do
    run_with $file run --via $way -n 2 --tag -- sh -c 'sha256sum | cut -d " " -f 1'
    expect_equal "stdin by $way" "[0] $(digest $file)
[1] $nothing" "$(sorted)"
  done
  run run --via $way -n 2 --tag --workdir /var/tmp -- pwd
  expect_equal "where ranks start by $way" "[0] /var/tmp
[1] /var/tmp" "$(sorted)"
  # A word that launchers take for the end of one program and the begin of the next.
  run run --via $way -n 1 -- expr abc : 'a.*'
  expect_equal "a colon by $way" 3 "$out"
  run run --via $way -n 2 -- sh -c 'exit 3'
  expect_status 3 "of the job by $way"
done

say "rank 0 on a host that is not the manager"
run_with big run --limit "$(node 2)" -n 1 -- sha256sum
expect_in_out "$(digest big)"

say "lines stay whole, and files have what each rank printed"
# shellcheck disable=SC2016 # for the shell on the nodes
printer='r=$OMPI_COMM_WORLD_RANK; for i in $(seq 2000); do printf "%s " $r; printf "%0200d" $i; echo " $r"; done
[ $r != 2 ] || echo trouble >&2; printf end'
run run -n 4 --tag --split out/of -- sh -c "$printer"
expect_status 0
expect_equal "lines that are whole" 8000 "$(grep -cE '^\[([0-3])\] \1 [0-9]{200} \1$' <<<"$out")"
expect_equal "lines" 8004 "$(wc -l <<<"$out")"
expect_equal "stderr" "[2] trouble
4 ranks in out/of: 8004 lines on stdout, 1 on stderr by rank 2" "$err"
expect_equal "files" "rank.0.out rank.1.out rank.2.err rank.2.out rank.3.out" "$(cd out/of && echo *)"
expect_equal "a file" "$(for i in $(seq 2000); do printf '3 %0200d 3\n' "$i"; done; printf end)" "$(<out/of/rank.3.out)"
run run -n 2 --split out/of --json -- true
expect_json '[(r["rank"], r["stdout_lines"], r["stderr_lines"]) for r in d["ranks"]]' '[[0, 0, 0], [1, 0, 0]]'
expect_equal "files of the last run alone" "rank.0.out rank.1.out" "$(cd out/of && echo *)"

say "refusals"
run run -n 4 --workdir no/such -- true
expect_status 4
expect_equal "stderr" "error: ranks cannot start in /home/pi/no/such on ${lab}[01-02]: there is no such directory
  make it: clustermpi exec '${lab}[01-02]' -- mkdir -p /home/pi/no/such" "$err"
on 2 'mkdir /only_here && chmod 777 /only_here'
run run -n 4 --workdir /only_here -- true
expect_equal "stderr" "error: ranks cannot start in /only_here on $(node 1): there is no such directory
  make it: clustermpi exec $(node 1) -- mkdir -p /only_here" "$err"
run run -n 4 --debug -- true
expect_status 4
expect_equal "stderr" "error: there is no gdb or no gdbserver on ${lab}[01-02]
  install both: clustermpi exec '${lab}[01-02]' --sudo -- apt-get install -y gdb gdbserver" "$err"
for node in 1 2; do on $node 'printf "#!/bin/sh\nexit 1\n" >/usr/local/bin/perf; chmod +x /usr/local/bin/perf'; done
run run -n 4 --profile out/costs -- true
expect_status 4
expect_equal "stderr" "error: neither perf nor valgrind can be used on ${lab}[01-02]: perf is missing, or the sysctl kernel.perf_event_paranoid forbids it
  install valgrind: clustermpi exec '${lab}[01-02]' --sudo -- apt-get install -y valgrind" "$err"
sed -i 's/^names .*/&\nslots = 9/' cluster.toml
run run -n 17 --debug -- true
expect_status 2
expect_equal "stderr" "error: --debug opens a pane a rank, 16 at most: 17 ranks are too many
  ask for fewer, as with -n 16" "$err"
sed -i '/^slots = 9$/d' cluster.toml

say "the job ends with us, whatever it is fed with"
sleeping() { on 1 'pgrep -x sleep' >/dev/null; }
for way in mpirun srun; do
  yes | "$CLUSTERMPI" run --via $way -n 2 --tag -- sleep 1000 &
  wait_until 30 "the job" sleeping
  kill -KILL "$(pgrep -f "^$CLUSTERMPI run --via $way -n 2 --tag -- sleep 1000")"
  wait 2>/dev/null
  quiet() { ! sleeping; }
  wait_until 30 "its end" quiet
done
left_behind() { on 1 'ls -d /tmp/clustermpi*' >/dev/null 2>&1 || on 2 'ls -d /tmp/clustermpi*' >/dev/null 2>&1; }
nothing_left() { ! left_behind; }
wait_until 30 "clean nodes" nothing_left

say "each rank in gdb, stopped at main"
run exec --sudo -- apt-get install -q -y --no-install-recommends gdb gdbserver valgrind
expect_status 0
printf 'int main() { return 0; }\n' >program.c
gcc -g -o program program.c
run distribute program --to .
unset TMUX
export TMUX_TMPDIR=$work
for way in mpirun srun; do
  run_in_background run --via $way -n 4 --debug -- ./program
  session=clustermpi-$background
  pane() { tmux capture-pane -p -t "$session:0.$1" 2>/dev/null; }  # not there yet
  at_main() { [[ $(pane "$1") == *'main () at program.c:1'* ]]; }
  for rank in 0 1 2 3; do wait_until 60 "rank $rank at main" at_main $rank; done
  expect_equal "whose panes" "rank 0 rank 1 rank 2 rank 3" \
    "$(tmux list-panes -t "$session" -F '#{pane_title}' | sed 's/ on .*//' | xargs)"
  for rank in 0 1 2 3; do tmux send-keys -t "$session:0.$rank" continue Enter; done
  join
  expect_status 0
  expect_in_err "4 ranks in gdb: tmux attach -t $session"
  tmux kill-server
done

say "what functions cost"
cat >program.c <<'END'
static volatile double sum;
__attribute__((noinline)) void dear(void) { for (int i = 0; i < 3000000; ++i) sum += i; }
__attribute__((noinline)) void cheap(void) { for (int i = 0; i < 1000000; ++i) sum += i; }
int main(void) { dear(); cheap(); return 0; }
END
gcc -g -o program program.c
run distribute program --to .
for way in mpirun srun; do
  run run --via $way -n 2 --profile out/costs --json -- ./program
  expect_status 0
  expect_json '[f["function"] for f in d["profile"][:2]]' '["dear", "cheap"]'
  expect_json '[round(f["share"] / d["profile"][1]["share"]) for f in d["profile"][:2]]' '[3, 1]'
done
expect_equal "files" "rank.0.profile rank.1.profile" "$(cd out/costs && echo *)"
# What stands in /tmp, what Open MPI keeps for itself aside.
in_tmp() { for node in 1 2; do on $node 'ls /tmp | grep -v ^ompi'; done; }
before=$(in_tmp)
run_in_background run -n 2 --profile out/costs -- sleep 1000
profiled() { on 1 'pgrep callgrind' >/dev/null; }
wait_until 60 "a profiled job" profiled
kill -TERM "$background"
join
expect_status 130
ended() { on 1 '! pgrep callgrind' && on 2 '! pgrep callgrind' && [[ $(in_tmp) != *clustermpi* ]]; } >/dev/null
wait_until 30 "the end of it" ended
expect_equal "/tmp" "$before" "$(in_tmp)"
expect_equal "files of the run before" "rank.0.profile rank.1.profile" "$(cd out/costs && echo *)"
run run -n 2 --profile out/costs -- ./program
expect_in_err "  share  lowest, highest  function, on 2 ranks: out/costs
"
[[ $err =~ [67][0-9].[0-9]\ %\ \ dear ]] || mismatch "the table" "dear with three quarters" "$err"
