# SPDX-License-Identifier: GPL-2.0-only
"""How Sphinx builds the book. `make docs` calls it."""

import html
import os
import re
import subprocess

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import nested_parse_with_titles

project = "maps"
author = "The maps authors"
copyright = "the maps authors, GPL-2.0-only"
html_title = "maps"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_show_sphinx = False
html_copy_source = False
exclude_patterns = ["examples/**/README*"]
highlight_language = "none"
nitpicky = True
# kernel-doc makes a reference of every type; the kernel's are not in the book.
nitpick_ignore_regex = [(r"c:.*", r".*")]

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class KernelDoc(SphinxDirective):
    """.. kernel-doc:: FILE: the kernel-doc comments of a source file."""

    required_arguments = 1
    has_content = False

    def run(self):
        path = os.path.join(TOP, self.arguments[0])
        self.env.note_dependency(path)
        text = subprocess.run(
            [os.environ["KERNEL_DOC"], "-rst", "-sphinx-version", "5.3.0", path],
            check=True, capture_output=True, text=True).stdout
        lines = [line.expandtabs(8) for line in text.splitlines()]
        node = nodes.section()
        node.document = self.state.document
        nested_parse_with_titles(self.state, StringList(lines, path), node)
        return node.children


def fold(app, doctree, docname):
    """An admonition of class fold is folded away until the reader asks."""
    if app.builder.format != "html":
        return
    for box in list(doctree.findall(nodes.admonition)):
        if "fold" in box["classes"]:
            title, *body = box.children
            start = f"<details><summary>{html.escape(title.astext())}</summary>"
            box.parent.replace(box, [nodes.raw("", start, format="html"), *body,
                                     nodes.raw("", "</details>", format="html")])


def link_pictures(app, doctree, docname):
    """A picture leads to itself alone: on a phone that is how to enlarge it."""
    if app.builder.format != "html":
        return
    for image in list(doctree.findall(nodes.image)):
        if not isinstance(image.parent, nodes.reference):
            name = os.path.basename(image["uri"])
            link = nodes.reference("", "", refuri="../" * docname.count("/") + "_images/" + name)
            image.parent.replace(image, link)
            link.append(image)


def mend_furo(app, error):
    """Debian 12's furo comes unbundled: it has lost the dark colours of a page
    that follows the system, it looks for a style sheet in the root of a web
    server, and its script does not load as what it is."""
    static = os.path.join(app.outdir, "_static")
    css, js, gumshoe = (os.path.join(static, name) for name in (
        "styles/furo.css", "scripts/furo.js", "scripts/gumshoe-patched.js"))

    with open(css, encoding="utf-8") as file:
        text = file.read()
    for link in re.findall(r"@import url\((/javascript/[^)]*)\);", text):
        with open("/usr/share" + link, encoding="utf-8") as file:
            text = text.replace(f"@import url({link});", file.read())
        with open(css, "w", encoding="utf-8") as file:
            file.write(text)
    dark = re.search(r'body\[data-theme="dark"\] \{([^}]*)\}', text)
    if dark and "prefers-color-scheme" not in text:
        with open(css, "a", encoding="utf-8") as file:
            file.write("\n@media (prefers-color-scheme: dark) {\n"
                       f'body[data-theme="auto"] {{{dark[1]}}}\n}}\n')

    with open(js, encoding="utf-8") as file:
        script = file.read()
    if script.startswith("import Gumshoe"):
        with open(gumshoe, encoding="utf-8") as file:
            library = file.read()
        with open(js, "w", encoding="utf-8") as file:
            file.write(library + script.split("\n", 1)[1])


def setup(app):
    app.connect("build-finished", mend_furo)
    app.add_directive("kernel-doc", KernelDoc)
    app.connect("doctree-resolved", fold)
    app.connect("doctree-resolved", link_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
