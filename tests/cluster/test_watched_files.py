# SPDX-License-Identifier: Apache-2.0
"""`file:` while somebody watches: what becomes of the file is seen, and never taken for "no hosts"."""

import shutil

import pytest

from host import HOME
from jobs import HELLO, assert_hello, vrun
from watching import Watching

PATH = f"{HOME}/lists/of/hosts"  # whose directories are not there at first


@pytest.fixture(scope="module")
def cluster(make_cluster):
    cluster = make_cluster(2)
    cluster.start_vrunds("--slots", "2", hosts=cluster.workers)
    cluster.start_vrunds("--slots", "2", hosts=[cluster.master],
                         env={"VRUN_DISCOVERY": f"file:{PATH}"})
    return cluster


def test_a_file_that_changes_in_every_way(cluster):
    path = cluster.master.path(PATH)
    with Watching(cluster.master) as watch:
        watch.wait_for([], "No such file or directory")
        path.parent.mkdir(parents=True)
        path.write_text("w1\n")
        watch.wait_for(["w1"])
        path.with_suffix(".new").write_text("w1\nw2 slots=1\n")
        path.with_suffix(".new").rename(path)
        watch.wait_for(["w1", "w2"])
        path.write_text("w2\n")  # in place
        watch.wait_for(["w2"])
        path.write_text("w1\nw2\n")
        watch.wait_for(["w1", "w2"])
        for spoil, words in ((lambda: path.write_text(""), "names no host"),
                             (path.unlink, "No such file"),
                             (lambda: path.write_text("w1 slots=\n"), "line 1"),
                             (lambda: shutil.rmtree(path.parents[1]), "No such file")):
            spoil()
            watch.wait_for(["w1", "w2"], words)
        assert_hello(vrun(cluster.master, HELLO), 4, {"w1": 2, "w2": 2})
        path.parent.mkdir(parents=True)
        path.write_text("w2\n")
        watch.wait_for(["w2"])
