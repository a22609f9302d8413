#!/usr/bin/env python3
"""Runs a command to its end and prints what it took: SECONDS and the most memory it had, in KiB.

usage: measure.py COMMAND...
The command's output goes to stderr. Its children's memory does not count: Ansible is not ours.
"""
import subprocess
import sys
import time


def high_water(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    begin = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    most = 0
    while True:
        # A mark that only rises: looking now and then is enough.
        most = max(most, high_water(process.pid))
        try:
            status = process.wait(timeout=0.002 if time.perf_counter() - begin < 1 else 0.05)
            break
        except subprocess.TimeoutExpired:
            pass
    print(f"{time.perf_counter() - begin:.4f} {most}")
    sys.exit(status)


if __name__ == "__main__":
    main()
