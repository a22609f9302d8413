#!/bin/bash
# First contact by password, sudo with a password, a key with a passphrase; and that no secret is ever in a
# command line, an environment or a file.
typed=$(realpath "$(dirname "$0")/typed.py")
source "$(dirname "$0")/lib.sh"

secret='corr"ect \horse $1'
other_secret='an other one'
passphrase="open it's me"

# give_password NODE PASSWORD: the node knows only that.
give_password() {
  on "$1" 'rm -f /home/pi/.ssh/authorized_keys'
  on "$1" "chpasswd" <<<"pi:$2"
}
asks_for_sudo() { on "$1" 'rm -f /etc/sudoers.d/pi /etc/sudoers.d/clustermpi-pi'; }

# run_with FD-TEXT ARG...: the program with that on descriptor 3, under strace.
run_with() {
  local text=$1
  shift
  say "clustermpi $*"
  strace -qq -f -v -s 1000000 -e trace=execve -o "$work/trace" \
    "$CLUSTERMPI" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null 3< <(printf '%s' "$text")
  status=$?
  out=$(<"$work/stdout") err=$(<"$work/stderr")
}
# run_typing ANSWERS ARG...: in a terminal, where those lines are typed; leaves $shown, what was seen there.
run_typing() {
  local answers=$1
  shift
  say "clustermpi $* (typing)"
  # shellcheck disable=SC2016 # for the inner shell
  shown=$(printf '%s\n' "$answers" | "$typed" strace -qq -f -v -s 1000000 -e trace=execve -o "$work/trace" \
    sh -c 'out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err"' sh "$work/stdout" "$work/stderr" "$CLUSTERMPI" "$@")
  status=$?
  out=$(<"$work/stdout") err=$(<"$work/stderr")
}
# Neither as it is, nor as strace or JSON write it.
expect_no_secret() {
  local text place found
  for text in "$secret" "$other_secret" "$passphrase" 'corr\"ect \\horse' 'corr\"ect \horse'; do
    grep -qF 'execve("' "$work/trace" || die "strace saw nothing"
    if found=$(grep -nF -- "$text" "$work/trace"); then die "a secret in a command line or environment: $found"; fi
    for place in .clustermpi "$work/stdout" "$work/stderr"; do
      if found=$(grep -rlF -- "$text" "$place"); then die "a secret in $found"; fi
    done
  done
  [[ $shown != *"$secret"* && $shown != *"$other_secret"* && $shown != *"$passphrase"* ]] ||
    die "a secret on the terminal: $shown"
}
shown=''

start_lab --bare --nodes 3
give_password 2 "$secret"
give_password 3 "$other_secret"
asks_for_sudo 2

run bootstrap --dry-run --json
expect_status 0
expect_json '{n: h["login"] for n, h in d["hosts"].items()}' \
  "{\"$(node 1)\": \"key\", \"$(node 2)\": \"password\", \"$(node 3)\": \"password\"}"
expect_json 'd["changed"]' false
expect_json "len(d['hosts']['$(node 2)']['changes'])" 1
on 2 'test ! -e /home/pi/.ssh/authorized_keys' || die "the dry run installed a key"

say "nobody is here to be asked"
run bootstrap --json
expect_status 4
expect_json "d['hosts']['$(node 1)']['ok']" true
expect_json "d['hosts']['$(node 2)']['error']['code']" auth_failed
expect_json "d['hosts']['$(node 2)']['error']['hint']" \
  "give its password: run bootstrap in a terminal, or with --password-fd N"

say "one password, which one node does not take"
run_with "$secret"$'\n' bootstrap --password-fd 3 --passwordless-sudo --json
expect_no_secret
expect_status 4
expect_json "d['hosts']['$(node 1)']['changed']" false
expect_json "d['hosts']['$(node 2)']['ok']" true
expect_json "d['hosts']['$(node 2)']['sudo']" passwordless
expect_json "len(d['hosts']['$(node 2)']['changes'])" 2
expect_json "d['hosts']['$(node 3)']['error']['code']" password_refused
expect_equal "the file of sudo's" "440 root" "$(on 2 'stat -c "%a %U" /etc/sudoers.d/clustermpi-pi')"
on 2 'visudo -cq' || die "sudoers is broken"
expect_equal "modes" "700 600" "$(on 2 'stat -c %a /home/pi/.ssh /home/pi/.ssh/authorized_keys' | xargs)"

say "a line a host"
run_with "unused"$'\n'"unused"$'\n'"$other_secret" bootstrap --password-fd 3 --each-password --json
expect_no_secret
expect_status 0
expect_json "[n for n, h in d['hosts'].items() if h['changed']]" "[\"$(node 3)\"]"

say "twice changes nothing"
run bootstrap
expect_status 0
expect_in_out "$(node 2)  knows our key, sudo without a password; no change"
expect_in_out "next: clustermpi up"

say "no key anywhere: one is made, and works at once"
# A ~/.ssh that only this run sees: the machine's own keys are not touched.
cat >"$work/keyless" <<EOF
#!/bin/sh
mkdir -p ~/.ssh
exec env -u SSH_AUTH_SOCK unshare --mount sh -c 'mount -t tmpfs -o mode=0700 none ~/.ssh && exec "\$@"' sh "$CLUSTERMPI" "\$@"
EOF
chmod +x "$work/keyless"
for n in 1 2 3; do on "$n" chpasswd <<<"pi:$secret"; done
cp cluster.toml with_key.toml
sed -i '/^identity/d' cluster.toml
CLUSTERMPI=$work/keyless run_with "$secret"$'\n' bootstrap --yes --password-fd 3 --json
expect_no_secret
expect_status 0
expect_json '{h["login"] for h in d["hosts"].values()} == {"password"}' true
expect_json 'all(h["ok"] and h["changed"] for h in d["hosts"].values())' true
mv with_key.toml cluster.toml

say "asked in the terminal, again for the node that has another password"
give_password 2 "$secret"
give_password 3 "$other_secret"
run_typing "$secret"$'\n'"$other_secret" bootstrap
expect_no_secret
expect_status 0
[[ $shown == *"Password of pi on ${lab}[02-03]: "*"Password of pi on $(node 3): "* ]] || mismatch questions "two" "$shown"

say "an expired password, and no login by password at all"
give_password 2 "$secret"
give_password 3 "$secret"
on 2 'chage -d 0 pi'
on 3 'echo PasswordAuthentication no >/etc/ssh/sshd_config.d/no.conf; systemctl restart ssh'
run_with "$secret"$'\n' bootstrap --password-fd 3 --json
expect_no_secret
expect_status 4
expect_json "d['hosts']['$(node 2)']['error']['code']" password_expired
expect_json "d['hosts']['$(node 3)']['error']['code']" auth_failed
expect_json 'all(h["error"]["hint"] for h in d["hosts"].values() if not h["ok"])' true
on 2 'chage -d "$(date +%F)" pi'
on 3 'rm /etc/ssh/sshd_config.d/no.conf; systemctl restart ssh'
run_with "$secret"$'\n' bootstrap --password-fd 3
expect_status 0

say "sudo with a password: nobody to be asked, a wrong one, the right one"
give_password 1 "$secret"
for n in 1 2 3; do asks_for_sudo "$n"; done
run_with "$secret"$'\n' bootstrap --password-fd 3 --json
expect_status 0
expect_json '{h["sudo"] for h in d["hosts"].values()} == {"password"}' true
run up --json
expect_status 4
expect_json '{h["error"]["code"] for h in d["hosts"].values()} == {"sudo_password_needed"}' true
run_typing $'wrong\nwrong\nwrong' up --json
expect_status 4
expect_json '{h["error"]["code"] for h in d["hosts"].values()} == {"sudo_password_wrong"}' true
on 1 '! command -v mpirun' || die "something was installed"
run_typing "$secret" up --json
expect_no_secret
expect_status 0
expect_json 'd["changed"]' true
expect_equal "questions" 1 "$(grep -c 'Password of pi for sudo' <<<"$shown")"
run_typing "$secret" up --json
expect_status 0
expect_json 'd["changed"]' false

say "exec --sudo asks too, and stdin is the command's own"
run_typing "$secret" exec --sudo -- 'id -u; wc -c'
expect_no_secret
expect_status 0
expect_equal "what root said" "${lab}[01-03]:"$'\n'"0"$'\n'"0" "$out"
expect_equal "questions" 1 "$(grep -c 'Password of pi for sudo' <<<"$shown")"

say "a user who may not use sudo"
on 3 'gpasswd -d pi sudo'
run_typing "$secret" up --json
expect_status 4
expect_json "d['hosts']['$(node 3)']['error']" \
  '{"code": "no_sudo", "hint": "there, as root: usermod -aG sudo pi", "message": "user pi may not use sudo"}'
on 3 'gpasswd -a pi sudo'

say "a key with a passphrase, which Ansible cannot ask for"
on 2 'echo edited >>/etc/hosts; sed -i /clustermpi/d /etc/hosts'
identity=$(sed -n 's/^identity = "\(.*\)"/\1/p' cluster.toml)
ssh-keygen -q -p -P '' -N "$passphrase" -f "$identity"
run_typing "$passphrase"$'\n'"$secret" up --json
expect_no_secret
expect_status 0
expect_json "[n for n, h in d['hosts'].items() if h['changed']]" "[\"$(node 2)\"]"
expect_equal "questions" 1 "$(grep -c 'Passphrase for' <<<"$shown")"
[[ ! -e .clustermpi/agent ]] || die "an agent is left"
