# SPDX-License-Identifier: Apache-2.0
"""Every #include follows an arrow of the table in docs/architecture.md, and no library is included
outside of the folder that keeps it."""

import re

from sources import ROOT, files, report

LIBRARY_HOMES = {  # what begins so may be included only in these folders
    "openssl/": ["wire/tls"],
    "ares": ["discovery"],
    "pmix": ["pmix"],
    "hwloc": ["daemon", "pmix", "process"],
    "zstd": ["daemon"],
    "nettle/": ["files"],
    "CLI/": ["daemon", "launcher"],
    "spdlog/": ["process"],
    "nlohmann/": ["launcher", "daemon"],
}
TABLE_ROW = re.compile(r"^\| `([\w/]+)/`(?:, `[^|]*)? \|[^|]*\|([^|]*)\|$", re.M)
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def arrows():
    """{folder: folders it may include}, itself among them."""
    table = {}
    for folder, allowed in TABLE_ROW.findall((ROOT / "docs/architecture.md").read_text()):
        table[folder] = set(re.findall(r"`([\w/]+)`", allowed.split("(")[0])) | {folder}
        for exception in re.findall(r"\((\w+) \w+: `([\w/]+)`\)", allowed):
            table[f"{folder}/{exception[0]}"] = table[folder] | {exception[1]}  # of one program
    return table


def folder_of(path, folders):
    """The longest folder of the table that the file is in; a program's exception goes first."""
    fits = [folder for folder in folders if path.startswith((folder + "/", folder + "."))]
    return max(fits, key=len, default=None)


def main():
    table = arrows()
    problems, checked = [], 0
    for name in files(".hpp", ".cpp", ".h", ".c", beside=["tests/", "examples/"]):
        folder = folder_of(name, table)
        if folder is None:
            problems.append(f"{name}: its folder is not in the table of docs/architecture.md")
            continue
        for quote, included in INCLUDE.findall((ROOT / name).read_text()):
            checked += 1
            if quote == '"':
                target = folder_of(included, table)
                if target not in table[folder]:
                    problems.append(f"{name}: may not include {included}: there is no arrow "
                                    f"from {folder} to {target}")
                if not (ROOT / included).exists():
                    problems.append(f"{name}: write {included} from the root of the project")
                continue
            home = [homes for start, homes in LIBRARY_HOMES.items() if included.startswith(start)]
            if home and folder_of(name, home[0]) is None:
                problems.append(f"{name}: <{included}> stays in {' and '.join(home[0])}")
    report(problems, checked)


main()
