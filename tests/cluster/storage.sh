#!/bin/bash
# The shared directory on nodes whose kernel has no NFS: that is said before anything is changed. What the role
# writes is looked at all the same, since it needs no kernel: Ansible runs it alone, without starting anything.
# (tests/emulated/nfs.sh has the real mount.)
playbook=$(realpath "$(dirname "$0")/../../playbooks/storage.yml")
# shellcheck source=lib.sh
source "$(dirname "$0")/lib.sh"

start_lab --nodes 2
printf '\n[storage]\ndirectory = "/shared"\n' >>cluster.toml

if grep -qw nfsd /proc/filesystems; then
  die "this kernel has an NFS server: the first half of this test needs one that has none"
fi
run install storage
expect_status 4
expect_in_err "$(node 1): its kernel has no NFS server"
expect_in_err "$(node 2): its kernel has no NFS client"
on 1 'test ! -e /shared && test ! -e /etc/exports.d' || die "something was changed all the same"
run install storage --yes-format /dev/sdx
expect_status 2
expect_in_err "--yes-format names /dev/sdx, but [storage] has no device"

run generate ssh-config -o .clustermpi/ssh_config   # by which Ansible reaches the nodes
expect_status 0

# by_ansible WHAT CHANGED-ON: the role alone; CHANGED-ON are the nodes on which it changes something.
by_ansible() {
  say "ansible-playbook: $1"
  ansible-playbook -i <("$CLUSTERMPI" generate ansible-inventory) -e storage_start=false "$playbook" >"$work/role" 2>&1 </dev/null ||
    mismatch "ansible-playbook" "exit status 0" "$(tail -n 30 "$work/role")"
  expect_equal "nodes changed ($1)" "$2" "$(sed -n 's/^\([a-z0-9]*\) *:.*changed=[1-9].*/\1/p' "$work/role" | paste -sd' ')"
}
by_ansible "first" "$(node 1) $(node 2)"
expect_equal "what is exported" \
  "/shared $(on 1 "ip -4 -o route show dev eth0 scope link" | cut -d' ' -f1)(rw,sync,no_subtree_check,root_squash)" \
  "$(on 1 "grep -v '^#' /etc/exports.d/clustermpi.exports" | sed 's/ *$//')"
address=$(on 1 "ip -4 -o addr show eth0" | sed 's#.*inet \([^/]*\)/.*#\1#')
expect_equal "how it is mounted" \
  "$address:/shared /shared nfs4 _netdev,nofail,x-systemd.automount,x-systemd.mount-timeout=30,x-systemd.idle-timeout=300,hard,noatime,nosuid,nodev 0 0" \
  "$(on 2 "sed -n '/^# BEGIN clustermpi/,/^# END clustermpi/p' /etc/fstab | grep -v '^#'")"
on 1 'test ! -e /etc/fstab || ! grep -q clustermpi /etc/fstab' || die "the manager mounts what it exports"
on 2 'systemctl daemon-reload && systemctl cat shared.automount >/dev/null' || die "systemd does not read the line"
expect_equal "packages" "nfs-kernel-server nfs-common" \
  "$(on 1 "dpkg-query -W -f '\${Package} ' nfs-kernel-server")$(on 2 "dpkg-query -W -f '\${Package}' nfs-common")"
on 2 "dpkg-query -W -f '\${db:Status-Abbrev}' nfs-kernel-server 2>/dev/null | grep -q ^ii" && die "a client has the server's package"

by_ansible "again" ""
on 1 'echo "/ *(rw)" >>/etc/exports.d/clustermpi.exports'
on 2 "sed -i s/hard,/soft,/ /etc/fstab"
by_ansible "after drift" "$(node 1) $(node 2)"
on 2 'grep -q ,hard, /etc/fstab' || die "/etc/fstab is still as it was edited"
on 1 'grep -q "^/ " /etc/exports.d/clustermpi.exports' && die "the exports are still as they were edited"

say "a directory by another name"
sed -i 's#"/shared"#"/srv/class"#' cluster.toml
by_ansible "another directory" "$(node 1) $(node 2)"
expect_equal "mounts of ours" "$address:/srv/class" "$(on 2 "grep nfs4 /etc/fstab | cut -d' ' -f1")"
by_ansible "another directory, again" ""
