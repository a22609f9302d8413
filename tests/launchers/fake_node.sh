#!/bin/bash
# Stands in for ssh: what a launcher starts "there" is started here, under the host's name and, for hwloc, on
# the host's processors. Called as `fake_node.sh [SSH OPTION]... HOST COMMAND...`; $FAKE_FLEET is a folder with
# HOST.xml of each host.
while [[ $1 == -* ]]; do
  case $1 in
    -o) shift 2 ;;
    *) shift ;;
  esac
done
host=$1
shift
mkdir -p "$FAKE_FLEET/$host"
export TMPDIR=$FAKE_FLEET/$host NODE=$host
if [[ -e $FAKE_FLEET/$host.xml ]]; then
  export HWLOC_XMLFILE=$FAKE_FLEET/$host.xml HWLOC_THISSYSTEM=0
fi
exec unshare --uts bash -c "hostname $host; $*"
