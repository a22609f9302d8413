"""The module managed_files, on files of this machine."""

import os
import pwd
import stat
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "playbooks" / "library"))
sys.dont_write_bytecode = True

import managed_files as module  # noqa: E402

ME = pwd.getpwuid(os.getuid()).pw_name
LOOPBACK = r"^\s*127\.0\.1\.1\s(.*\s)?(red|red01|\{\{.*)(\s|$)"


class Text(unittest.TestCase):
    def test_a_block_goes_to_the_end_where_there_is_none(self):
        self.assertEqual(module.with_block("a\n", "x\ny\n", None),
                         "a\n# BEGIN clustermpi\nx\ny\n# END clustermpi\n")

    def test_a_block_is_replaced_in_its_place(self):
        text = "a\n# BEGIN clustermpi\nold\n# END clustermpi\nb\n"
        self.assertEqual(module.with_block(text, "new", None), "a\n# BEGIN clustermpi\nnew\n# END clustermpi\nb\n")

    def test_a_block_without_its_end_takes_nothing_of_the_users_with_it(self):
        text = module.with_block("# BEGIN clustermpi\nmine\n", "new", None)
        self.assertIn("mine\n", text)
        self.assertTrue(text.endswith("# BEGIN clustermpi\nnew\n# END clustermpi\n"))

    def test_writing_a_block_twice_changes_nothing(self):
        once = module.with_block("127.0.1.1 red\n", "10.0.0.1 red\n", LOOPBACK)
        self.assertEqual(module.with_block(once, "10.0.0.1 red\n", LOOPBACK), once)

    def test_a_block_without_content_goes_and_leaves_the_rest(self):
        once = module.with_block("a\n", "x\n", None)
        self.assertEqual(module.with_block(once + "b\n", "\n", None), "a\nb\n")
        for text in ("", "no line break", "a\n"):
            self.assertEqual(module.with_block(text, "", None), text)

    def test_the_loopback_names_of_nodes_become_comments(self):
        for line in ("127.0.1.1 red", "127.0.1.1\tred.lan red", "  127.0.1.1 red01", "127.0.1.1 {{fqdn}} {{hostname}}"):
            self.assertTrue(module.with_block(line + "\n", "", LOOPBACK).startswith("# off by clustermpi: " + line + "\n"),
                            line)

    def test_other_names_stay(self):
        for line in ("127.0.1.1 raspberrypi", "127.0.1.1 red02 redder", "127.0.0.1 localhost red", "# 127.0.1.1 red"):
            self.assertTrue(module.with_block(line + "\n", "", LOOPBACK).startswith(line + "\n"), line)

    def test_text_around_a_block_stays_as_it_is(self):
        for line in ("a\r", "a\x0cb", "\u2028", "  tabs\t ", ""):
            self.assertTrue(module.with_block(line + "\n", "x", None).startswith(line + "\n# BEGIN"), repr(line))

    def test_a_line_is_marked_and_replaced_in_its_place(self):
        once = module.with_line("user key\n", "ssh-ed25519 AAAA")
        self.assertEqual(once, "user key\nssh-ed25519 AAAA clustermpi\n")
        self.assertEqual(module.with_line(once + "later\n", "ssh-ed25519 BBBB"),
                         "user key\nssh-ed25519 BBBB clustermpi\nlater\n")

    def test_of_several_marked_lines_one_is_left(self):
        self.assertEqual(module.with_line("a clustermpi\nx\nb clustermpi\n", "c"), "c clustermpi\nx\n")


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        state = tempfile.TemporaryDirectory()
        self.addCleanup(state.cleanup)
        self.state = Path(state.name)

    def journal(self):
        """With our folder as `.`, one line a path."""
        file = self.state / "journal"
        return file.read_text().replace(str(self.folder), ".").splitlines() if file.exists() else []

    def apply(self, check_mode=False, **params):
        writer = module.Writer(check_mode, module.Journal(str(self.state)))
        module.apply({"files": [], "blocks": [], "lines": [], "secrets": None, **params}, writer)
        return writer.paths

    def file(self, name, content="text\n", **more):
        return {"path": str(self.folder / name), "content": content, "secret": None, "mode": "0644", "owner": ME,
                "optional": False, "made_by": None, **more}

    def test_a_file_is_written_once(self):
        self.assertEqual(self.apply(files=[self.file("a")]), [str(self.folder / "a")])
        self.assertEqual((self.folder / "a").read_text(), "text\n")
        self.assertEqual(self.apply(files=[self.file("a")]), [])

    def test_a_wrong_mode_is_put_right(self):
        self.apply(files=[self.file("key", mode="0600")])
        (self.folder / "key").chmod(0o644)
        self.assertEqual(self.apply(files=[self.file("key", mode="0600")]), [str(self.folder / "key")])
        self.assertEqual(stat.S_IMODE((self.folder / "key").stat().st_mode), 0o600)

    def test_a_secret_comes_from_its_own_parameter(self):
        self.apply(files=[self.file("key", content=None, secret="k")], secrets={"k": "hidden\n"})
        self.assertEqual((self.folder / "key").read_text(), "hidden\n")

    def test_an_optional_file_needs_its_folder(self):
        self.assertEqual(self.apply(files=[self.file("no/such", optional=True)]), [])
        self.assertFalse((self.folder / "no").exists())

    def test_check_mode_says_what_it_would_write_and_writes_nothing(self):
        self.assertEqual(self.apply(check_mode=True, files=[self.file("a")]), [str(self.folder / "a")])
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertEqual(self.journal(), [])

    def test_a_block_keeps_the_files_mode_and_the_link_to_it(self):
        real = self.folder / "real"
        real.write_text("a\n")
        real.chmod(0o640)
        link = self.folder / "link"
        link.symlink_to(real)
        block = {"path": str(link), "content": "x\n", "comment_out": None, "optional": False}
        self.assertEqual(self.apply(blocks=[block]), [str(real)])
        self.assertTrue(link.is_symlink())
        self.assertEqual(stat.S_IMODE(real.stat().st_mode), 0o640)
        self.assertEqual(self.apply(blocks=[block]), [])

    def test_an_optional_block_needs_its_file(self):
        block = {"path": str(self.folder / "none"), "content": "x", "comment_out": None, "optional": True}
        self.assertEqual(self.apply(blocks=[block]), [])

    def test_a_block_without_content_makes_no_file(self):
        block = {"path": str(self.folder / "none"), "content": "\n", "comment_out": None, "optional": False}
        self.assertEqual(self.apply(blocks=[block]), [])
        self.assertFalse((self.folder / "none").exists())

    def test_a_line_makes_file_and_folder(self):
        line = {"path": str(self.folder / ".ssh" / "authorized_keys"), "line": "k", "mode": "0600", "owner": ME}
        self.apply(lines=[line])
        self.assertEqual(Path(line["path"]).read_text(), "k clustermpi\n")
        self.assertEqual(self.apply(lines=[line]), [])

    def test_nothing_is_left_behind_where_a_file_cannot_be_replaced(self):
        (self.folder / "a").mkdir()
        (self.folder / "a" / "b").write_text("")
        with self.assertRaises(OSError):
            self.apply(files=[self.file("a")])
        self.assertEqual([path.name for path in self.folder.iterdir()], ["a"])

    def test_the_journal_tells_new_files_and_folders(self):
        self.apply(files=[self.file("new/er/a")])
        self.apply(files=[self.file("new/er/a", content="changed\n")])
        self.assertEqual(self.journal(), ["file absent - ./new/er/a", "folder absent - ./new", "folder absent - ./new/er"])

    def test_a_file_that_was_there_is_kept_once_with_its_mode_and_times(self):
        theirs = self.folder / "a"
        theirs.write_text("theirs\n")
        theirs.chmod(0o640)
        os.utime(theirs, (1, 2))
        for content in ("ours\n", "ours again\n"):
            self.apply(files=[self.file("a", content=content)])
        kept = Path(str(self.state / "before") + str(theirs))
        self.assertEqual((kept.read_text(), stat.S_IMODE(kept.stat().st_mode), kept.stat().st_mtime), ("theirs\n", 0o640, 2))
        self.assertEqual(stat.S_IMODE((self.state / "before").stat().st_mode), 0o700)
        self.assertEqual(self.journal(), ["file kept - ./a"])

    def test_a_link_is_kept_as_a_link(self):
        (self.folder / "a").symlink_to("elsewhere")
        self.apply(files=[self.file("a")])
        self.assertEqual(os.readlink(str(self.state / "before") + str(self.folder / "a")), "elsewhere")

    def test_a_file_like_ours_that_was_there_is_not_ours(self):
        (self.folder / "a").write_text("text\n")
        self.apply(files=[self.file("a")])
        self.assertEqual(self.journal(), [])

    def test_what_a_package_of_ours_made_is_nothing_to_keep(self):
        (self.folder / "key").write_text("made by munge\n")
        (self.folder / "other").write_text("made by slurm\n")
        (self.folder / "old").write_text("made by chrony\n")
        (self.state / "journal").write_text("package new asked munge\npackage configured asked chrony\n")
        self.apply(files=[self.file("key", made_by="munge"), self.file("other", made_by="slurm"),
                          self.file("old", made_by="chrony")])
        self.assertEqual(self.journal()[2:], ["file absent - ./key", "file kept - ./other", "file kept - ./old"])

    def test_the_journal_tells_how_a_file_was_that_we_write_into(self):
        (self.folder / "ended").write_text("a\n")
        (self.folder / "unended").write_text("a")
        (self.folder / "ended").chmod(0o644)
        (self.folder / "unended").chmod(0o640)
        owner = "%d,%d" % (os.getuid(), os.getgid())
        for name in ("ended", "unended", "absent"):
            path = str(self.folder / name)
            self.apply(blocks=[{"path": path, "content": "x", "comment_out": None, "optional": False}])
            self.apply(lines=[{"path": path + "2", "line": "x", "mode": "0600", "owner": ME}])
        self.assertEqual([line for line in self.journal() if line.startswith("block")],
                         ["block ended 644,%s ./ended" % owner, "block unended 640,%s ./unended" % owner,
                          "block absent - ./absent"])
        self.assertIn("line absent - ./absent2", self.journal())

    def test_the_journal_is_written_first(self):
        (self.folder / "a").write_text("theirs\n")
        with unittest.mock.patch.object(module.Writer, "_replace", side_effect=OSError("cut off")):
            with self.assertRaises(OSError):
                self.apply(files=[self.file("a")])
        self.assertEqual(self.journal(), ["file kept - ./a"])


if __name__ == "__main__":
    unittest.main()
