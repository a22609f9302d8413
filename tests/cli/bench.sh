#!/bin/bash
# What `bench` refuses, before it looks for any inventory: one sentence, a way out, exit status 2.
source "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/../lib.sh"

# refused MESSAGE HINT ARG...
refused() {
  local message=$1 hint=$2
  shift 2
  run bench "$@"
  expect_status 2 "$*"
  expect_equal "stdout" "" "$out"
  expect_equal "stderr" "error: $message${hint:+
  $hint}" "$err"
}

needs='bench needs a program behind --, or the name hpl or pi-study'
needs_hint='as in `clustermpi bench -- mandelbrot` or `clustermpi bench hpl --quick`'
refused "$needs" "$needs_hint"
refused "$needs" "$needs_hint" mandelbrot
refused "$needs" "$needs_hint" x --
refused "the sweep's NAME '../x' does not begin with a letter" '' ../x -- true
refused "the sweep's NAME 'a.b' may have letters, digits, hyphens and underscores only" '' a.b -- true
run bench --csv --json -- true
expect_status 2
expect_equal "stderr" "error: --csv and --json exclude each other" "$err"

say "numbers of ranks and parameters"
refused "-n 4-2: '4-2' is no number of ranks" 'as in -n 1,2,4-8 or -n 2-16/2' -n 4-2 -- true
refused "-n 0: '0' is no number of ranks" 'as in -n 1,2,4-8 or -n 2-16/2' -n 0 -- true
refused "--with size: it takes a name of letters, digits and underscores, and values" \
  'as in --with size=1000,2000' --with size -- true
refused "--with size=1,1: 1 is there twice; --repeat runs each point several times" \
  'as in --with size=1000,2000' --with size=1,1 -- true
refused "--with a: it is given twice" 'all values of a parameter belong into one --with, with commas between' \
  --with a=1 --with a=2 -- true
refused "{size} in '--size={size}': there is no such parameter" \
  'give it values: --with size=V1,V2; or write {{size}} for the word itself' -- true '--size={size}'
refused "the grid has more than 100000 points" 'give fewer numbers of ranks, values or repetitions' \
  -n 1 --repeat 10000 --with a=1,2,3,4,5,6,7,8,9,10,11 -- true

say "what is for hpl alone, and what is not for it"
refused "--quick and --memory are for hpl alone" 'as in `clustermpi bench hpl --quick`' --quick -- true
for name in hpl pi-study; do
  refused "$name is a NAME with a program of its own" 'give the sweep of another program another NAME' "$name" -- true
  refused "$name has no parameters" '-n says with how many ranks it runs' "$name" --with 'N=1,2'
done
refused "--quick and --memory are for hpl alone" 'as in `clustermpi bench hpl --quick`' pi-study --memory 0.5
refused "--quick goes without --memory: its problem is always small" '' hpl --quick --memory 0.5
for way in salloc sbatch; do
  refused "hpl's problem follows from where its ranks run, which cannot be said to $way" \
    'it can to mpirun and srun: see --via' hpl --quick --via $way
done
run bench hpl --memory 2
expect_status 2
expect_in_err "--memory: Value 2 not in range"

say "then an inventory is looked for"
run bench -- mandelbrot
expect_status 3
expect_in_err "there is no inventory cluster.toml"

run bench --help
expect_status 0
expect_in_out "clustermpi bench hpl --quick"
