#!/bin/bash
# The verification programs on this machine's MPI: right results for several np, hits that do not depend
# on np, bad arguments that end at once on all ranks, and faults that are noticed.
set -uo pipefail

source_dir=${1:?usage: verify_programs.sh SOURCE_DIR}
# shellcheck source=start.sh
source "$(dirname "$0")/start.sh"

expect_status() {
  [[ $status == "$1" ]] || fail "$2: exit status $status, expected $1; stdout: $out; stderr: $err"
}
expect_line() {  # expect_line REGEX TEXT WHAT
  grep -Eqx -- "$1" <<<"$2" || fail "$3: no line '$1' in: $2"
}
expect_sentence() {  # expect_sentence SENTENCE TEXT WHAT: the line is there, and once
  [[ $(grep -Fxc -- "$1" <<<"$2") == 1 ]] || fail "$3: not once '$1' in: $2"
}

for program in hello ring pi links; do
  mpicxx -std=c++17 -O2 -Wall -Wextra -Werror "$source_dir/examples/verify/$program.cpp" -o "$dir/$program" ||
    exit 1
done
mpicxx -std=c++17 -shared -fPIC "$source_dir/tests/unit/examples/faulty_mpi.cpp" -o "$dir/faulty_mpi.so" || exit 1

host=$(uname -n)
host=${host%%.*}

# hello: one line a rank, in rank order, then the result.
start 3 "$dir/hello" --expect 3
expect_status 0 "hello, np 3"
expect_line "hello rank=0 size=3 host=$host cores=[0-9,-]+" "$(sed -n 1p <<<"$out")" "hello, first line"
expect_line "hello rank=2 size=3 host=$host cores=[0-9,-]+" "$(sed -n 3p <<<"$out")" "hello, third line"
expect_line "RESULT hello size=3 hosts=1 ok=1" "$(sed -n 4p <<<"$out")" "hello, result"

# Started as eight, but alone: what a program built with another MPI looks like.
mixed="was it built with another MPI than the one that started it?"
start 1 "$dir/hello" --expect 8
expect_status 1 "hello that misses ranks"
expect_sentence "hello: the world size is 1, not 8: $mixed" "$err" "hello that misses ranks"
expect_line "RESULT hello size=1 hosts=1 ok=0" "$out" "hello that misses ranks"
for announced in PMI_SIZE=4 SLURM_STEP_NUM_TASKS=4; do
  out=$(env -u OMPI_COMM_WORLD_SIZE -u PMI_SIZE $announced "$dir/hello" 2>"$dir/err")
  status=$?
  err=$(<"$dir/err")
  expect_status 1 "hello under a foreign launcher, $announced"
  expect_sentence "hello: the world size is 1, not 4: $mixed" "$err" "hello under a foreign launcher, $announced"
done
# In a Slurm job mpirun has srun start its daemons, one a node.
start 2 -x SLURM_STEP_NUM_TASKS=1 "$dir/hello"
expect_status 0 "hello by mpirun in a Slurm job"

# ring: start + laps x ranks, for one rank too, and for messages that MPI does not buffer.
times='latency_us=[0-9.]+ p99_us=[0-9.]+'
start 1 "$dir/ring" --count 5 --size 1000001
expect_status 0 "ring, np 1"
expect_line "RESULT ring laps=5 hops=5 size=1 bytes=1000001 value=5 $times ok=1" "$out" "ring, np 1"
start 3 "$dir/ring" --start -2 --count 4 --size 0
expect_status 0 "ring, np 3"
expect_line "RESULT ring laps=4 hops=12 size=3 bytes=0 value=10 $times ok=1" "$out" "ring, np 3"
start 2 "$dir/ring" --size 65536
expect_line "RESULT ring laps=200 hops=400 size=2 bytes=65536 value=400 $times ok=1" "$out" "ring, 64 KiB"
start 2 "$dir/ring" --size 65537
expect_line "RESULT ring laps=20 hops=40 size=2 bytes=65537 value=40 $times ok=1" "$out" "ring, more than 64 KiB"
start 12 "$dir/ring" --size 0
expect_line "RESULT ring laps=166 hops=1992 size=12 bytes=0 value=1992 $times ok=1" "$out" "ring, np 12"
start 2 "$dir/ring" --size 50000003 --count 2
expect_status 0 "ring, 50 MB"

start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" "$dir/ring" --count 3
expect_status 1 "ring on a faulty MPI"
expect_line 'ring: 3 messages from rank 0 to rank 1 arrived damaged' "$err" "ring on a faulty MPI"
expect_line 'RESULT ring .* ok=0' "$out" "ring on a faulty MPI"

# pi: the same hits whatever np is. The number is that of the default seed; it changes only with the
# generator.
hits=52702803
for np in 1 2 3 8; do
  start "$np" "$dir/pi" --seconds 0.05
  expect_status 0 "pi, np $np"
  expect_line "RESULT pi hits=$hits darts=67108864 size=$np pi=3.141331851 error=[-+.e0-9]+ sigma=[-+.e0-9]+ suspects=[0-9]+ ok=1" "$out" "pi, np $np"
  rates=$(grep -Ec "^pi rank=[0-9]+ host=$host darts=[0-9]+ seconds=[0-9.]+ samples_per_s=[0-9]+ isa=(plain|avx2|avx512|neon)$" <<<"$out")
  [[ $rates == "$np" ]] || fail "pi, np $np: $rates lines of throughput"
done

# ... and whatever instruction set throws them, blocks that are cut short among them.
for isa in plain avx2 avx512 neon; do
  start 2 "$dir/pi" --isa "$isa" --seconds 0
  if [[ $status == 2 ]]; then
    expect_sentence "pi: not every rank has a processor with $isa" "$err" "pi on $isa"
    continue
  fi
  expect_status 0 "pi on $isa"
  expect_line "RESULT pi hits=$hits .* ok=1" "$out" "pi on $isa"
  [[ $(grep -c " isa=$isa$" <<<"$out") == 2 ]] || fail "pi: --isa $isa threw otherwise: $out"
  start 3 "$dir/pi" --isa "$isa" --seconds 0 --darts 1000003 --seed 7
  expect_line "RESULT pi hits=785418 .* ok=1" "$out" "pi on $isa, odd darts"
done
if [[ $(uname -m) == x86_64 ]]; then
  aarch64-linux-gnu-g++ -std=c++17 -O2 -Wall -Wextra -Werror -static -I "$source_dir/tests/unit/examples/verify_alone" \
    "$source_dir/examples/verify/pi.cpp" -o "$dir/pi_arm64" || fail "pi does not compile for arm64"
  for isa in neon plain; do
    out=$(qemu-aarch64-static "$dir/pi_arm64" --isa "$isa" --seconds 0)
    expect_line "RESULT pi hits=$hits .* ok=1" "$out" "pi on arm64, $isa"
  done
else
  echo "NOT TESTED: arm64's pi beside this machine's: it is compiled for arm64 on amd64 only"
fi

start 3 "$dir/pi" --darts 2
expect_status 0 "pi, fewer darts than ranks"

start 2 "$dir/pi" --study --csv "$dir/study.csv"
expect_status 0 "pi's study"
expect_line 'RESULT pi hits=17990736689 darts=22906470400 .* ok=1' "$out" "pi's study"
expect_line ' +1024 +3\.140258789 +0\.050241833' "$out" "pi's study"
expect_line '268435456,3\.141591261,0\.000090060' "$(<"$dir/study.csv")" "pi's study as CSV"
[[ $(wc -l <"$dir/study.csv") == 11 ]] || fail "pi's study: $(<"$dir/study.csv")"
# Runs that are no more independent of each other have the right mean, and are noticed all the same.
start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" -x FAULTY_SPREAD=1 "$dir/pi" --study
expect_status 1 "pi's study of runs that are alike"
for ((darts = 1 << 10; darts <= 1 << 28; darts *= 4)); do
  expect_sentence "pi: the standard deviation for $darts darts is 0.00 of what it should be, not 0.55 to 1.45: the runs are not independent, or a sum is wrong" "$err" "pi's study of runs that are alike"
done
expect_line 'RESULT pi .* ok=0' "$out" "pi's study of runs that are alike"
start 1 "$dir/pi" --study --csv /nowhere/study.csv
expect_status 2 "a study that cannot be written"
expect_sentence "pi: /nowhere/study.csv cannot be written" "$err" "a study that cannot be written"

start 2 -x LD_PRELOAD="$dir/faulty_mpi.so" "$dir/pi"
expect_status 1 "pi on a faulty MPI"
expect_line 'pi: the estimate 3\.147292316 is 28\.4 sigma off: the sum or a rank is wrong' "$err" "pi on a faulty MPI"
expect_line 'pi: these darts hit 52702803 times, not 52802803 as counted: the sum or a rank is wrong' "$err" "pi on a faulty MPI"
expect_line 'RESULT pi hits=52802803 .* ok=0' "$out" "pi on a faulty MPI"

# A rank that is held up three quarters of the time, as a quota of processor time does, is named; so is
# its host, and the others are not.
slow_rank() {  # a rank's wrapper: rank 2 runs a quarter of each tenth of a second
  [[ ${OMPI_COMM_WORLD_RANK:-} == 2 ]] || exec "$@"
  "$@" &
  local rank=$!
  while kill -STOP "$rank" 2>/dev/null; do
    sleep 0.075
    kill -CONT "$rank" 2>/dev/null
    sleep 0.025
  done
  wait "$rank"
}
export -f slow_rank
start 3 bash -c 'slow_rank "$0" "$@"' "$dir/pi" --seconds 1
expect_status 0 "pi with a slow rank"
expect_line "pi suspect host=$host rate=[0-9]+ median=[0-9]+ ratio=0\.[0-9]+ ranks=[12]" "$out" "pi with a slow rank"
expect_line "RESULT pi hits=$hits .* suspects=1 ok=1" "$out" "pi with a slow rank"

# links: its parts by themselves.
mpicxx -std=c++17 -O1 -Wall -Wextra -Werror "$source_dir/tests/unit/examples/links_parts.cpp" -o "$dir/links_parts" ||
  exit 1
out=$("$dir/links_parts" 2>&1)
[[ $out == "links' parts: done" ]] || fail "links' parts: $out"

# On one host there is no link.
start 2 "$dir/links"
expect_status 0 "links on one host"
expect_line "links: all ranks are on $host: there is no link to measure" "$out" "links on one host"
expect_line "RESULT links hosts=1 pairs=0 failed=0 suspects=0 bad=0 latency_us=0\.0 MBps=0\.0 seconds=[0-9.]+ ok=1" "$out" "links on one host"

# Several hosts are several names for this one; that takes root.
start_on() {  # start_on HOSTS NP [MPIRUN-OPTION...] PROGRAM [ARG...]
  FAKE_FLEET=$dir/fleet start "$2" --mca plm_rsh_agent "$source_dir/tests/launchers/fake_node.sh" \
    --mca plm_rsh_no_tree_spawn 1 --mca btl_tcp_if_include lo --mca mpi_yield_when_idle 1 --map-by node \
    --host "$1" "${@:3}"
}
measured='latency_us=[0-9.]+ MBps=[0-9.]+ checksum=ok status=ok'
faulty=(-x LD_PRELOAD="$dir/faulty_mpi.so")
if ((EUID == 0)) && unshare --uts true 2>/dev/null; then
  mkdir "$dir/fleet"
  start_on n1:2,n2:2,n3:2 6 "$dir/links" --json "$dir/links.json" --html "$dir/links.html"
  expect_status 0 "links, 3 hosts"
  [[ $(grep -Ecx "links from=n[123] to=n[123] $measured" <<<"$out") == 6 ]] || fail "links, 3 hosts: not six ways in: $out"
  expect_line "RESULT links hosts=3 pairs=6 failed=0 suspects=0 bad=0 slowest=n.->n. latency_us=[0-9.]+ MBps=[0-9.]+ seconds=[0-9.]+ ok=1" "$out" "links, 3 hosts"
  ways=$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["links"]))' "$dir/links.json")
  [[ $ways == 6 ]] || fail "links, 3 hosts: $ways ways in the JSON"
  [[ $(grep -c '<rect ' "$dir/links.html") == 6 ]] || fail "links, 3 hosts: the page: $(<"$dir/links.html")"

  start_on n1,n2,n3,n4 4 "$dir/links" --serial --size 1000
  expect_status 0 "links, one by one"
  [[ $(grep -Ecx "links from=n[1-4] to=n[1-4] $measured" <<<"$out") == 12 ]] || fail "links, one by one: $out"

  start_on n1,n2,n3 3 "${faulty[@]}" -x FAULTY_NAMES=1 "$dir/links"
  expect_status 0 "links without a name service"
  expect_line 'RESULT links hosts=3 pairs=6 failed=0 .* ok=1' "$out" "links without a name service"

  start_on n1,n2,n3 3 "${faulty[@]}" -x FAULTY_HOST=n2 "$dir/links" --deadline 4  # a busy machine is no wall
  expect_status 1 "links to a host behind a firewall"
  expect_line 'links from=n1 to=n2 status=failed cause=timeout' "$out" "links to a host behind a firewall"
  expect_line 'links from=n2 to=n1 status=failed cause=no_way_back' "$out" "links to a host behind a firewall"
  expect_line "links from=n3 to=n1 $measured" "$out" "links to a host behind a firewall"
  expect_line 'links: n3 to n2: 127\.0\.0\.1 port [0-9]+ does not answer: .*' "$err" "links to a host behind a firewall"
  expect_line 'RESULT links hosts=3 pairs=6 failed=4 suspects=0 bad=4 .* ok=0' "$out" "links to a host behind a firewall"

  start_on n1,n2 2 "${faulty[@]}" -x FAULTY_PAYLOAD=1 "$dir/links"
  expect_status 1 "links on a faulty MPI"
  expect_line 'links from=n1 to=n2 .* checksum=wrong status=damaged' "$out" "links on a faulty MPI"
  expect_line 'RESULT links hosts=2 pairs=2 failed=2 .* ok=0' "$out" "links on a faulty MPI"

  # What comes too late for n3 and n2 is neither taken for n2 and n1's nor written over it.
  start_on n1,n2,n3 3 "${faulty[@]}" -x FAULTY_LATE=n2 "$dir/links" --deadline 8
  expect_status 1 "links with a slow link"
  expect_line 'links from=n3 to=n2 status=failed cause=too_slow' "$out" "links with a slow link"
  expect_line "links: n3 to n2: pings arrive, but 4 messages of 1048576 bytes take longer than --deadline 8: a slow link, or too short a deadline" "$err" "links with a slow link"
  expect_line "links from=n2 to=n3 $measured" "$out" "links with a slow link"
  expect_line "links from=n1 to=n2 $measured" "$out" "links with a slow link"
  expect_line 'RESULT links hosts=3 pairs=6 failed=1 .* ok=0' "$out" "links with a slow link"

  start_on n1,n2,n3 3 "${faulty[@]}" -x FAULTY_LATE=n3 "$dir/links" --deadline 8
  expect_line 'links from=n2 to=n3 status=failed cause=too_slow' "$out" "links with a link that is slow first"
  expect_line 'links from=n3 to=n2 status=failed cause=no_way_back' "$out" "links with a link that is slow first"

  # Not even rank 0's notes can be read: there is an end all the same.
  start_on n1,n2 2 "${faulty[@]}" -x FAULTY_NAMES=1 -x FAULTY_HOST=n1 "$dir/links" --deadline 1
  [[ $status != 0 && $status != 124 ]] || fail "links that is cut off: exit status $status"
  expect_line 'links: rank [01] on n[12] did not come to an end within 20 s' "$err" "links that is cut off"

  # Nor that a rank's note, or rank 0's, got lost.
  start_on n1,n2 2 "${faulty[@]}" -x FAULTY_NOTE=card1 "$dir/links" --deadline 1
  expect_status 1 "links without a rank's note"
  expect_sentence "links: rank 1 did not say where it is" "$err" "links without a rank's note"
  start_on n1,n2 2 "${faulty[@]}" -x FAULTY_NOTE=roster "$dir/links" --deadline 1
  expect_status 1 "links without a roster"
  expect_line "links: rank [01] on n[12] was not told who takes part" "$err" "links without a roster"
else
  echo "not tested: links between hosts, which takes root"
fi

# Bad arguments: one sentence, status 2, nothing on stdout; --help: status 0.
refuses() {  # refuses SENTENCE PROGRAM ARG...
  local sentence=$1
  shift
  start 2 "$dir/$1" "${@:2}"
  expect_status 2 "$*"
  [[ -z $out ]] || fail "$*: printed on stdout: $out"
  expect_sentence "$sentence" "$err" "$*"
}
see="; see --help"
refuses "hello: --expect cannot be 'x', only a whole number from 1 to 2147483647$see" hello --expect x
refuses "hello: '--loud' is no option$see" hello --loud
refuses "ring: --count cannot be '0', only a whole number from 1 to 1000000000$see" ring --count 0
refuses "ring: --size cannot be '1073741825', only a whole number from 0 to 1073741824$see" ring --size 1073741825
refuses "ring: --start wants a value$see" ring --start
refuses "pi: --darts cannot be 'nan', only a whole number from 1 to 17592186044416$see" pi --darts nan
refuses "pi: --darts cannot be '-1', only a whole number from 1 to 17592186044416$see" pi --darts -1
refuses "pi: --seed cannot be '-1', only a whole number from 0 to 18446744073709551615$see" pi --seed -1
refuses "pi: 'more' is no option$see" pi more
refuses "pi: --seconds cannot be 'nan', only a number from 0 to 3600$see" pi --seconds nan
refuses "pi: --isa cannot be 'sse', only auto, plain, avx2, avx512 or neon$see" pi --isa sse
refuses "pi: --csv goes with --study$see" pi --csv study.csv
refuses "pi: --csv cannot be ''$see" pi --study --csv ''
refuses "links: --deadline cannot be 'nan', only a number from 1 to 600$see" links --deadline nan
refuses "links: --deadline cannot be '0.1', only a number from 1 to 600$see" links --deadline 0.1
refuses "links: --size cannot be '0', only a whole number from 1 to 67108864$see" links --size 0
refuses "links: --json wants a value$see" links --json
refuses "links: --html cannot be ''$see" links --html ''
refuses "links: 'more' is no option$see" links more
for program in hello ring pi links; do
  start 2 "$dir/$program" --help
  expect_status 0 "$program --help"
  [[ $out == "usage: $program ["* ]] || fail "$program --help: $out"
done

((failures == 0)) && echo "hello, ring, pi and links: all as expected"
exit $((failures > 0))
