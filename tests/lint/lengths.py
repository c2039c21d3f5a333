# SPDX-License-Identifier: Apache-2.0
"""Budgets: lines of a function, of a header, of a source file; line 1 says the licence."""

import json
import statistics
import subprocess

from sources import ROOT, files, report

FUNCTION_LINES_MAX, HEADER_LINES_MAX, SOURCE_LINES_MAX = 60, 120, 350
ROOMY = {"wire/messages/": 130, "wire/message_type.hpp": 160,  # lists of fields, of messages
         "wire/archive.hpp": 200}  # templates of a library
FUNCTION_LINES_MEDIAN_MAX = 10
LICENCE = "SPDX-License-Identifier: Apache-2.0"


def functions(names):
    """(file, function, lines) of every C++ function."""
    tags = subprocess.run(["ctags", "--output-format=json", "--fields=+ne", "--kinds-c++=f",
                           "--languages=c++", "--langmap=c++:.cpp.hpp", "-L", "-", "-f", "-"],
                          cwd=ROOT, input="\n".join(names), capture_output=True, text=True, check=True)
    for line in tags.stdout.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["path"], tag["name"], tag["end"] - tag["line"] + 1


def main():
    ours = files(".hpp", ".cpp")
    problems, lengths = [], []
    for path, name, length in functions(ours):
        lengths.append(length)
        if length > FUNCTION_LINES_MAX:
            problems.append(f"{path}: {name} has {length} lines, at most {FUNCTION_LINES_MAX} may be")
    if lengths and statistics.median(lengths) > FUNCTION_LINES_MEDIAN_MAX:
        problems.append(f"half of the functions have more than {statistics.median(lengths)} lines")
    for name in ours:
        lines = (ROOT / name).read_text().splitlines()
        budget = HEADER_LINES_MAX if name.endswith(".hpp") else SOURCE_LINES_MAX
        budget = next((more for start, more in ROOMY.items() if name.startswith(start)), budget)
        if len(lines) > budget and not name.startswith("tests/"):
            problems.append(f"{name}: {len(lines)} lines, at most {budget} may be")
    scripts = ["check", "quickstart", ".ci/run"]
    for name in ours + files(".py", ".c", "CMakeLists.txt", ".cmake") + scripts:
        if not any(LICENCE in line for line in (ROOT / name).read_text().splitlines()[:2]):
            problems.append(f"{name}: its first line is '{LICENCE}', as a comment")
    report(problems, len(ours))


main()
