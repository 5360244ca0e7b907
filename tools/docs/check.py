# SPDX-License-Identifier: GPL-2.0-only
"""tools/docs/check [--update] [CHAPTER...]: runs every command in the book.

Without chapters it takes all of them and README.md, and builds the book first.

A `.. code-block:: console` (a ```console fence in README.md) holds commands and
what they say. Those behind `$ ` run here, in the top of the tree; those behind
`# ` run in a booted machine, as root, all of a chapter's in one boot. A status
other than 0 stands in brackets below its command. All is compared, but for what
these comments say (in README.md: <!-- varies: REGEX -->):

    .. varies: REGEX     before a block: what matches may be different each time
    .. example-only      before a block: not run, it is for the reader's machine
    .. programs: FILE.c  anywhere: compiled, and put into the machine
    .. from: FILE        before a block: it is a quotation, and must stand in FILE
    <!-- figures: FILE --> before a table: each `N [N]` in it must stand in FILE

--update writes what was seen into the chapters. The comparing is done by cram.

Without chapters it also looks up every claim of the book (see claims.py), and the form of
every link that leads out of it.

Ends with: N passed, N failed, N skipped.
"""

import glob
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import cram

sys.dont_write_bytecode = True
import claims

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build/docs")
BLOCK = re.compile(r"^(?:\.\. code-block:: |```)(\S+)$")
MARK = re.compile(r"^(?:\.\.|<!--) (varies|programs|from): (.*?)(?: -->)?$")
INDENT = "   "
COMPILING = threading.Lock()


class Block:
    """One code block: its lines' numbers in the chapter, and its marks."""

    def __init__(self, language, first, last, marks):
        self.language, self.first, self.last = language, first, last
        self.varies = marks.get("varies")
        self.source = marks.get("from")
        self.example_only = "example-only" in marks


class Chapter:
    def __init__(self, path):
        self.path = path
        self.name = os.path.relpath(path, TOP)
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        # What a fence holds is not indented; here it is, as in a code-block.
        self.fenced = path.endswith(".md")
        if self.fenced:
            self.indent_fenced()
        self.programs, self.blocks = [], []
        self.parse()

    def indent_fenced(self):
        inside = False
        for i, line in enumerate(self.lines):
            if line.startswith("```"):
                inside = not inside
            elif inside:
                self.lines[i] = INDENT + line

    def parse(self):
        marks, i = {}, 0
        while i < len(self.lines):
            line = self.lines[i]
            mark, block = MARK.match(line), BLOCK.match(line)
            if mark and mark[1] == "programs":
                self.programs.extend(mark[2].split())
            elif mark:
                marks[mark[1]] = mark[2]
            elif line in (".. example-only", "<!-- example-only -->"):
                marks["example-only"] = ""
            elif block:
                first = last = i + 1
                while last < len(self.lines) and (
                        not self.lines[last] or self.lines[last].startswith(INDENT)):
                    last += 1
                self.blocks.append(Block(block[1], first, last, marks))
                marks, i = {}, last - 1
            elif line:
                marks = {}
            i += 1

    def examples(self, prompt):
        """The chapter as cram reads it: console blocks, and anchors for the rest."""
        out, count = [f"@{i}" for i in range(len(self.lines))], 0
        for block in self.blocks:
            body = self.lines[block.first:block.last]
            first = next((line for line in body if line.strip()), "")
            if (block.language != "console" or block.example_only
                    or not first.startswith(INDENT + prompt)):
                continue
            for i in range(block.first, block.last):
                line = self.lines[i]
                before, after = self.lines[block.first:i], self.lines[i:block.last]
                if not line.strip() and any(map(str.strip, before)) and any(map(str.strip, after)):
                    # A blank line between others is one that a command has printed.
                    out[i] = INDENT
                elif line.startswith(INDENT + prompt):
                    out[i] = INDENT + "$ " + line[len(INDENT + prompt):]
                    count += 1
                elif line.startswith(INDENT + "> "):
                    out[i] = line
                elif line.startswith(INDENT):
                    out[i] = tolerant(line, block.varies)
        return out, count

    def update(self, seen, prompt):
        new = []
        for line in seen:
            if line.startswith("@"):
                new.append(self.lines[int(line[1:])])
            elif line.startswith(INDENT + "$ "):
                new.append(INDENT + prompt + line[len(INDENT) + 2:])
            else:
                new.append(line if line.strip() else "")
        if self.fenced:
            new = [line[len(INDENT):] if line.startswith(INDENT) else line for line in new]
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(new))
        self.__init__(self.path)


def tolerant(line, varies):
    """A line of output as a regular expression, where parts of it may vary."""
    text = line[len(INDENT):]
    if not varies or not re.search(varies, text):
        return line
    parts, last = [], 0
    for match in re.finditer(varies, text):
        parts += [re.escape(text[last:match.start()]), f"(?:{varies})"]
        last = match.end()
    return INDENT + "".join(parts) + re.escape(text[last:]) + " (re)"


def compile_programs(files):
    """Static programs, in build/docs/programs."""
    out = os.path.join(BUILD, "programs")
    os.makedirs(out, exist_ok=True)
    paths = []
    with COMPILING:
        for file in files:
            paths.append(os.path.join(out, os.path.basename(file)[:-len(".c")]))
            subprocess.run(["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                            "-o", paths[-1], os.path.join(TOP, file)], check=True)
    return paths


def shell_of(chapter, prompt):
    """What cram starts, with the commands on its standard input."""
    if prompt == "$ ":
        return ["/bin/sh", "-c", f"cd {TOP} && exec /bin/sh -"]
    adds = sum((["--add", p] for p in compile_programs(chapter.programs)), [])
    name = chapter.name.replace("/", "-")
    script, log = os.path.join(BUILD, name + ".sh"), os.path.join(BUILD, name + ".log")
    words = " ".join(f"'{w}'" for w in adds)
    # The two ways out of the machine have no common order: use one.
    return ["/bin/sh", "-c", f"cat >{script} && exec {TOP}/tools/vm/run {words} "
            f"--log {log} --add {script} -- sh -c 'exec sh ./{name}.sh 2>&1'"]


def run(chapter, prompt, update):
    lines, count = chapter.examples(prompt)
    if not count:
        return None
    what = "here" if prompt == "$ " else "in the machine"
    _, seen, diff = cram.test([line.encode() + b"\n" for line in lines],
                         shell=shell_of(chapter, prompt), indent=len(INDENT), testname=b"book")
    diff = [line.decode(errors="replace").rstrip("\n") for line in diff]
    diff = [line for line in diff if not re.match(r"^[ +-]@\d+$", line)]
    if diff and update:
        chapter.update([line.decode().rstrip("\n") for line in seen], prompt)
    return not diff, f"{chapter.name}: {count} commands {what}", diff


def check_quotes(chapter):
    for block in chapter.blocks:
        if not block.source:
            continue
        with open(os.path.join(TOP, block.source), encoding="utf-8") as file:
            source = " ".join(file.read().split())
        quote = chapter.lines[block.first:block.last]
        yield (" ".join("\n".join(quote).split()) in source,
               f"{chapter.name}: line {block.first} quotes {block.source}", quote)


def check_figures(chapter):
    """What stands as N [N] in the table after <!-- figures: FILE --> is in FILE."""
    text = "\n".join(chapter.lines)
    for file, table in re.findall(r"^<!-- figures: (\S+) -->\n\n((?:\|.*\n)+)", text, re.M):
        with open(os.path.join(TOP, file), encoding="utf-8") as source:
            known = source.read()
        for figure in re.findall(r"\d+ \[\d+\]", table):
            yield f",{figure}" in known, f"{chapter.name}: {figure} is in {file}", []


def check_links(chapter):
    """README.md is not Sphinx's: do the files exist that it leads to?"""
    for target in re.findall(r"\]\(([^):]+)\)", "\n".join(chapter.lines)):
        if chapter.fenced:
            yield os.path.exists(os.path.join(TOP, target)), f"{chapter.name} leads to {target}", []


def check_built_links():
    """Every link inside the built book: does the file exist, and the place in it?"""
    pages = {}
    for folder, _, files in os.walk(os.path.join(BUILD, "html")):
        for file in files:
            path = os.path.join(folder, file)
            pages[path] = ""
            if file.endswith((".html", ".css", ".js")):
                with open(path, encoding="utf-8") as page:
                    pages[path] = page.read()
    broken, count = [], 0
    for path, text in pages.items():
        if path.endswith(".js"):
            continue
        links = r'(?:href|src)="((?![a-z]+:)[^"]+)"'
        if path.endswith(".css"):
            links = r"@import url\(([^)]+)\)"
        for link in re.findall(links, text):
            file, _, place = link.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(path), file.split("?")[0]))
            target = target if file else path
            count += 1
            # The live page opens at a step, which its script names.
            steps = pages.get(os.path.join(os.path.dirname(target), "steps.js"), "")
            if target not in pages or (place and f'id="{place}"' not in pages[target] and
                                       f'name: "{place}"' not in steps):
                broken.append(f"{path}: {link}")
    return verdict(count and not broken, f"{count} links inside the book lead somewhere", broken)


def kernel_sources(files):
    """For 6.1 and the newest kernel: a folder with these files of its source."""
    for version, name in (("6.1", "6.1"), ("7.3", "newest")):
        archive = subprocess.run([f"{TOP}/tools/vm/fetch", "source-tar", "--kernel", name],
                                 check=True, capture_output=True, text=True).stdout.strip()
        folder = os.path.join(BUILD, "kernel", os.path.basename(archive))
        missing = [f for f in files if not os.path.exists(os.path.join(folder, f))]
        if missing:
            os.makedirs(folder, exist_ok=True)
            # A file that this kernel does not have makes tar fail: check_claims() names it.
            subprocess.run(["tar", "-xJf", archive, "-C", folder, "--strip-components=1",
                            "--wildcards"] + [f"*/{f}" for f in missing],
                           stderr=subprocess.DEVNULL)
        yield version, folder


def found_in_kernel(reference, sources):
    """Is the name of "name() in path (version)" in the source of that kernel, or of both?"""
    name, path, version = re.fullmatch(
        r"(\w+)(?:\(\))? in ([\w./-]+)(?: \((\d\.\d)\))?", reference).groups()
    for known, folder in sources:
        if version in (None, known):
            try:
                with open(os.path.join(folder, path), encoding="utf-8") as file:
                    if not re.search(rf"\b{name}\b", file.read()):
                        return False
            except FileNotFoundError:
                return False
    return True


def probe_names():
    """The probes of the matrix: a name in a row of a section's table."""
    names = set()
    for path in glob.glob(os.path.join(TOP, "selftests/matrix_*.c")):
        with open(path, encoding="utf-8") as file:
            names |= set(re.findall(r'^\t\t\.name\s*= "(\w+)"', file.read(), re.M))
    return names


def found_test(reference, page_text):
    """Does the test, the probe, the command or the example exist?"""
    if reference.startswith("not run: "):
        return len(reference) > len("not run: ")
    if reference == "this page":
        return bool(re.search(r"^   [$#] ", page_text, re.M))
    words = reference.split()
    if words[0] == "make":
        with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as file:
            return bool(re.search(rf"^{words[1]}:", file.read(), re.M))
    if words[0] == "probe":
        return set(words[1:]) <= probe_names()
    path = os.path.join(TOP, words[0])
    if not os.path.exists(path):
        return False
    for name in words[1:]:
        with open(path, encoding="utf-8") as source:
            if not re.search(rf"\b{name}\b", source.read()):
                return False
    return True


def check_claims():
    """Each claim has a function that is in the kernel, and a test that is in the tree."""
    pages = list(claims.chapters())
    references = [r for _, _, found in pages for claim in found for r in claim.kernel]
    known = r"commit [0-9a-f]{12}|\w+(\(\))? in [\w./-]+( \(\d\.\d\))?"
    wrong = [r for r in references if not re.fullmatch(known, r)]
    files = {r.split(" in ")[1].split(" (")[0] for r in references if " in " in r}
    sources = list(kernel_sources(sorted(files))) if not wrong else []
    count = 0
    for page, text, found in pages:
        for claim in found:
            count += 1
            where = f"{page}: {claim.text}"
            if not claim.kernel or not claim.test:
                wrong.append(f"{where}: has no {'test' if claim.kernel else 'kernel function'}")
            wrong += [f"{where}: {r}: not in the kernel's source" for r in claim.kernel
                      if sources and " in " in r and not found_in_kernel(r, sources)]
            wrong += [f"{where}: {r}: no such test" for r in claim.test
                      if not found_test(r, text)]
    return verdict(count and not wrong, f"{count} claims have a kernel function and a test", wrong)


def check_test_names():
    """Every ``suite.test`` and every probe that a page names: is it there?"""
    wrong, count = [], 0
    probes = probe_names()
    for path in glob.glob(os.path.join(TOP, "Documentation/*.rst")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for suite, name in re.findall(r"``([a-z_]+)\.([a-z_]{2,})``", text):
            tests = os.path.join(TOP, f"selftests/{suite}_test.c")
            if os.path.exists(tests):
                count += 1
                with open(tests, encoding="utf-8") as file:
                    if not re.search(rf"^TEST\w*\((\w+, )?{name}\b", file.read(), re.M):
                        wrong.append(f"{path}: {suite}.{name}")
        for name in re.findall(r"probes? ``([a-z_]+)``", text):
            count += 1
            if name not in probes:
                wrong.append(f"{path}: probe {name}")
    return verdict(count and not wrong, f"{count} tests that the book names are there", wrong)


OUTSIDE = ("docs.kernel.org", "git.kernel.org", "lwn.net", "static.lwn.net", "man7.org",
           "linux-kernel-labs.github.io", "sysprog21.github.io", "www.kernel.org")


def check_outside_links():
    """Links that lead out of the book cannot be followed here: is their form right?"""
    wrong, count = [], 0
    for folder, _, files in os.walk(os.path.join(BUILD, "html")):
        for name in files:
            if not name.endswith(".html"):
                continue
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                body = file.read()
            for link in re.findall(r'<a class="[^"]*external[^"]*" href="([a-z]+:[^"]+)"', body):
                count += 1
                host = re.fullmatch(r"https://([^/?#]+)/[\w./()-]*", link)
                if not host or host[1] not in OUTSIDE:
                    wrong.append(f"{name}: {link}")
    return verdict(count and not wrong, f"{count} links out of the book have a known form", wrong)


def check_verbs():
    """Is every verb of the Makefile in the reference?"""
    with open(os.path.join(TOP, "Makefile"), encoding="utf-8") as file:
        verbs = re.findall(r"^([a-z_-]+):.*## ", file.read(), re.M)
    with open(os.path.join(TOP, "Documentation/reference.rst"), encoding="utf-8") as file:
        reference = file.read()
    missing = [v for v in verbs if not re.search(rf"``make {v}[` ]", reference)]
    return verdict(verbs and not missing, f"the reference has all {len(verbs)} verbs", missing)


def verdict(ok, name, lines):
    print("ok" if ok else "not ok", name)
    if not ok:
        for line in lines:
            print("#", line)
    sys.stdout.flush()
    return bool(ok)


def check(path, update):
    """All verdicts on one chapter."""
    chapter = Chapter(path)
    found = list(check_quotes(chapter)) + list(check_links(chapter))
    found += check_figures(chapter)
    return found + [r for r in (run(chapter, p, update) for p in ("$ ", "# ")) if r]


def main():
    names = [name for name in sys.argv[1:] if name != "--update"]
    update = "--update" in sys.argv[1:]
    if any(name.startswith("-") for name in names):
        print(__doc__)
        return 2
    passed = failed = 0
    if not names:
        built = subprocess.run([f"{TOP}/tools/docs/build"], capture_output=True, text=True)
        verdict(not built.returncode, "the book builds without a warning",
                built.stderr.split("\n"))
        good = [not built.returncode, check_built_links(), check_outside_links(),
                check_claims(), check_test_names(), check_verbs()]
        passed, failed = good.count(True), good.count(False)
        listed = subprocess.run(["git", "-C", TOP, "ls-files", "README.md", "Documentation/*.rst"],
                                check=True, capture_output=True, text=True).stdout
        names = [os.path.join(TOP, name) for name in listed.split()]

    # What a first run fetches and builds, it tells of: not among the examples.
    if subprocess.run([f"{TOP}/tools/vm/run", "--", "true"]).returncode:
        return 125
    os.makedirs(BUILD, exist_ok=True)
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for found in pool.map(lambda name: check(os.path.abspath(name), update), names):
            for ok, name, lines in found:
                verdict(ok, name, lines)
                passed += ok
                failed += not ok
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
