#!/usr/bin/env python3
"""The layout check sees what it is there for: each violation is planted in a small tree and found."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).with_name("check_layout.py")
CLEAN = {
    "hosts/model.cpp": '#include "hosts/model.hpp"\n#include <toml++/toml.h>\nstd::filesystem::path p;\n',
    "provision/ssh/session.cpp": '#include <libssh/libssh.h>\n#include "hosts/model.hpp"\n',
    "provision/run.cpp": '#include "provision/run.hpp"\n// printf("not code");\nauto s = "std::cout <<";\n',
    "cli/main.cpp": '#include <CLI/CLI.hpp>\n#include "provision/run.hpp"\nvoid f() { std::fputs("x", stdout); }\n',
}


class CheckLayout(unittest.TestCase):
    def run_on(self, files):
        with tempfile.TemporaryDirectory() as root:
            for name, text in files.items():
                path = Path(root, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return subprocess.run([sys.executable, CHECK, root], capture_output=True, text=True, check=False)

    def assert_found(self, name, line, what):
        """With `line` as second line of file `name`, exactly that is reported."""
        result = self.run_on({**CLEAN, name: f"#pragma once\n{line}\n"})
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertEqual(result.stdout.splitlines()[:-1], [f"{name}:2: {what}"])

    def test_a_clean_tree_passes(self):
        result = self.run_on(CLEAN)
        self.assertEqual((result.returncode, result.stdout), (0, "4 files, 0 violations\n"))

    def test_an_empty_tree_is_no_success(self):
        result = self.run_on({})
        self.assertEqual(result.returncode, 1)
        self.assertIn("has no sources", result.stderr)

    def test_back_edges(self):
        self.assert_found("hosts/x.hpp", '#include "provision/fleet.hpp"', "hosts/ must not include provision/")
        self.assert_found("hosts/x.hpp", '#include "cli/console.hpp"', "hosts/ must not include cli/")
        self.assert_found("provision/x.hpp", '#  include "cli/console.hpp"', "provision/ must not include cli/")
        self.assert_found("provision/x.hpp", '#include "fleet.hpp"', '"fleet.hpp" is not included from the project root')

    def test_hosts_is_pure(self):
        for line in ("#include <fstream>", "#include <sys/socket.h>", 'auto home = std::getenv("HOME");',
                     "auto now = std::chrono::system_clock::now();", "bool b = std::filesystem::exists(p);",
                     "namespace fs = std::filesystem;"):
            self.assert_found("hosts/x.cpp", line,
                              "hosts/ is pure: no files, sockets, processes, clock or environment")

    def test_only_cli_prints(self):
        for line in ("#include <iostream>", 'std::printf("x");', 'fmt::print("x");', 'fmt::print(stderr, "x");'):
            self.assert_found("provision/x.cpp", line, "only cli/ prints")

    def test_libraries_have_one_home(self):
        self.assert_found("provision/x.cpp", "#include <libssh/libssh.h>", "only provision/ssh/ knows libssh")
        self.assert_found("cli/x.cpp", "#include <libssh/libssh.h>", "only provision/ssh/ knows libssh")
        self.assert_found("provision/x.cpp", "#include <CLI/CLI.hpp>", "only cli/ reads arguments")
        self.assert_found("cli/x.cpp", "#include <toml++/toml.h>", "only hosts/ reads TOML")

    def test_cli_opens_no_socket_and_spawns_nothing(self):
        for line in ("#include <sys/socket.h>", "pid_t p = fork();", 'execvp("sh", argv);'):
            self.assert_found("cli/x.cpp", line, "only provision/ opens a socket or spawns")


if __name__ == "__main__":
    unittest.main()
