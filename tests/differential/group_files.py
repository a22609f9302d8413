#!/usr/bin/env python3
"""What ClusterShell, genders, Ansible, OpenSSH and the resolver read out of the files that clustermpi
generates, compared with what the inventory and the stored facts say. Each inventory is awkward in its own way.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = os.environ["CLUSTERMPI"]
SKIPPED = 77  # CTest's SKIP_RETURN_CODE
TOOLS = {"nodeset": "clustershell", "nodeattr": "genders", "ansible-inventory": "ansible", "ssh": "openssh-client"}

compared = {}
faults = []


def expect(tool, what, expected, seen):
    compared[tool] = compared.get(tool, 0) + 1
    if expected != seen:
        faults.append(f"{tool}: {what}\n  expected {expected}\n  seen     {seen}")


def output_of(words, **options):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, words))} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def facts(name, address, architecture="arm64", os_version="12", cores=4):
    return {
        "hostname": name, "os_id": "debian", "os_version": os_version, "os_codename": "", "architecture": architecture,
        "kernel": "6.1", "sockets": 1, "cores_per_socket": cores, "threads_per_core": 1, "memory_kib": 4000000,
        "disk_free_kib": 10000000, "model": "", "virtualization": "none", "cluster_interface": "eth0",
        "cluster_address": address, "home": "/home/pi", "login_user": "pi", "sudo": True,
        "host_keys": ["ssh-ed25519 AAAA" + "B" * 8 + "=="], "python_apt": True, "clock": 0.0, "clock_offset": 0.0,
        "packages": {}, "candidates": {}, "python": "3.11.2",
        "interfaces": [{"name": "eth0", "address": address, "prefix": 16}],
    }


class Fleet:
    """An inventory, and what is known of its hosts."""

    def __init__(self, head=""):
        self.text = f'[cluster]\nname = "red"\nuser = "pi"\n{head}\n'
        self.hosts = {}  # name -> its settings, in the order of the inventory

    def add(self, names, addresses, labels=(), port=None, slots=None, user=None, **known):
        """`known`: facts; where there are none the host was never reached."""
        self.text += f"[[hosts]]\nnames = {json.dumps(','.join(names))}\n"
        self.text += f"address = {json.dumps(','.join(addresses))}\n"
        for key, value in {"labels": list(labels), "port": port, "slots": slots, "user": user}.items():
            if value:
                self.text += f"{key} = {json.dumps(value)}\n"
        for name, address in zip(names, addresses):
            cluster_address = known.get("cluster_address", address)
            self.hosts[name] = {
                "address": address, "labels": sorted(labels), "port": port, "slots": slots, "user": user or "pi",
                "facts": facts(name, cluster_address, **known.get("facts", {})) if known else None,
            }
        return self

    def groups(self):
        """What everybody should see, by the names that clustermpi itself uses."""
        names = list(self.hosts)
        groups = {"all": names, "manager": names[:1], "workers": names[1:] or names}
        for name, host in self.hosts.items():
            for label in host["labels"]:
                groups.setdefault(f"label:{label}", []).append(name)
            if known := host["facts"]:
                groups.setdefault(f"arch:{known['architecture']}", []).append(name)
                groups.setdefault(f"os:{known['os_id']}{known['os_version']}", []).append(name)
        return {name: set(members) for name, members in groups.items()}

    def cluster_address(self, name):
        host = self.hosts[name]
        return host["facts"]["cluster_address"] if host["facts"] else host["address"]


def numbered(pattern, numbers):
    return [pattern.format(number) for number in numbers]


def fleets():
    yield "a single host", Fleet().add(["alone"], ["10.1.0.1"], facts={})
    yield "ports, users and labels", (
        Fleet()
        .add(["head"], ["10.1.0.1"], port=2222, user="ada", facts={"cores": 8})
        .add(numbered("pi{}", range(1, 4)), numbered("10.1.1.{}", range(1, 4)), ["pi_4", "fast"], slots=2, facts={})
        .add(["Desk.lan"], ["10.1.2.1"], ["y", "no", "null"], facts={"architecture": "amd64", "os_version": "13"})
    )
    yield "padding, and hosts that were never reached", (
        Fleet()
        .add(numbered("n{:03}", range(1, 121)), numbered("10.1.0.{}", range(1, 121)), ["rack_1"], facts={})
        .add(numbered("n{}", range(1, 4)), numbered("10.1.1.{}", range(1, 4)), ["rack_2"])
        .add(numbered("n{:02}", range(8, 12)), numbered("10.1.2.{}", range(8, 12)), ["rack_1", "rack_2"], facts={})
    )
    yield "racks of three architectures", (
        Fleet()
        .add([f"r{r}n{n:02}" for r in range(1, 4) for n in range(9, 12)],
             [f"10.1.{r}.{n}" for r in range(1, 4) for n in range(9, 12)], ["e1"], facts={})
        .add(["r1-x", "r2-x"], ["10.1.8.1", "10.1.8.2"], facts={"architecture": "armhf", "os_version": "11.7"})
        .add(["10g-a", "1e3"], ["10.1.9.1", "10.1.9.2"], facts={"architecture": "amd64"})
    )
    yield "IPv6, and a jump host", (
        Fleet('[ssh]\njump = "ada@gate.example.org:2200"\nport = 2022')
        .add(["six"], ["fd00::17"], cluster_address="10.1.0.6", facts={})
        .add(["name"], ["name.example.org"], port=22, cluster_address="10.1.0.7", facts={})
    )
    yield "Slurm's files as variables", (
        Fleet("[slurm]\npartition = \"main\"")
        .add(numbered("node{:02}", range(1, 5)), numbered("10.1.0.{}", range(1, 5)), facts={})
    )


def check_clustershell(folder, fleet, generated):
    config = folder / "clustershell"
    (config / "groups.d").mkdir(parents=True)
    (config / "groups.conf").write_text("[Main]\ndefault: cluster\nautodir: $CFGDIR/groups.d\nconfdir: $CFGDIR/none\n")
    (config / "groups.d" / "local.cfg").write_text("")  # which Debian's own groups.conf asks for
    (config / "groups.d" / "clustermpi.yaml").write_text(generated("clustershell"))
    environment = os.environ | {"CLUSTERSHELL_CFGDIR": str(config)}
    expected = {name if ":" in name else f"cluster:{name}": members for name, members in fleet.groups().items()}
    listed = output_of(["nodeset", "-LL"], env=environment).split("\n")
    groups = dict(line[1:].split(" ", 1) for line in listed if line)
    # Sources are listed one after the other; those that are not the default one carry their name.
    names = {name if ":" in name else f"cluster:{name}" for name in groups}
    expect("nodeset -LL", "names of groups", set(expected), names)
    for name, members in expected.items():
        expanded = output_of(["nodeset", "-S", "\n", "-e", f"@{name}"], env=environment)
        expect("nodeset -e", f"@{name}", members, set(expanded.split()))
    everybody = output_of(["nodeset", "-s", "cluster", "-a", "-S", "\n", "-e"], env=environment)
    expect("nodeset -a", "all nodes", set(fleet.hosts), set(everybody.split()))


def check_genders(folder, fleet, generated):
    file = folder / "genders"
    file.write_text(generated("genders"))
    output_of(["nodeattr", "-f", file, "-k"])
    short = {name: name.split(".")[0] for name in fleet.hosts}
    attributes = {name: set() for name in fleet.hosts}
    queries = {}
    for group, members in fleet.groups().items():
        kind, _, word = group.rpartition(":")
        attribute = f"{kind}={word}" if kind in ("arch", "os") else word
        queries[attribute] = members
        for name in members:
            attributes[name].add(attribute)
    for name, host in fleet.hosts.items():
        slots = host["slots"] or (host["facts"] and host["facts"]["cores_per_socket"])
        if slots:
            attributes[name].add(f"slots={slots}")
            queries.setdefault(f"slots={slots}", set()).add(name)
    for attribute, members in queries.items():
        seen = set(output_of(["nodeattr", "-f", file, "-n", attribute]).split())
        expect("nodeattr -n", attribute, {short[name] for name in members}, seen)
        folded = output_of(["nodeattr", "-f", file, "-q", attribute]).strip()
        expanded = set(output_of(["nodeset", "-S", "\n", "-e", folded]).split())
        expect("nodeattr -q", attribute, {short[name] for name in members}, expanded)
    for name in fleet.hosts:
        seen = set(output_of(["nodeattr", "-f", file, "-l", short[name]]).split())
        expect("nodeattr -l", name, attributes[name], seen)
    lines = [line.split() for line in output_of(["nodeattr", "-f", file, "--expand"]).splitlines()]
    expect("nodeattr --expand", "whole file", {short[name]: found for name, found in attributes.items()},
           {line[0]: set(line[1].split(",")) for line in lines if line})


def without_order(inventory):
    """Groups are sets; the order of their members is the file's."""
    for group in inventory.values():
        for part in ("hosts", "children"):
            if part in group:
                group[part] = sorted(group[part])
    return inventory


def check_ansible(folder, fleet, generated):
    texts = {"json": generated("ansible-inventory", "--format", "json"),
             "ini": generated("ansible-inventory", "--format", "ini"),
             "yaml": generated("ansible-inventory", "--format", "yaml")}
    sources = {kind: folder / f"inventory.{kind}" for kind in texts}
    for kind, text in texts.items():
        sources[kind].write_text(text)
    sources["protocol"] = folder / "inventory.sh"
    sources["protocol"].write_text(f'#!/bin/sh\nexec "{PROGRAM}" -i "{folder}/cluster.toml" inventory "$@"\n')
    sources["protocol"].chmod(0o755)
    environment = os.environ | {"ANSIBLE_INVENTORY_UNPARSED_FAILED": "1", "ANSIBLE_LOCALHOST_WARNING": "0",
                                "ANSIBLE_HOME": str(folder / "ansible"), "LC_ALL": "C.UTF-8"}
    seen = {}
    for kind, source in sources.items():
        listed = output_of(["ansible-inventory", "-i", source, "--list"], env=environment)
        seen[kind] = without_order(json.loads(listed))
    protocol = seen["protocol"]
    for kind in texts:
        for part in sorted(set(protocol) | set(seen[kind])):
            expect(f"ansible {kind}", part, protocol.get(part), seen[kind].get(part))
    for group, members in fleet.groups().items():
        if not group.startswith("os:"):
            name = "cluster" if group == "all" else group.replace(":", "_")
            expect("ansible protocol", name, sorted(members), protocol.get(name, {}).get("hosts"))
    for name, host in fleet.hosts.items():
        variables = protocol["_meta"]["hostvars"][name]
        expect("ansible protocol", f"{name}: user", host["user"], variables["ansible_user"])


def check_ssh(folder, fleet, generated):
    file = folder / "ssh_config"
    file.write_text(generated("ssh-config"))
    jump = "ada@gate.example.org:2200" if "jump =" in fleet.text else None
    usual_port = 2022 if "port = 2022" in fleet.text else 22
    for name, host in fleet.hosts.items():
        lines = output_of(["ssh", "-G", "-F", file, name]).splitlines()
        settings = dict(line.split(" ", 1) for line in lines if " " in line)
        expected = {"hostname": host["address"], "port": str(host["port"] or usual_port), "user": host["user"],
                    "proxyjump": jump}
        expect("ssh -G", name, expected, {key: settings.get(key) for key in expected})


def check_hosts_file(folder, fleet, generated):
    file = folder / "hosts"
    file.write_text(generated("hosts"))
    if os.geteuid() != 0:
        print("SKIPPED: /etc/hosts, which takes root to put another file there", file=sys.stderr)
        return
    names = list(fleet.hosts) + [name.split(".")[0] for name in fleet.hosts if "." in name]
    script = 'mount --bind "$1" /etc/hosts && shift && exec getent -s files ahostsv4 "$@"'
    words = ["unshare", "-m", "sh", "-c", script, "sh", file]
    listed = output_of(words + names).splitlines()
    # getent says the first name of a line beside the first of the kinds of sockets.
    addresses = [line.split()[0] for line in listed if "STREAM" in line]
    by_name = {name.split(".")[0]: fleet.cluster_address(name) for name in fleet.hosts}
    expect("getent", "how many answers", len(names), len(addresses))
    for name, address in zip(names, addresses):
        expect("getent", name, by_name[name.split(".")[0]], address)


CHECKS = [check_clustershell, check_genders, check_ansible, check_ssh, check_hosts_file]


def check(title, fleet, folder):
    (folder / "cluster.toml").write_text(fleet.text)
    (folder / ".clustermpi").mkdir()
    known = {name: host["facts"] for name, host in fleet.hosts.items() if host["facts"]}
    (folder / ".clustermpi" / "facts.json").write_text(json.dumps(known))

    def generated(what, *options):
        return output_of([PROGRAM, "-i", folder / "cluster.toml", "generate", what, *options])

    for one in CHECKS:
        try:
            one(folder, fleet, generated)
        except (RuntimeError, ValueError, KeyError) as error:
            faults.append(f"{title}: {one.__name__}: {error!r}")


def main():
    missing = [f"{tool} (package {package})" for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        print(f"SKIPPED: not installed: {', '.join(missing)}: run scripts/install-deps.sh --test", file=sys.stderr)
        return SKIPPED
    for title, fleet in fleets():
        with tempfile.TemporaryDirectory() as folder:
            check(title, fleet, Path(folder))
    for tool, count in compared.items():
        print(f"{tool}: {count} answers compared")
    print(f"{len(faults)} unknown differences")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
