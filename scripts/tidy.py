#!/usr/bin/env python3
"""clang-tidy over the program's sources; .clang-tidy has the checks. Any finding fails.

usage: tidy.py [FILE...]    default: all of hosts/, provision/ and cli/

What was clean once is not read again: a file whose text, with all that it includes, is the same as one that passed
is skipped. That is remembered in the user's cache folder, for every clone.
"""
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Without precompiled headers, which are g++'s own, and so that a file that lacks an include is found.
BUILD = ROOT / "build/tidy"
CLEAN = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "clustermpi/tidy"
FOLDERS = [ROOT / folder for folder in ("hosts", "provision", "cli")]


def compile_commands(wanted):
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    commands = {Path(entry["file"]): entry for entry in entries
                if any(folder in Path(entry["file"]).parents for folder in FOLDERS)}
    unknown = [str(file) for file in wanted if file not in commands]
    if unknown:
        sys.exit(f"tidy: not compiled as a part of the program: {' '.join(unknown)}")
    return {file: commands[file] for file in wanted or sorted(commands)}


def fingerprint(entry, judge):
    """Of the file as the compiler sees it, comments included, since they may silence a check."""
    command = shlex.split(entry["command"])
    compiler = next(i for i, word in enumerate(command) if word.endswith(("c++", "g++", "clang++")))
    command = command[compiler:]
    del command[command.index("-o"):command.index("-o") + 2]
    text = subprocess.run([*command, "-E", "-C", "-P"], cwd=entry["directory"], capture_output=True, check=True)
    # Where it is in the tree decides what its macros for paths say, so the root is taken out.
    return hashlib.sha256(judge + text.stdout.replace(str(ROOT).encode(), b"")).hexdigest()


def findings(file, entry, judge):
    stamp = CLEAN / fingerprint(entry, judge)
    if stamp.exists():
        return ""
    tidy = subprocess.run(["clang-tidy", "--quiet", f"-p={BUILD}", str(file)], capture_output=True, text=True)
    if tidy.returncode == 0 and not tidy.stdout.strip():
        stamp.touch()
        return ""
    return tidy.stdout + ("" if tidy.stdout.strip() else tidy.stderr)


def main():
    if any(word.startswith("-") for word in sys.argv[1:]):
        sys.exit(__doc__)
    subprocess.run(["cmake", "--preset", "dev", "-B", BUILD, "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"], cwd=ROOT,
                   stdout=subprocess.DEVNULL, check=True)
    CLEAN.mkdir(parents=True, exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    judge = version + (ROOT / ".clang-tidy").read_bytes()
    commands = compile_commands([Path(file).resolve() for file in sys.argv[1:]])
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(lambda item: findings(*item, judge), commands.items()) if text]
    print(*found, sep="\n", end="", file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
