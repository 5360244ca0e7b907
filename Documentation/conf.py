# SPDX-License-Identifier: GPL-2.0-only
"""How Sphinx builds the book. `make docs` calls it."""

import html
import os
import re
import subprocess
import sys

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
html_js_files = ["book.js"]
html_show_sphinx = False
html_copy_source = False
exclude_patterns = ["examples/**/README*"]
highlight_language = "none"
nitpicky = True
# kernel-doc makes a reference of every type; the kernel's are not in the book.
nitpick_ignore_regex = [(r"c:.*", r".*")]
numfig = True
numfig_format = {"figure": "Figure %s"}
gettext_compact = "maps"
epub_show_urls = "no"
# What a page offers to download is not shown by the reader of an EPUB.
suppress_warnings = ["epub.unknown_project_files"]

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
with open(os.path.join(TOP, "module/dkms.conf"), encoding="utf-8") as dkms:
    version = re.search(r'^PACKAGE_VERSION="?([^"\n]+)', dkms.read(), re.M)[1]
sys.path[:0] = [os.path.join(TOP, "tools/docs"), os.path.join(TOP, "tools/live")]
extensions = ["try_it"]
sys.dont_write_bytecode = True

import claims  # noqa: E402

# :NAME:`what`: a link to what the book did not write.
LINKS = {
    "commit": (r"[0-9a-f]{12}", "https://git.kernel.org/linus/{0}"),
    "man": (r"([\w.-]+)\((\d)\)", "https://man7.org/linux/man-pages/man{2}/{1}.{2}.html"),
    "kdoc": (r"[\w./-]+", "https://docs.kernel.org/{0}.html"),
    "lwn": (r"\d+", "https://lwn.net/Articles/{0}/"),
}


def link_role(name, rawtext, text, lineno, inliner, options=None, content=None):
    """One of LINKS: the text is checked, and leads to its address."""
    pattern, address = LINKS[name]
    match = re.fullmatch(pattern, text)
    if not match:
        problem = inliner.reporter.error(f"{rawtext} is not {pattern}", line=lineno)
        return [inliner.problematic(rawtext, rawtext, problem)], [problem]
    shown = f"LWN {text}" if name == "lwn" else f"Documentation/{text}.rst" if name == "kdoc" else text
    link = nodes.reference(rawtext, "", refuri=address.format(match[0], *match.groups()))
    link += nodes.literal("", shown) if name == "commit" else nodes.Text(shown)
    return [link], []


class Claims(SphinxDirective):
    """.. how-we-know:: the claims of a chapter; .. claims:: those of the whole book."""

    has_content = True

    def run(self):
        if self.name == "how-we-know":
            lines = self.list_claims(claims.parse(self.content), "")
            title = [nodes.rubric("", "How we know")]
        else:
            lines, title = [], []
            for page, _, found in claims.chapters():
                lines += [f":doc:`/{page[:-len('.rst')]}`", ""] + self.list_claims(found, "")
                self.env.note_dependency(os.path.join(TOP, "Documentation", page))
        node = nodes.container(classes=["claims"])
        self.state.nested_parse(StringList(lines, self.env.docname), self.content_offset, node)
        return title + [node]

    @staticmethod
    def list_claims(found, indent):
        lines = []
        for claim in found:
            lines += [f"{indent}- {claim.text}", "",
                      f"{indent}  Kernel: {'; '.join(map(quoted, claim.kernel))}.",
                      f"{indent}  Test: {'; '.join(map(quoted, claim.test))}.", ""]
        return lines


def quoted(reference):
    """Names, paths, commands and commits of a reference, in the book's type."""
    if reference.startswith("not run:"):
        return reference
    if reference == "this page":
        return "the chapter's examples"
    if reference.startswith("make "):
        return f"``{reference}``"
    words = []
    for word in reference.split():
        if re.fullmatch(r"[0-9a-f]{12}", word):
            word = f":commit:`{word}`"
        elif re.search(r"[/_]|\(\)", word):
            word = f"``{word}``"
        words.append(word)
    return " ".join(words)


def predict(app, doctree, docname):
    """A section "Predict, then try": the answer is folded away until the reader asks."""
    if app.builder.name != "html":
        return
    for section in list(doctree.findall(nodes.section)):
        title, *body = section.children
        if title.astext() != "Predict, then try":
            continue
        section["classes"].append("predict")
        answer = next((i for i, node in enumerate(body)
                       if isinstance(node, (nodes.literal_block, nodes.comment))), len(body))
        section.children = [title, *body[:answer],
                            nodes.raw("", "<details><summary>Try it, and compare</summary>",
                                      format="html"),
                            *body[answer:], nodes.raw("", "</details>", format="html")]


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
    if app.builder.name != "html":
        return
    for box in list(doctree.findall(nodes.admonition)):
        if "fold" in box["classes"]:
            title, *body = box.children
            start = f"<details><summary>{html.escape(title.astext())}</summary>"
            box.parent.replace(box, [nodes.raw("", start, format="html"), *body,
                                     nodes.raw("", "</details>", format="html")])


def label_cells(app, doctree, docname):
    """A table of class matrix: long names can be broken at their underscores, and each
    cell has its column's head, which a phone shows in front of it."""
    if app.builder.name != "html":
        return
    for table in list(doctree.findall(nodes.table)):
        if "matrix" not in table["classes"]:
            continue
        heads = [head.astext() for head in table.next_node(nodes.thead).findall(nodes.entry)]
        for row in table.next_node(nodes.tbody).findall(nodes.row):
            for head, entry in list(zip(heads, row.children))[1:]:
                if entry.astext() == "=":
                    entry["classes"].append("same")
                entry[0].insert(0, nodes.inline("", head + ": ", classes=["column"]))
        for text in list(table.findall(nodes.Text)):
            text.parent.replace(text, nodes.Text(text.replace("_", "_\u200b")))


def link_pictures(app, doctree, docname):
    """A picture leads to itself alone: on a phone that is how to enlarge it."""
    if app.builder.name != "html":
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
    if app.builder.name not in ("html", "singlehtml"):
        return
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
    app.add_directive("how-we-know", Claims)
    app.add_directive("claims", Claims)
    for name in LINKS:
        app.add_role(name, link_role)
    app.connect("doctree-resolved", predict)
    app.connect("doctree-resolved", fold)
    app.connect("doctree-resolved", label_cells)
    app.connect("doctree-resolved", link_pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
