#!/bin/bash
# A full disk on one node: found before anything is changed where the packages would not fit, and named
# where a file does not; the other nodes go on.
source "$(dirname "$0")/lib.sh"

start_lab --bare --nodes 2

say "/var of $(node 2) has room for almost nothing"
on 2 'mount -t tmpfs -o size=300m small /mnt && cp -a /var/. /mnt/ && mount --bind /mnt /var &&
      fallocate -l $(($(stat -f -c "%a * %S" /var) - 4000000)) /var/filler'
run up --json
expect_status 4
expect_json 'd["hosts"]["'"$(node 2)"'"]["error"]["code"]' no_space
expect_json 'd["hosts"]["'"$(node 1)"'"]["ok"]' true
expect_json 'd["hosts"]["'"$(node 2)"'"]["changes"]' '[]'
on 2 '! command -v mpirun >/dev/null' || die "$(node 2) was changed although its disk is full"

say "room again"
on 2 'rm /var/filler && umount --lazy /var /mnt'
run up --json
expect_status 0

say "the folder for files of $(node 2) is full"
on 2 'mkdir -p /home/pi/data && mount -t tmpfs -o size=64k,mode=777 small /home/pi/data'
head -c 1000000 /dev/urandom >data.bin
run distribute data.bin --to /home/pi/data --json
expect_status 4
expect_json 'd["hosts"]["'"$(node 1)"'"]["ok"]' true
expect_json 'd["hosts"]["'"$(node 2)"'"]["error"]["code"]' no_space
expect_in_err "$(node 2): no space left for /home/pi/data/data.bin"
expect_in_err 'make room on that host (`df -h` shows where) and run the same command again'
on 2 'test -z "$(ls /home/pi/data)"' || die "$(node 2) keeps rests of the file"
