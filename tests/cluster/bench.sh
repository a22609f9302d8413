#!/bin/bash
# A sweep that is killed or interrupted goes on where it stopped, a point that failed is tried again, what was
# measured with something else is not shown as this, and High Performance Linpack finds its residual right.
source "$(dirname "$0")/lib.sh"

start_lab --nodes 2
run up
expect_status 0

# Each point leaves a line on the node of rank 0: what ran, and how often, is known from there.
cat >point.sh <<'END'
#!/bin/sh
[ "${PMIX_RANK:-0}" = 0 ] || exit 0
echo "$1 $2 $KIND" >>points
[ "$1" != slow ] || sleep 3
[ ! -e broken ] || [ "$2" != 2 ] || { echo 'out of luck' >&2; exit 3; }
echo "RESULT point seconds=$2.5 size=$2"
END
chmod +x point.sh
run distribute point.sh --to bin
expect_status 0
home=$(on 1 'echo /home/*')
points() { on 1 "cat $home/points 2>/dev/null"; }
times() { points | grep -c "^$1 "; }
sweep=(bench steps -n 1-2 --with KIND=slow --with 'size=1,2,3' -- bin/point.sh '{KIND}' '{size}')
record=.clustermpi/bench/steps/runs.jsonl
two_are_kept() { [[ -e $record ]] && (($(wc -l <"$record") >= 3)); }   # behind the definition

say "a dry run names the points and starts none"
run "${sweep[@]:0:8}" --dry-run "${sweep[@]:8}"
expect_status 0
expect_in_err "would run np 2, KIND slow, size 3"
expect_equal "points" "" "$(points)"

say "killed in the middle: what had ended is not run again"
run_in_background "${sweep[@]}"
wait_until 60 "the second point" two_are_kept
kill -KILL "$background"
join 2>/dev/null
kept=$(($(wc -l <"$record") - 1))
((kept >= 1 && kept < 6)) || die "$kept of 6 points are kept: it was not killed in the middle"
cp "$record" kept.jsonl
printf '{"np":2,"values":{"KIND":"slow"' >>"$record"   # as if it had been cut off while it wrote
on 1 "rm -f $home/points"
run "${sweep[@]}"
expect_status 0
expect_in_err "$kept of 6 are kept from before"
expect_equal "points that ran again" $((6 - kept)) "$(times slow)"
expect_equal "what was kept" "$(<kept.jsonl)" "$(head -n $((kept + 1)) "$record")"
expect_equal "points in all" 7 "$(wc -l <"$record")"
expect_in_out "KIND  size  cores     time  speed-up  efficiency  runs
slow     1      1  1.500 s      1.00       100 %     1
slow     1      2  1.500 s      1.00        50 %     1"
expect_in_out "time: as the program says (seconds= of its RESULT line), the median of the runs"
for file in time.svg speedup.svg; do grep -q '<svg' ".clustermpi/bench/steps/$file" || die "no picture $file"; done

say "Ctrl-C in the middle: it says how much is kept, and the same command goes on"
halted=(bench halted "${sweep[@]:2}")
record=.clustermpi/bench/halted/runs.jsonl
on 1 "rm -f $home/points"
run_in_background "${halted[@]}"
wait_until 60 "the second point" two_are_kept
kill -INT "$background"
join
kept=$(($(wc -l <"$record") - 1))
expect_status 130
expect_equal "stderr's end" "error: interrupted: $kept of 6 points are kept
  the same command goes on" "$(tail -n 2 <<<"$err")"
((kept >= 2 && kept < 6)) || die "$kept of 6 points are kept: it was not interrupted in the middle"
on 1 "rm -f $home/points"
run "${halted[@]}"
expect_status 0
expect_in_err "$kept of 6 are kept from before"
expect_equal "points that ran again" $((6 - kept)) "$(times slow)"

say "all is kept: nothing runs; more points are added to it"
on 1 "rm -f $home/points"
run --json "${sweep[@]}"
expect_status 0
expect_equal "points" "" "$(points)"
expect_in_err "6 points kept from before; --fresh measures again"
expect_json '[d["ok"], d["clock"], len(d["table"]), d["table"][0]["values"]]' '[true, "program", 6, {"KIND": "slow", "size": "1"}]'
run bench steps --csv -n 1 --with KIND=slow,fast --with size=1 -o here -- bin/point.sh '{KIND}' '{size}'
expect_status 0
expect_equal "the point that was new" "fast 1 fast" "$(points)"
expect_equal "table" "KIND,size,cores,seconds,speedup,efficiency,runs
slow,1,1,1.500000,1.0000,1.0000,1
fast,1,1,1.500000,1.0000,1.0000,1" "$out"
expect_equal "table" "$out" "$(<here/table.csv)"
say "pictures that these runs do not make are not left from earlier ones"
pictures() { find here -name '*.svg' -printf '%f\n' | sort | xargs; }
expect_equal "pictures of one number of ranks" "" "$(pictures)"
run bench steps -n 1-2 --with KIND=slow --with size=1 -o here -- bin/point.sh '{KIND}' '{size}'
expect_status 0
expect_equal "pictures of two" "speedup.svg time.svg" "$(pictures)"
run bench steps -n 1 --with KIND=slow --with size=1 -o here -- bin/point.sh '{KIND}' '{size}'
expect_status 0
expect_equal "pictures of one again" "" "$(pictures)"
say "another definition is refused"
run bench steps -n 1 --with KIND=slow --with size=1 -- bin/point.sh '{KIND}'
expect_status 2
expect_equal "stderr's end" "error: the sweep steps was begun with another command: bin/point.sh {KIND} {size}
  give this one another NAME, or start over with --fresh" "$(tail -n 2 <<<"$err")"

say "a point that fails is named, kept, and tried again"
on 1 "touch $home/broken"
again=(bench again -n 1 --with 'size=1,2' -- bin/point.sh quick '{size}')
run "${again[@]}"
expect_status 5
expect_in_err "2 of 2, np 1, size 2: exit status 3: out of luck"
expect_in_err "error: 1 of 2 points failed: np 1, size 2
  the same command tries them again"
on 1 "rm -f $home/broken $home/points"
run "${again[@]}"
expect_status 0
expect_equal "points" "quick 2 " "$(points)"
run "${again[@]:0:4}" --fresh "${again[@]:4}"
expect_status 0
expect_equal "points after --fresh" 3 "$(times quick)"

cp cluster.toml kept.toml
printf '\n[mpi]\nimplementation = "mpich"\n' >>cluster.toml
run "${sweep[@]}"
expect_status 2
expect_equal "stderr's end" "error: the sweep steps was begun with another MPI: Open MPI 4.1.4
  give this one another NAME, or start over with --fresh" "$(tail -n 2 <<<"$err")"
mv kept.toml cluster.toml

say "what variables are set to, nobody is told"
secret=(bench secret -n 1 -o shown -- bin/point.sh quick 1)
run --json "${secret[@]:0:2}" --env TOKEN=hush-hush "${secret[@]:2}"
expect_status 0
expect_json 'd["sweep"]["environment"]' '["TOKEN"]'
expect_equal "files and output with the value" "" "$(grep -rl hush-hush .)"
run "${secret[@]:0:2}" --env TOKEN=another "${secret[@]:2}"
expect_status 2
expect_in_err "error: the sweep secret was begun with another value of TOKEN
"
run "${secret[@]}"
expect_status 2
expect_in_err "error: the sweep secret was begun with another environment: TOKEN
"

say "a program that prints more than is kept of it is read at its end"
# Over several hosts Open MPI 4.1's mpirun loses what it has not passed on when the program ends: give it time.
cat >loud.sh <<'END'
#!/bin/sh
yes 'and on it goes, and on, and on, and on, and on, and on it goes' | head -c 17000000
echo
sleep 2
echo 'RESULT loud seconds=2.5'
END
chmod +x loud.sh
run distribute loud.sh --to bin
run bench loud -n 1 -- bin/loud.sh
expect_status 0
expect_in_out "    1  2.500 s      1.00       100 %     1"
expect_in_out "time: as the program says"

say "a program of the catalogue; more ranks than there is room for"
integration=(bench -n '1,2' --env OMPI_MCA_mpi_yield_when_idle=1 -- pi_integration --intervals 1000000)
run "${integration[@]}"
expect_status 0
expect_in_out "cores     time  speed-up  efficiency  runs"
mkdir data
cp -r "$tests_folder"/../{playbooks,templates,examples} data
echo '// as if somebody had changed it' >>data/examples/programs/pi_integration.cpp
CLUSTERMPI_DATA_DIR=$work/data run "${integration[@]}"
expect_status 2
expect_in_err "error: the sweep pi_integration was begun with another source of its program
"
run bench -n 1,999 -- pi_integration
expect_status 2
expect_in_err "error: 999 ranks"

say "the study of pi"
run bench pi-study -n 4 --env OMPI_MCA_mpi_yield_when_idle=1
expect_status 0
expect_equal "lines" 11 "$(wc -l <<<"$out")"
[[ $out =~ ^\ +darts\ +mean\ +standard\ deviation$'\n'\ +1024\ +3\.1[0-9]{8}\ +0\.0[0-9]{8}$'\n' ]] ||
  mismatch "the study's table" "darts, mean, standard deviation" "$out"
[[ ${out##*$'\n'} =~ ^268435456\ +3\.141[0-9]{6}\ +0\.000[0-9]{6}$ ]] ||
  mismatch "the study's last line" "268435456 3.141... 0.000..." "$out"
study=.clustermpi/bench/pi-study
expect_equal "the table's head" "darts,mean,standard_deviation" "$(head -n 1 "$study/table.csv")"
expect_equal "the table's lines" 11 "$(wc -l <"$study/table.csv")"
for file in mean.svg deviation.svg; do grep -q '<svg' "$study/$file" || die "no picture $file"; done
run --json bench pi-study -n 4 --env OMPI_MCA_mpi_yield_when_idle=1
expect_status 0
expect_json '[d["ok"], [row["darts"] for row in d["table"]] == [4.0 ** k for k in range(5, 15)]]' '[true, true]'

say "High Performance Linpack, and away with it"
run bench hpl --quick -n 2 --policy by-node --env OMPI_MCA_mpi_yield_when_idle=1
expect_status 0
[[ $out =~ hpl\ PASSED:\ [0-9.]+\ GFLOPS\ in\ all,\ [0-9.]+\ a\ node\ \(N\ 256,\ NB\ 32,\ 1\ x\ 2\ ranks\ on\ 2\ nodes\)$ ]] ||
  mismatch "HPL's line" "hpl PASSED: ..." "$out"
say "${out##*$'\n'}"
folders() { local n; for n in 1 2; do on "$n" 'ls -d /tmp/clustermpi-hpl.*' 2>/dev/null; done; }
expect_equal "folders that it left" "" "$(folders)"
say "nor does it leave any where Ctrl-C ends it"
run_in_background bench hpl --memory 0.02 -n 2 --policy by-node --env OMPI_MCA_mpi_yield_when_idle=1
computes() { on 1 'pgrep -x hpcc' >/dev/null && on 2 'pgrep -x hpcc' >/dev/null; }
wait_until 60 "HPL's start on both nodes" computes
kill -INT "$background"
join
expect_status 130
expect_in_err "error: interrupted: 0 of 1 point is kept
  the same command goes on"
all_gone() { [[ -z $(folders) ]] && ! computes_anywhere; }
computes_anywhere() { on 1 'pgrep -x hpcc' >/dev/null || on 2 'pgrep -x hpcc' >/dev/null; }
wait_until 20 "the end of HPL and its folders on both nodes" all_gone
say "what was run with another size is kept beside; other hosts are another sweep"
run bench hpl --memory 0.001 -n 1 --dry-run --policy by-node --env OMPI_MCA_mpi_yield_when_idle=1
expect_status 0
expect_in_err "would run np 1, memory 0.001"
run bench hpl --quick -n 1
expect_status 2
expect_equal "stderr's end" "error: the sweep hpl was begun with another environment: OMPI_MCA_mpi_yield_when_idle
  start over with --fresh" "$(tail -n 2 <<<"$err")"
run reset hpl --yes
expect_status 0
expect_equal "hpcc" "" "$(on 2 'dpkg-query -W -f "\${db:Status-Abbrev}" hpcc' 2>/dev/null)"
run run -n 4 -- true
expect_status 0
