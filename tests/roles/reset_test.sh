#!/bin/bash
# provision/remote/reset.sh: files go back to what they were before the module managed_files wrote them, to the
# byte; packages go by apt's judgement. dpkg, apt and systemd are fakes; files and journal are real, below $dir.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() { printf 'FAIL: %s\n  expected: %s\n  came:     %s\n' "$@"; exit 1; }
expect() { [[ $2 == "$3" ]] || fail "$@"; }

fake() { printf '#!/bin/sh\n%s\n' "$2" >"$dir/bin/$1"; chmod +x "$dir/bin/$1"; }
mkdir -p "$dir/bin" "$dir/etc" "$dir/home"
fake dpkg 'case $1 in --print-architecture) echo amd64 ;; --audit) ;; esac'
fake dpkg-query 'case $1 in -S) exit 1 ;; *) cat "$FAKE/installed" ;; esac'
fake apt-mark 'cat "$FAKE/manual" 2>/dev/null'
# apt-get: notes what it was told is not the user's wish; "needed" packages that nothing else needs go.
fake apt-get '
for word in "$@"; do
  case $word in Dir::State::extended_states=*) sed -n "s/^Package: //p" "${word#*=}" >"$FAKE/loose" ;; esac
  case $word in -*|*::*) ;; *) words="$words $word" ;; esac
done
case $1 in
  -s) grep -v -x -F -f "$FAKE/used" "$FAKE/loose" | sed "s/.*/Remv & [1.0]/" ;;
  *) echo "apt-get$words" >>"$FAKE/calls"
     set -- $words; shift
     for name; do sed -i "/ $name /d" "$FAKE/installed"; done
     # As their maintainer scripts do, whosever folder and account it is.
     case $* in *slurmd*) rm -rf "$FAKE/etc/slurm" && sed -i "/^slurm:/d" "$FAKE/etc/passwd" ;; esac
     [ ! -s "$FAKE/cut" ] || { rm "$FAKE/cut"; exit 100; } ;;
esac'
fake systemctl 'case "$*" in *is-active*|*is-enabled*) exit 0 ;; esac; echo "systemctl $*" >>"$FAKE/calls"'
for name in userdel groupdel; do fake "$name" "echo \"$name \$1\" >>\"\$FAKE/calls\"; sed -i \"/^\$1:/d\" \"\$FAKE/etc/passwd\" \"\$FAKE/etc/group\""; done
fake getent "echo x:x:0:0::$dir/home:/bin/sh"

items="mpi python package python3
mpi base block $dir/etc/hosts
mpi base file $dir/etc/ssh.conf
mpi base service timesyncd
slurm python package python3
slurm base block $dir/etc/hosts
slurm base file $dir/etc/ssh.conf
slurm base service timesyncd
mpi openmpi package openmpi-bin
slurm munge package munge
slurm munge file $dir/etc/munge/key
slurm munge service munge
slurm munge leftover $dir/etc/munge
slurm munge leftover $dir/var/log/munge
slurm slurm package slurmd
slurm slurm file $dir/etc/slurm/slurm.conf
slurm slurm service slurmd
slurm slurm leftover $dir/etc/slurm
slurm slurm leftover $dir/usr/*/libpmix.so
slurm slurmdbd package mariadb-server
slurm slurmdbd leftover $dir/var/lib/mysql
python python package python3
python venv package python3-venv
python venv venv {venv_path}"

# reset MODE PART...: leaves $status, $out, $err and $calls.
reset() {
  local mode=$1 all=''
  shift
  [[ $* != *all* ]] || { all=1; set -- mpi slurm; }
  : >"$dir/calls"
  status=0
  {
    printf "mode=%s\nall=%s\nparts='%s'\nitems='%s'\nprograms='.clustermpi/bin/hello'\nmanager=\n" "$mode" "$all" "$*" "$items"
    sed -e "s#^state=.*#state=$dir/state#" -e "s#^run=.*#run=$dir/run#" -e "s#/etc/\(passwd\|group\|\$database\)#$dir/etc/\1#g" \
        -e "s#/var/lib/dpkg/info#$dir/info#g" -e "s#/proc/#$dir/proc/#" "$root/provision/remote/reset.sh"
  } | FAKE=$dir PATH=$dir/bin:$PATH sh -s >"$dir/out" 2>"$dir/err" || status=$?
  out=$(sed "s#$dir##" "$dir/out") err=$(<"$dir/err") calls=$(sed "s#$dir##" "$dir/calls")
}

# install: as the roles do it.
installs() {
  mkdir -p "$dir/state" "$dir/run" "$dir/info" "$dir/usr/lib" "$dir/home/.clustermpi/bin"
  printf '%s\n' "package new asked python3" "package new asked openmpi-bin" "package new asked munge" "package new asked slurmd" \
    "package new needed libmunge2" "package new needed libopenmpi3" "package new needed libuser" "package new needed libadopted" \
    "path absent - $dir/etc/munge" "path absent - $dir/var/log/munge" "path found - $dir/etc/slurm" \
    "path absent - $dir/usr/*/libpmix.so" "path absent - $dir/var/lib/mysql" "user - - munge" "group - - munge" >"$dir/state/journal"
  echo libuser >"$dir/used"
  echo libadopted >"$dir/manual"
  for name in python3 openmpi-bin munge slurmd libmunge2 libopenmpi3 libuser libadopted mine; do
    echo "installed $name amd64"
  done >"$dir/installed"
  printf 'root:x:0:\nslurm:x:64030:\nmunge:x:105:\n' | tee "$dir/etc/passwd" >"$dir/etc/group"
  echo 'adduser --system munge' >"$dir/info/munge.postinst"
  printf '%s\n' /etc "$dir/etc/slurm" "$dir/etc/slurm/plug.d" "$dir/etc/slurm/plug.d/conf" >"$dir/info/slurmd.list"
  mkdir -p "$dir/etc/slurm/plug.d"
  touch "$dir/etc/slurm/plug.d/conf"
  echo 'userdel munge' >"$dir/info/mine.preinst" # it was there before us, and did not make it
  mkdir -p "$dir/etc/munge" "$dir/var/log/munge"
  mkdir -p "$dir/var/lib/mysql" # by hand, and not of a package of ours
  echo key >"$dir/etc/munge/key"
  touch "$dir/usr/lib/libpmix.so" "$dir/home/.clustermpi/bin/hello" "$dir/state/mpi.state" "$dir/state/slurm.state"
  DIR=$dir /usr/bin/python3 -B - "$root" <<'END'
import getpass, os, sys
sys.path.insert(0, sys.argv[1] + "/playbooks/library")
import managed_files as module
etc = os.environ["DIR"] + "/etc/"
writer = module.Writer(False, module.Journal(os.environ["DIR"] + "/state"))
def file(name, **more):
    return {"path": etc + name, "content": "ours\n", "secret": None, "mode": "0600", "owner": getpass.getuser(),
            "optional": False, "made_by": None, **more}
for _ in range(2):
    module.apply({
        "files": [file("ssh.conf"), file("munge/key", made_by="munge"), file("slurm/slurm.conf"), file("new/folder/file")],
        "blocks": [{"path": etc + "hosts", "content": "10.0.0.1 red\n", "comment_out": r"127\.0\.1\.1", "optional": False}],
        "lines": [{"path": etc + name, "line": "ssh-ed25519 AAAA", "mode": "0600", "owner": getpass.getuser()}
                  for name in ("keys", "newkeys")],
        "secrets": None}, writer)
END
}

tree() { (cd "$dir" && find etc -printf '%p %m %u %l\n' | sort && find etc -type f ! -name passwd ! -name group -exec sha256sum {} + | sort); }

# A node with things of its own: no line's end, carriage returns, blanks, a comment like one of ours.
mkdir -p "$dir/etc/slurm"
printf '127.0.0.1\tlocalhost\r\n\n127.0.1.1  red \n# 127.0.1.1 red\n10.9.9.9 mine' >"$dir/etc/hosts"
printf 'ssh-rsa BBBB me' >"$dir/etc/keys"
chmod 0644 "$dir/etc/keys"
echo 'ClusterName=mine' >"$dir/etc/slurm/slurm.conf"
echo 'mine' >"$dir/etc/slurm/other.conf"
printf 'root:x:0:\n' | tee "$dir/etc/passwd" >"$dir/etc/group"
before=$(tree)

reset list all
expect "a bare node: nothing to do" "0 " "$status $out"

installs
[[ $(tree) != "$before" ]] || fail "the installation" "changes" "none"
installed=$(tree)
state=$(cat "$dir/state/journal")
reset list all
expect "the list" "stop munge
stop slurmd
file /etc/ssh.conf
file /etc/munge/key
restore /etc/slurm/slurm.conf
file /etc/new/folder/file
block /etc/hosts
line /etc/keys
line /etc/newkeys
leftover /etc/munge
leftover /var/log/munge
leftover /usr/lib/libpmix.so
package python3 asked
package openmpi-bin asked
package munge asked
package slurmd asked
package libmunge2 needed
package libopenmpi3 needed
stays libuser
stays libadopted
user munge
group munge
own /state/journal
own /state/before
own /run
own /home/.clustermpi/bin/hello
own /state/mpi.state
own /state/slurm.state" "$out"
expect "a list changes nothing" "$installed $state" "$(tree) $(cat "$dir/state/journal")"

reset remove all
expect "all: exit status" "0 " "$status $err"
expect "all: daemons end before their packages go" "systemctl -q disable --now munge
systemctl kill --signal=KILL munge
systemctl -q disable --now slurmd
systemctl kill --signal=KILL slurmd
apt-get purge python3 openmpi-bin munge slurmd libmunge2 libopenmpi3
userdel munge" "$calls"
expect "all: files are as they were" "$before" "$(tree)"
expect "all: nothing of ours is left" "" "$(find "$dir/state" "$dir/run" "$dir/home/.clustermpi" "$dir/var/log/munge" "$dir/usr/lib/libpmix.so" 2>/dev/null)"
expect "all: packages of the user's stay" $'installed libuser amd64\ninstalled libadopted amd64\ninstalled mine amd64' "$(<"$dir/installed")"
expect "all: the user's account stays, ours is gone" "root slurm" "$(cut -d: -f1 "$dir/etc/passwd" | xargs)"
[[ -d $dir/var/lib/mysql ]] || fail "all: a data base of the user's" "is left alone" "is gone"
reset list all
expect "all, again: nothing to do" "0 " "$status $out"

installs
echo yes >"$dir/cut"
reset remove all
expect "cut off: exit status" 1 "$status"
[[ -e $dir/state/journal ]] || fail "cut off" "a journal to go on with" "none"
reset remove all
expect "cut off, then again" "0 $before" "$status $(tree)"

installs
reset list slurm
expect "slurm: mpi, and what both need, stays" "stop munge
stop slurmd
file /etc/munge/key
restore /etc/slurm/slurm.conf
leftover /etc/munge
leftover /var/log/munge
leftover /usr/lib/libpmix.so
package munge asked
package slurmd asked
package libmunge2 needed
package libopenmpi3 needed
user munge
group munge
own /state/slurm.state" "$out"
printf 'libopenmpi3\n' >>"$dir/used"
reset remove slurm
expect "slurm: exit status" "0 " "$status $err"
expect "slurm: packages" $'python3\nopenmpi-bin\nlibopenmpi3\nlibuser\nlibadopted\nmine' "$(cut -d' ' -f2 "$dir/installed")"
expect "slurm: the user's configuration is back" "ClusterName=mine mine" "$(cat "$dir/etc/slurm/slurm.conf" "$dir/etc/slurm/other.conf" | xargs)"
grep -q '10.0.0.1 red' "$dir/etc/hosts" || fail "slurm" "names for mpi" "none"
reset list slurm
expect "slurm, again: nothing to do" "0 " "$status $out"
# What the user installs from now on is the user's.
echo 'installed munge amd64' >>"$dir/installed"
mkdir -p "$dir/etc/munge"
echo theirs >"$dir/etc/munge/key"
reset remove all
expect "what came after the reset of a part stays" "installed munge amd64 theirs" "$(grep munge "$dir/installed") $(<"$dir/etc/munge/key")"
rm -r "$dir/etc/munge"
expect "part by part: files are as they were" "$before" "$(tree)"

installs
printf '10.9.9.8 later\n' >>"$dir/etc/hosts"
reset remove all
expect "text that came behind our block stays" $'10.9.9.9 mine\n10.9.9.8 later' "$(tail -n 2 "$dir/etc/hosts")"

installs
mkdir -p "$dir/boot"
printf 'root=/dev/sda2 rootwait\r\n' >"$dir/boot/cmdline.txt"
before=$(cksum "$dir/boot/cmdline.txt")
{ echo "file=$dir/boot/cmdline.txt"; sed "s#^state=.*#state=$dir/state#" "$root/provision/remote/kernel_line.sh"; } | sh -s >/dev/null
reset list slurm
grep -q '^word' <<<"$out" && fail "the kernel's line" "stays with a part that goes alone" "$out"
reset list all
expect "the kernel's line: listed" "word /boot/cmdline.txt" "$(grep '^word' <<<"$out")"
reset remove all
expect "the kernel's line: as it was, with nothing beside it" "$before cmdline.txt" "$(cksum "$dir/boot/cmdline.txt") $(ls "$dir/boot")"

installs
printf '%s\n' "tree absent - $dir/home/ENV3" "asked venv - python3-mpi4py" "asked venv - openmpi-bin" \
  "package new asked python3-venv" "package new asked python3-mpi4py" >>"$dir/state/journal"
for name in python3-venv python3-mpi4py; do echo "installed $name amd64" >>"$dir/installed"; done
printf 'libmunge2\nlibopenmpi3\n' >>"$dir/used"
mkdir -p "$dir/home/ENV3/bin"
touch "$dir/home/ENV3/bin/python3" "$dir/state/python.state"
reset list slurm
grep -q -e ENV3 -e mpi4py <<<"$out" && fail "a Python environment" "stays with other parts" "$out"
reset list python
expect "python: what another part has in its list stays" "tree /home/ENV3
package python3-venv asked
package python3-mpi4py asked
own /state/python.state" "$out"
reset remove python
expect "python: exit status" "0 " "$status $err"
expect "python: packages" "apt-get purge python3-venv python3-mpi4py" "$calls"
[[ ! -e $dir/home/ENV3 ]] || fail "python: the environment" "is gone" "is there"
mkdir "$dir/home/ENV3"
reset list all
grep -q ENV3 <<<"$out" && fail "an environment that came after the reset" "stays" "$out"
reset remove all
