#!/usr/bin/python3
"""Runs a program with a terminal of its own, and types there: one line of our stdin at each question.

A question is what ends in ": " or "[y/N] ". What the terminal showed goes to our stdout.
"""
import os
import pty
import re
import sys
import time

answers = sys.stdin.buffer.read().splitlines()
process, terminal = pty.fork()
if process == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
unanswered = b""
while True:
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # the other side is closed
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece)
    unanswered += piece
    if answers and re.search(rb"(: |\[y/N\] )$", unanswered):
        time.sleep(0.3)  # echo may be switched off after the question is shown
        os.write(terminal, answers.pop(0) + b"\n")
        unanswered = b""
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
