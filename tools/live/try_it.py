# SPDX-License-Identifier: GPL-2.0-only
"""A Sphinx extension for the book: the box that opens a step of the live page.

`.. try-it:: STEP` is that box. Where build/live holds the page ("make live"), the
box leads to the step, and the page becomes a part of the book; else the box says
how to build it. The book's other forms have no such box."""

import os
import shutil

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

LIVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "live")


def is_built():
    return os.path.exists(os.path.join(LIVE, "index.html"))


class TryIt(SphinxDirective):
    """.. try-it:: STEP"""

    required_arguments = 1

    def run(self):
        if self.env.app.builder.name != "html":
            return []
        up = "../" * self.env.docname.count("/")
        link = f"{up}live/index.html#{self.arguments[0]}"
        if is_built():
            text = f"`Run this step <{link}>`__ in a Linux kernel inside the page, and see its page tables."
        else:
            text = ("A page with a Linux kernel inside runs this step and shows its page tables. "
                    "``make live`` builds it; then ``make docs`` makes it a part of the book.")
        box = nodes.admonition(classes=["try-it"])
        box += nodes.title("", "Try it here")
        self.state.nested_parse(StringList([text], self.env.docname), 0, box)
        return [box]


def add_page(app, error):
    if error is None and app.builder.name == "html" and is_built():
        shutil.copytree(LIVE, os.path.join(app.outdir, "live"), dirs_exist_ok=True)


def setup(app):
    app.add_directive("try-it", TryIt)
    app.connect("build-finished", add_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
