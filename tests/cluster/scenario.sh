#!/bin/bash
# The scenario that decides: a dry run lists changes and makes none; `up` makes them and proves the
# cluster; a dry run lists none; `up` again changes nothing; what is changed by hand is named and put right.
playbook=$(realpath "$(dirname "$0")/../../playbooks/mpi.yml")
source "$(dirname "$0")/lib.sh"

# Files that were written since MARK in the nodes' own layer, but for logs, what lives for a moment, and
# the mark that sudo itself sets when a user first calls it.
written_since() {
  local n
  for n in 1 2 3 4; do
    find "$(dirname "$(node_root "$n")")/upper" -type f -newer "$1" \
      ! -path '*/var/log/*' ! -path '*/tmp/*' ! -path '*/run/*' ! -path '*/var/lib/systemd/*' ! -path '*/.ansible/*' \
      ! -name .sudo_as_admin_successful
  done
}
mark() { touch "$work/mark"; sleep 0.05; }

start_lab --bare --nodes 4

mark
run up --dry-run --json
expect_status 0
expect_json 'd["dry_run"]' true
expect_json 'd["changed"]' false
expect_json 'sorted(d["hosts"])' "$(printf '["%s", "%s", "%s", "%s"]' "$(node 1)" "$(node 2)" "$(node 3)" "$(node 4)")"
expect_json 'all(any("openmpi-bin" in c for c in h["changes"]) for h in d["hosts"].values())' true
expect_equal "files that the dry run wrote" "" "$(written_since mark)"
[[ ! -e .clustermpi/report.json ]] || die "the dry run left a report"

run up --json
expect_status 0
expect_json 'd["ok"] and d["changed"]' true
expect_json '[s["name"] for s in d["steps"]]' \
  '["discover", "check", "install", "generate", "build", "distribute", "verify"]'
expect_json 'all(h["ok"] and h["changed"] for h in d["hosts"].values())' true
expect_json '{p: v["ok"] for p, v in d["verification"].items()}' '{"hello": true, "links": true, "pi": true, "ring": true}'
expect_json 'd["verification"]["hello"]["figures"]["hosts"]' 4
# The same darts hit wherever they are thrown: this number is that of examples/verify/pi.cpp.
expect_json 'd["verification"]["pi"]["figures"]["hits"]' 52702803
[[ $(<.clustermpi/report.json) == "$out" ]] || mismatch "report.json" "what --json prints" "$(<.clustermpi/report.json)"
expect_in_err "report: $PWD/.clustermpi/report.html"
grep -q "✓</span> $lab works" .clustermpi/report.html || die "the page does not say that $lab works"
for n in 1 2 3 4; do
  grep -q "<th scope=\"row\">$(node "$n")" .clustermpi/report.html || die "the page does not show $(node "$n")"
done

mark
run up --dry-run --json
expect_status 0
expect_json '[c for s in d["steps"] for c in s["changes"]]' '[]'
expect_equal "files that the dry run wrote" "" "$(written_since mark)"

mark
run up --json
expect_status 0
expect_json 'd["ok"]' true
expect_json 'd["changed"]' false
expect_json '[c for s in d["steps"] for c in s["changes"]]' '[]'
expect_equal "files that the second up wrote" "" "$(written_since mark)"

run verify --json
expect_status 0
expect_json '{p: v["ok"] for p, v in d["verification"].items()}' '{"hello": true, "links": true, "pi": true, "ring": true}'

say "drift: a managed file is edited by hand on one node"
on 3 "sed -i 's/$(node 1)/$(node 1)x/' /etc/hosts"
run up --dry-run
expect_status 0
expect_in_err "$(node 3): would put the block in /etc/hosts right: it was changed by hand"
run up --json
expect_status 0
expect_json '[n for n, h in d["hosts"].items() if h["changed"]]' "[\"$(node 3)\"]"
on 3 "grep -qw $(node 1) /etc/hosts" || die "/etc/hosts is still as it was edited"
run up --json
expect_status 0
expect_json 'd["changed"]' false

say "a program's exit status is passed on"
run run -n 2 -- sh -c 'exit 7'
expect_status 7
run run -n 8 -- sh -c 'hostname'
expect_status 0
expect_equal "ranks by host" "2 $(node 1),2 $(node 2),2 $(node 3),2 $(node 4)" \
  "$(sort <<<"$out" | uniq -c | sed 's/^ *//' | paste -sd,)"

say "the roles work alone, too, and find nothing to change"
ansible-playbook -i <("$CLUSTERMPI" generate ansible-inventory) "$playbook" >"$work/alone" 2>&1 \
  || mismatch "ansible-playbook alone" "exit status 0" "$(<"$work/alone")"
expect_equal "hosts that Ansible alone left unchanged" 4 "$(grep -c 'changed=0 .*failed=0' "$work/alone")"
