#!/bin/bash
# Expected to fail: it claims that a lab with a dead node is whole. Whatever else goes wrong on the way
# there ends with success, so that only a failure that the harness has really seen counts.
source "$(dirname "$0")/lib.sh"

lab_is_up=yes   # whatever becomes of the subshell
(
  start_lab --nodes 2
  run discover
  expect_status 0
  run lab stop "$(node 2)"
  expect_status 0
) || exit 0

run discover
expect_status 0
