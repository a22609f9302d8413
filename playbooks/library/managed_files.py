#!/usr/bin/python3
"""Several managed files in one call: on a slow board, starting a module costs more than what it does."""

DOCUMENTATION = r"""
module: managed_files
short_description: Whole files, marked blocks and marked lines, written in one call
description:
  - Each file is replaced atomically, and only where its content, mode or owner differs.
  - "A block stands between C(# BEGIN clustermpi) and C(# END clustermpi), a line ends in the word
    C(clustermpi). Text around them is never touched."
  - What was there before can be brought back. The node's journal says of each path what was done to it before
    that is done for the first time, and keeps the file that one of ours replaces
    (provision/remote/reset.sh reads it).
options:
  files:
    description: Files that are ours as a whole. Parent folders are made, with the file's owner.
    type: list
    elements: dict
    suboptions:
      path: {type: str, required: true}
      content: {type: str}
      secret: {type: str, description: Key in I(secrets) of the content.}
      mode: {type: str, default: "0644"}
      owner: {type: str, default: root}
      optional: {type: bool, default: false, description: Leave it alone where its folder does not exist.}
      made_by: {type: str, description: Package that makes such a file itself. Where we installed it, its file is
        nothing to keep.}
  blocks:
    description:
      - Blocks of ours in files of others, at the end of the file where there is none yet. Without content there
        is to be none.
    type: list
    elements: dict
    suboptions:
      path: {type: str, required: true}
      content: {type: str, required: true}
      comment_out: {type: str, description: Lines outside that match this expression become comments.}
      optional: {type: bool, default: false, description: Leave it alone where the file does not exist.}
  lines:
    description: One line of ours in files of others.
    type: list
    elements: dict
    suboptions:
      path: {type: str, required: true}
      line: {type: str, required: true, description: Without the mark.}
      mode: {type: str, default: "0644"}
      owner: {type: str, default: root}
  secrets:
    description: Contents that no log may show.
    type: dict
"""

RETURN = r"""
paths:
  description: What was changed.
  type: list
  returned: always
"""

import os
import pwd
import re
import shutil
import stat
import tempfile

from ansible.module_utils.basic import AnsibleModule

BEGIN = "# BEGIN clustermpi"
END = "# END clustermpi"
MARK = " clustermpi"
OFF = "# off by clustermpi: "
STATE = "/var/lib/clustermpi"


def read(path):
    """As it is, to the last line break."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None


def lines_of(text):
    """Where a last line break is missing, it is added; other than splitlines(), nothing else breaks a line."""
    return text.removesuffix("\n").split("\n") if text else []


def turned_off(lines, pattern):
    """Lines that match as comments of ours, from which they can be had back."""
    return [OFF + line if pattern.search(line) and not line.startswith(OFF) else line for line in lines]


def with_block(text, content, comment_out):
    """`text` with our block holding `content`, in its old place or at the end."""
    lines = lines_of(text)
    before, after = lines, []
    if BEGIN in lines and END in lines[lines.index(BEGIN):]:
        begin = lines.index(BEGIN)
        end = lines.index(END, begin)
        before, after = lines[:begin], lines[end + 1:]
    if comment_out:
        before, after = (turned_off(part, re.compile(comment_out)) for part in (before, after))
    ours = [BEGIN] + content.splitlines() + [END] if content.strip() else []
    if not ours and before + after == lines:
        return text
    return "\n".join(before + ours + after) + "\n"


def with_line(text, line):
    """`text` with our line, in the place of the old one or at the end."""
    lines = lines_of(text)
    ours = [number for number, old in enumerate(lines) if old.endswith(MARK)]
    place = ours[0] if ours else len(lines)
    kept = [old for old in lines if not old.endswith(MARK)]
    return "\n".join(kept[:place] + [line + MARK] + kept[place:]) + "\n"


class Journal:
    """What has to be undone to have a path as it was: `KIND WAS MORE PATH` a line, one line a path."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "journal")
        self.entries = lines_of(read(self.path) or "")

    def added_package(self, name):
        """Also its settings: of one that was removed and not purged, they are somebody's."""
        return any(entry.startswith("package new ") and entry.split(" ")[3] == name for entry in self.entries)

    def note_whole(self, path, made_by):
        """Before a file is replaced for the first time; keeps it, where it is somebody's."""
        if self._knows("file", path):
            return
        somebodys = os.path.lexists(path) and not (made_by and self.added_package(made_by))
        if somebodys:
            self._keep(path)
        self._write("file", "kept" if somebodys else "absent", "-", path)

    def note_part(self, kind, path, text, present):
        """Before something of ours comes into a file for the first time."""
        if self._knows(kind, path):
            return
        was = "absent" if text is None else "unended" if text and not text.endswith("\n") else "ended"
        more = "%o,%d,%d" % (stat.S_IMODE(present.st_mode), present.st_uid, present.st_gid) if present else "-"
        self._write(kind, was, more, path)

    def note_folder(self, path):
        if not self._knows("folder", path):
            self._write("folder", "absent", "-", path)

    def _knows(self, kind, path):
        return any(entry.split(" ", 3)[::3] == [kind, path] for entry in self.entries)

    def _write(self, *words):
        os.makedirs(self.folder, 0o755, exist_ok=True)
        with open(self.path, "a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(" ".join(words) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.entries.append(" ".join(words))

    def _keep(self, path):
        """With mode, owner and times; a link as a link. Nobody but root gets in: it may be a secret."""
        before = os.path.join(self.folder, "before")
        os.makedirs(before, 0o700, exist_ok=True)
        copy = before + path
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        present = os.lstat(path)
        if os.path.lexists(copy):
            os.unlink(copy)
        shutil.copy2(path, copy, follow_symlinks=False)
        os.chown(copy, present.st_uid, present.st_gid, follow_symlinks=False)
        os.sync()


class Writer:
    """Writes what differs, and remembers where it did."""

    def __init__(self, check_mode, journal):
        self.check_mode = check_mode
        self.journal = journal
        self.paths = []

    def write_whole(self, path, text, mode, owner, made_by=None):
        self._write(path, text, mode, owner, lambda present: self.journal.note_whole(path, made_by))

    def write_part(self, kind, path, old_text, text, mode=None, owner=None):
        """Mode and owner left out are the file's own."""
        self._write(path, text, mode, owner, lambda present: self.journal.note_part(kind, path, old_text, present))

    def _write(self, path, text, mode, owner, note):
        present = os.stat(path) if os.path.exists(path) else None
        account = pwd.getpwnam(owner) if owner else None
        mode = int(mode, 8) if mode else stat.S_IMODE(present.st_mode)
        uid, gid = (account.pw_uid, account.pw_gid) if account else (present.st_uid, present.st_gid)
        if present and (stat.S_IMODE(present.st_mode), present.st_uid, present.st_gid) == (mode, uid, gid) \
                and read(path) == text:
            return
        self.paths.append(path)
        if not self.check_mode:
            note(present)
            self._make_folder(os.path.dirname(path), uid, gid)
            self._replace(path, text, mode, uid, gid)

    def _make_folder(self, folder, uid, gid):
        if not os.path.isdir(folder):
            self._make_folder(os.path.dirname(folder), uid, gid)
            self.journal.note_folder(folder)
            os.mkdir(folder, 0o755 if uid == 0 else 0o700)
            os.chown(folder, uid, gid)

    @staticmethod
    def _replace(path, text, mode, uid, gid):
        """Readers see the old file or the new one; never is it more readable than it may be."""
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".clustermpi")
        try:
            with open(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(text)
                file.flush()
                os.fchown(handle, uid, gid)
                os.fchmod(handle, mode)
                os.fsync(handle)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def apply(params, writer):
    secrets = params["secrets"] or {}
    for file in params["files"]:
        path = os.path.expanduser(file["path"])
        if file["optional"] and not os.path.isdir(os.path.dirname(path)):
            continue
        content = secrets[file["secret"]] if file["secret"] else file["content"]
        writer.write_whole(path, content, file["mode"], file["owner"], file["made_by"])
    for block in params["blocks"]:
        path = os.path.realpath(block["path"])
        text = read(path)
        if text is None and (block["optional"] or not block["content"].strip()):
            continue
        new_text = with_block(text or "", block["content"], block["comment_out"])
        if text is None:
            writer.write_part("block", path, text, new_text, "0644", "root")
        else:
            writer.write_part("block", path, text, new_text)
    for line in params["lines"]:
        path = os.path.realpath(os.path.expanduser(line["path"]))
        text = read(path)
        writer.write_part("line", path, text, with_line(text or "", line["line"]), line["mode"], line["owner"])


def main():
    path = {"type": "str", "required": True}
    mode = {"type": "str", "default": "0644"}
    owner = {"type": "str", "default": "root"}
    optional = {"type": "bool", "default": False}
    text = {"type": "str"}
    module = AnsibleModule(
        supports_check_mode=True,
        argument_spec={
            "files": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": path, "content": text, "secret": {"type": "str", "no_log": False}, "mode": mode,
                "owner": owner, "optional": optional, "made_by": text}},
            "blocks": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": path, "content": dict(text, required=True), "comment_out": text, "optional": optional}},
            "lines": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": path, "line": dict(text, required=True), "mode": mode, "owner": owner}},
            "secrets": {"type": "dict", "no_log": True},
        })
    writer = Writer(module.check_mode, Journal(STATE))
    try:
        apply(module.params, writer)
    except KeyError as error:
        module.fail_json(msg="no such user or secret: %s" % error, paths=writer.paths)
    except OSError as error:
        module.fail_json(msg=str(error), paths=writer.paths)
    module.exit_json(changed=bool(writer.paths), paths=writer.paths)


if __name__ == "__main__":
    main()
