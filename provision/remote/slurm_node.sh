# Says how Slurm's daemons are on this node, and gives a credential of its munge: lines as
# hosts/slurm_checks.hpp describes them. Arguments: units. Changes nothing.
set -u
LC_ALL=C
PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
export LC_ALL PATH

for unit; do
  state=$(timeout 10 systemctl show "$unit" \
    --property=LoadState,ActiveState,Result,ConditionResult,ConditionTimestampMonotonic 2>&1 | tr '\n' ' ')
  printf 'unit=%s %s\n' "$unit" "$state"
done
if credential=$(timeout 10 munge --no-input 2>&1); then
  printf 'credential=%s\n' "$credential"
else
  printf 'said=%s\n' "$(printf '%s' "${credential:-munge did not answer within 10 s}" | tr '\n' ' ')"
fi
