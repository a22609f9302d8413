#!/usr/bin/python3
"""Several managed files in one call: on a slow board, starting a module costs more than what it does."""

DOCUMENTATION = r"""
module: managed_files
short_description: Whole files, marked blocks and marked lines, written in one call
description:
  - Each file is replaced atomically, and only where its content, mode or owner differs.
  - "A block stands between C(# BEGIN clustermpi) and C(# END clustermpi), a line ends in the word
    C(clustermpi). Text around them is never touched."
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
import stat
import tempfile

from ansible.module_utils.basic import AnsibleModule

BEGIN = "# BEGIN clustermpi"
END = "# END clustermpi"
MARK = " clustermpi"


def read(path):
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return None


def with_block(text, content, comment_out):
    """`text` with our block holding `content`, in its old place or at the end."""
    lines = text.splitlines()
    before, after = lines, []
    if BEGIN in lines and END in lines[lines.index(BEGIN):]:
        begin = lines.index(BEGIN)
        end = lines.index(END, begin)
        before, after = lines[:begin], lines[end + 1:]
    if comment_out:
        pattern = re.compile(comment_out)
        before, after = (["# " + line if pattern.search(line) else line for line in part] for part in (before, after))
    ours = [BEGIN] + content.splitlines() + [END] if content.strip() else []
    if not ours and before + after == lines:
        return text
    return "\n".join(before + ours + after) + "\n"


def with_line(text, line):
    """`text` with our line, in the place of the old one or at the end."""
    lines = text.splitlines()
    ours = [number for number, old in enumerate(lines) if old.endswith(MARK)]
    place = ours[0] if ours else len(lines)
    kept = [old for old in lines if not old.endswith(MARK)]
    return "\n".join(kept[:place] + [line + MARK] + kept[place:]) + "\n"


class Writer:
    """Writes what differs, and remembers where it did."""

    def __init__(self, check_mode):
        self.check_mode = check_mode
        self.paths = []

    def write(self, path, text, mode=None, owner=None):
        """Mode and owner left out are the file's own."""
        present = os.stat(path) if os.path.exists(path) else None
        account = pwd.getpwnam(owner) if owner else None
        mode = int(mode, 8) if mode else stat.S_IMODE(present.st_mode)
        uid, gid = (account.pw_uid, account.pw_gid) if account else (present.st_uid, present.st_gid)
        if present and (stat.S_IMODE(present.st_mode), present.st_uid, present.st_gid) == (mode, uid, gid) \
                and read(path) == text:
            return
        self.paths.append(path)
        if not self.check_mode:
            self._make_folder(os.path.dirname(path), uid, gid)
            self._replace(path, text, mode, uid, gid)

    @staticmethod
    def _make_folder(folder, uid, gid):
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o755 if uid == 0 else 0o700)
            os.chown(folder, uid, gid)

    @staticmethod
    def _replace(path, text, mode, uid, gid):
        """Readers see the old file or the new one; never is it more readable than it may be."""
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".clustermpi")
        try:
            with open(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
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
        writer.write(path, content, file["mode"], file["owner"])
    for block in params["blocks"]:
        path = os.path.realpath(block["path"])
        text = read(path)
        if text is None and (block["optional"] or not block["content"].strip()):
            continue
        new_text = with_block(text or "", block["content"], block["comment_out"])
        if text is None:
            writer.write(path, new_text, "0644", "root")
        else:
            writer.write(path, new_text)
    for line in params["lines"]:
        path = os.path.realpath(os.path.expanduser(line["path"]))
        writer.write(path, with_line(read(path) or "", line["line"]), line["mode"], line["owner"])


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
                "owner": owner, "optional": optional}},
            "blocks": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": path, "content": dict(text, required=True), "comment_out": text, "optional": optional}},
            "lines": {"type": "list", "elements": "dict", "default": [], "options": {
                "path": path, "line": dict(text, required=True), "mode": mode, "owner": owner}},
            "secrets": {"type": "dict", "no_log": True},
        })
    writer = Writer(module.check_mode)
    try:
        apply(module.params, writer)
    except KeyError as error:
        module.fail_json(msg="no such user or secret: %s" % error, paths=writer.paths)
    except OSError as error:
        module.fail_json(msg=str(error), paths=writer.paths)
    module.exit_json(changed=bool(writer.paths), paths=writer.paths)


if __name__ == "__main__":
    main()
