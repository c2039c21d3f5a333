# SPDX-License-Identifier: Apache-2.0
"""How output is shown and where it goes, and who reads standard input."""

import hashlib
import json
import re
import subprocess

import pytest

from jobs import vrun

TALK = ["sh", "-c", "echo out $VRUN_RANK; echo err $VRUN_RANK >&2"]
PAIR = ["-n", "2", "--map-by", "node"]


@pytest.fixture(autouse=True)
def nothing_is_left(four):
    yield
    four.assert_clean()


@pytest.mark.parametrize("options, out, err", [
    (["-l"], "[{r}] out {r}", "[{r}] err {r}"),
    (["--tag-output"], "[1,{r}]<stdout>:out {r}", "[1,{r}]<stderr>:err {r}"),
    (["--output", "tag"], "[1,{r}]<stdout>: out {r}", "[1,{r}]<stderr>: err {r}"),
    (["-prepend-pattern", "%r@%h "], "{r}@{h} out {r}", "{r}@{h} err {r}"),
    (["--xml"], '<stdout rank="{r}">out {r}&#010;</stdout>', '<stderr rank="{r}">err {r}&#010;</stderr>'),
], ids=lambda value: "" if isinstance(value, str) else value[0])
def test_lines_are_marked(four, options, out, err):
    ended = vrun(four.master, *PAIR, *options, *TALK)
    assert ended.code == 0, ended
    hosts = {r: four.workers[r].name for r in range(2)}
    framed = [["<mpirun>"], ["</mpirun>"]] if options == ["--xml"] else [[], []]
    for text, pattern in ((ended.out, out), (ended.err, err)):
        lines = text.splitlines()
        assert lines[:1] == framed[0] or not framed[0]
        body = lines[len(framed[0]):len(lines) - len(framed[1])]
        assert sorted(body) == sorted(pattern.format(r=r, h=h) for r, h in hosts.items()), ended


def test_json_lines_say_who_and_when(four):
    ended = vrun(four.master, *PAIR, "--output", "json", "printf", r'a "b"\nrest')
    assert ended.code == 0, ended
    found = [json.loads(line) for line in ended.out.splitlines()]
    for record in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("time"))
        assert record["host"] == four.workers[record["rank"]].name
    texts = {(r["rank"], r["stream"], r["text"], r.get("newline", True)) for r in found}
    assert texts == {(r, "stdout", t, n) for r in range(2) for t, n in (('a "b"', True), ("rest", False))}


def test_standard_error_is_merged_in_order(four):
    program = "for i in 1 2 3; do echo out $i; echo err $i >&2; done"
    ended = vrun(four.master, "-n", "1", "--merge-stderr-to-stdout", "sh", "-c", program)
    assert (ended.code, ended.err) == (0, ""), ended
    assert ended.out.split("\n") == ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3", ""]


@pytest.mark.parametrize("options, names, is_shown", [
    (["-output-filename", "{d}"], "1/rank.{r:02}/{s}", True),
    (["-output-filename", "{d}:nocopy"], "1/rank.{r:02}/{s}", False),
    (["--output", "dir={d}:nocopy"], "*/rank.{r:02}/{s}", False),
    (["-outfile-pattern", "{d}/%r.%h.stdout", "-errfile-pattern", "{d}/%r.%h.stderr"], "{r}.*.{s}", False),
], ids=["tree", "tree-nocopy", "dir", "patterns"])
def test_output_is_in_files(four, options, names, is_shown):
    directory = "/tmp/output-files"
    words = [option.format(d=directory) for option in options]
    ended = vrun(four.master, "-n", "12", *words, *TALK)
    assert ended.code == 0, ended
    assert len(ended.out.splitlines()) == len(ended.err.splitlines()) == (12 if is_shown else 0)
    for rank in range(12):
        for stream, word in (("stdout", "out"), ("stderr", "err")):
            pattern = f"{directory}/{names.format(r=rank, s=stream)}"
            found = four.master.run(["sh", "-c", f"cat {pattern}"])
            assert found.out == f"{word} {rank}\n", (pattern, found)
    four.master.run(["rm", "-r", directory])


def test_output_that_cannot_be_filed_ends_the_job(four):
    ended = vrun(four.master, *PAIR, "-output-filename", "/proc/none", "sh", "-c", "echo a; sleep 1000")
    assert ended.code == 74, ended
    assert "/proc/none" in ended.err


def test_all_ranks_read_the_same_input(four):
    text = b"".join(b"%08d\n" % i for i in range(400_000))
    words = ["vrun", "-n", "6", "--map-by", "node", "--stdin", "all", "sh", "-c",
             '[ $VRUN_RANK = 1 ] && exec head -n 1; md5sum']
    job = four.master.popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    out, _ = job.communicate(text, timeout=120)
    whole = hashlib.md5(text).hexdigest() + "  -"
    assert job.returncode == 0
    assert sorted(out.decode().splitlines()) == sorted(["00000000"] + [whole] * 5)


@pytest.mark.parametrize("reader, expected", [("3", ["", "", "", "text"]), ("none", [""] * 4)])
def test_one_rank_or_none_reads(four, reader, expected):
    program = 'read line; echo "$VRUN_RANK:$line"'
    ended = vrun(four.master, "-n", "4", "--map-by", "node", "--stdin", reader, "sh", "-c", program,
                 stdin="text\n")
    assert sorted(ended.out.splitlines()) == [f"{rank}:{line}" for rank, line in enumerate(expected)]


def test_a_reader_that_is_not_there_is_refused(four):
    ended = vrun(four.master, "-n", "2", "--stdin", "2", "cat")
    assert ended.code == 2, ended
    assert "from 0 to 1" in ended.err


def test_colours_are_for_terminals(four):
    def shown(words):
        ended = four.master.run(["script", "-qec", words, "/dev/null"])
        return ended.out
    assert "\x1b[31m[0] \x1b[0mhi" in shown("vrun -n 1 -l echo hi")
    assert "\x1b" not in shown("env NO_COLOR=1 vrun -n 1 -l echo hi")
    assert vrun(four.master, "-n", "1", "-l", "echo", "hi").out == "[0] hi\n"
