#!/usr/bin/env python3
"""Checks that the folders keep to their place: cli -> provision -> hosts, never back.

usage: check_layout.py ROOT
Prints one line a violation, FILE:LINE: WHAT, and exits 1 where there is any.
"""
import re
import sys
from pathlib import Path

FOLDERS = ("hosts", "provision", "cli")
MAY_INCLUDE = {"hosts": {"hosts"}, "provision": {"provision", "hosts"}, "cli": set(FOLDERS)}

PRINTS = (r"<(iostream|print)>", r"\bstd::(cout|cerr|clog)\b", r"\b(printf|fprintf|vfprintf|puts|fputs|putchar|perror)\s*\(",
          r"\bfmt::print\w*\s*\(", r"\bstd(out|err)\b(?!_)")
TOUCHES = (r"<(fstream|thread|mutex|future|csignal|unistd\.h|fcntl\.h|signal\.h|spawn\.h|poll\.h|netdb\.h|ifaddrs\.h)>",
           r"<(sys|netinet|arpa|linux)/", r"\b(getenv|system|popen)\s*\(", r"\w+_clock::now\b",
           # Names of files are values; the file system is not.
           r"\bfilesystem::(?!path\b)", r"=\s*std::filesystem\b", r"\busing\s+namespace\s+std::filesystem\b")
SOCKETS_AND_PROCESSES = (r"<(spawn\.h|netdb\.h|ifaddrs\.h|sys/socket\.h|sys/wait\.h|netinet/.*|arpa/.*)>",
                         r"\b(fork|vfork|popen|posix_spawnp?|exec[lv]p?e?|socket|connect)\s*\(", r"\bstd::system\s*\(")

# (files it holds for, pattern, what is wrong)
RULES = [
    *((r"^(hosts|provision)/", p, "only cli/ prints") for p in PRINTS),
    *((r"^hosts/", p, "hosts/ is pure: no files, sockets, processes, clock or environment") for p in TOUCHES),
    *((r"^cli/", p, "only provision/ opens a socket or spawns") for p in SOCKETS_AND_PROCESSES),
    (r"^(hosts/|cli/|provision/(?!ssh/))", r"<libssh/", "only provision/ssh/ knows libssh"),
    (r"^(hosts|provision)/", r"<CLI/", "only cli/ reads arguments"),
    (r"^(provision|cli)/", r"<toml\+\+/", "only hosts/ reads TOML"),
]


def without_comments(text):
    """The text with comments blanked, lines kept. String literals stay."""
    pattern = r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/'

    def blank(match):
        token = match.group(0)
        return token if token.startswith('"') else "\n" * token.count("\n")

    return re.sub(pattern, blank, text, flags=re.DOTALL)


def without_strings(line):
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', line)


def violations_of(name, text):
    folder = name.split("/")[0]
    rules = [(pattern, what) for files, pattern, what in RULES if re.search(files, name)]
    for number, line in enumerate(without_comments(text).splitlines(), start=1):
        include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if include:
            top = include.group(1).split("/")[0]
            if top not in FOLDERS or "/" not in include.group(1):
                yield number, f'"{include.group(1)}" is not included from the project root'
            elif top not in MAY_INCLUDE[folder]:
                yield number, f"{folder}/ must not include {top}/"
            continue
        code = without_strings(line)
        for what in dict.fromkeys(what for pattern, what in rules if re.search(pattern, code)):
            yield number, what


def check(root):
    """All violations in the tree, and how many files were looked at."""
    found = []
    files = sorted(f for folder in FOLDERS for f in (root / folder).rglob("*") if f.suffix in (".hpp", ".cpp"))
    for file in files:
        name = file.relative_to(root).as_posix()
        found += [f"{name}:{number}: {what}" for number, what in violations_of(name, file.read_text())]
    return found, len(files)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found, files = check(Path(sys.argv[1]))
    if files == 0:
        sys.exit(f"{sys.argv[1]} has no sources: wrong folder?")
    print(*found, f"{files} files, {len(found)} violations", sep="\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
