"""A role's defaults and argument specs are its signature: they agree, and every name has the role's prefix."""

import re
import unittest
from pathlib import Path

import yaml

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
ROLES = sorted(path for path in (PLAYBOOKS / "roles").iterdir() if path.is_dir())


def load(path):
    return yaml.safe_load(path.read_text()) if path.exists() else None


def each_task(role):
    for path in (role / "tasks").glob("*.yml"):
        for task in load(path):
            yield path.name, task


class Signatures(unittest.TestCase):
    def for_each_role(self):
        self.assertTrue(ROLES)
        for role in ROLES:
            with self.subTest(role=role.name):
                yield role

    def test_every_entry_point_is_specified(self):
        for role in self.for_each_role():
            specified = load(role / "meta" / "argument_specs.yml")["argument_specs"]
            self.assertEqual(set(specified), {path.stem for path in (role / "tasks").glob("*.yml")})

    def test_defaults_and_options_are_the_same(self):
        for role in self.for_each_role():
            options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"].get("options", {})
            self.assertEqual(set(load(role / "defaults" / "main.yml") or {}), set(options))

    def test_options_are_described(self):
        for role in self.for_each_role():
            for entry in load(role / "meta" / "argument_specs.yml")["argument_specs"].values():
                self.assertTrue(entry["short_description"])
                for option, spec in entry.get("options", {}).items():
                    self.assertTrue(spec.get("description"), option)

    def test_variables_have_the_roles_prefix(self):
        for role in self.for_each_role():
            names = set(load(role / "defaults" / "main.yml") or {}) | set(load(role / "vars" / "main.yml") or {})
            names |= {task["register"] for _, task in each_task(role) if "register" in task}
            self.assertEqual([name for name in names if not name.startswith(role.name + "_")], [])

    def test_a_task_that_runs_a_command_says_what_a_change_is(self):
        for role in self.for_each_role():
            for file, task in each_task(role):
                if {"ansible.builtin.raw", "ansible.builtin.command", "ansible.builtin.shell"} & set(task):
                    creates = "creates" in (task.get("ansible.builtin.command") or {})
                    self.assertTrue("changed_when" in task or creates, "%s: %s" % (file, task["name"]))

    def test_managed_lists_can_be_read(self):
        line = re.compile(r"(package|file|block|line|service|leftover|venv) \S+( when=[a-z_]+)?")
        for role in self.for_each_role():
            for text in (role / "files" / "managed.list").read_text().splitlines():
                self.assertTrue(text.startswith("#") or line.fullmatch(text), text)

    def test_every_file_that_a_role_writes_is_in_its_managed_list(self):
        for role in self.for_each_role():
            listed = (role / "files" / "managed.list").read_text()
            text = "".join(file.read_text() for folder in ("tasks", "vars") for file in (role / folder).glob("*.yml"))
            for path in re.findall(r"^ +- path: (\S.*)$", text, re.MULTILINE):
                self.assertIn(path.replace("~{{ base_user }}", "~"), listed)


if __name__ == "__main__":
    unittest.main()
