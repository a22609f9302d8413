"""Ansible's run as events: one JSON object a line on stdout, for a program to read."""

DOCUMENTATION = """
name: events
type: stdout
short_description: one JSON object a line
description:
  - "C(event) says which: C(play), C(task); C(start), C(ok), C(changed), C(skipped), C(failed), C(unreachable) of
    a C(task) on a C(host); C(recap), with the counters of all hosts, which is the last line."
"""

import json
import sys

from ansible.plugins.callback import CallbackBase

# Enough for a person to see what went wrong; apt alone can print megabytes.
LONGEST_TEXT = 4000


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "events"

    @staticmethod
    def _emit(event, **values):
        sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
        sys.stdout.flush()

    def _emit_result(self, event, result):
        said = result._result
        texts = {key: str(said[key])[-LONGEST_TEXT:]
                 for key in ("msg", "censored", "stderr", "module_stderr", "stdout", "module_stdout")
                 if event in ("failed", "unreachable") and said.get(key)}
        paths = {"paths": said["paths"]} if event == "changed" and "paths" in said else {}
        self._emit(event, host=result._host.get_name(), task=result._task.get_name(), **texts, **paths)

    def v2_playbook_on_play_start(self, play):
        self._emit("play", play=play.get_name())

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._emit("task", task=task.get_name())

    def v2_playbook_on_handler_task_start(self, task):
        self._emit("task", task=task.get_name())

    def v2_runner_on_start(self, host, task):
        self._emit("start", host=host.get_name(), task=task.get_name())

    def v2_runner_on_ok(self, result):
        self._emit_result("changed" if result._result.get("changed") else "ok", result)

    def v2_runner_on_skipped(self, result):
        self._emit_result("skipped", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._emit_result("ok" if ignore_errors else "failed", result)

    def v2_runner_on_unreachable(self, result):
        self._emit_result("unreachable", result)

    def v2_playbook_on_stats(self, stats):
        self._emit("recap", hosts={host: stats.summarize(host) for host in stats.processed})
