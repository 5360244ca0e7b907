# SPDX-License-Identifier: GPL-2.0-only
"""The claims about the kernel that the book makes, and what each rests on.

A chapter lists its claims in one directive:

    .. how-we-know::

       - The kernel sends SIGBUS if a VMA has no fault handler.
         kernel: do_fault() in mm/memory.c
         test: probe private_read; selftests/private_test.c write_stays_private

"kernel:" names a function, a macro or a commit, "test:" what runs the claim. Several are
separated by semicolons. "(6.1)" or "(7.3)" behind a path: in the source of that kernel alone.
A claim that no test can run gives the reason: "test: not run: the reason".

conf.py prints the lists; check.py looks up every function and every test.
"""

import glob
import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BLOCK = re.compile(r"^\.\. how-we-know::\n\n((?:   .*\n|\n)+)", re.M)


class Claim:
    """One sentence, and the two lists under it."""

    def __init__(self, lines):
        fields = {"text": "", "kernel": "", "test": ""}
        current = "text"
        for line in lines:
            field = re.match(r"(kernel|test): (.*)", line)
            if field:
                current, line = field[1], field[2]
            fields[current] += " " + line
        self.text = fields["text"].strip()
        self.kernel = split(fields["kernel"])
        self.test = split(fields["test"])
        if self.test and self.test[0].startswith("not run:"):
            self.test = [fields["test"].strip()]


def split(text):
    return [part.strip() for part in text.split(";") if part.strip()]


def parse(content):
    """The claims of one list: an item begins with a dash."""
    items = []
    for line in content:
        if line.startswith("- "):
            items.append([line[2:]])
        elif line.strip() and items:
            items[-1].append(line.strip())
    return [Claim(item) for item in items]


def chapters():
    """Each page that makes claims, and its claims."""
    for path in sorted(glob.glob(os.path.join(TOP, "Documentation/**/*.rst"), recursive=True)):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        found = []
        for block in BLOCK.findall(text + "\n"):
            found += parse([line[3:] for line in block.split("\n")])
        if found:
            yield os.path.relpath(path, os.path.join(TOP, "Documentation")), text, found
