# SPDX-License-Identifier: Apache-2.0
"""Each image that can be built here: what is in it, whose it is, how large our part is."""

import json

import pytest

from engine import SOURCE, eventually

NAMES = ["debian13-openmpi", "debian12-openmpi", "debian12-mpich"]
LAYER_MAX = 15_000_000
HELLO = (SOURCE / "examples/hello.c").read_text()


def bytes_of(text):
    """ "1.5MB" of docker history. """
    digits = text.rstrip("kMGB")
    return float(digits) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[text[len(digits):].rstrip("B")]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_our_layer_is_small(engine, image, name):
    history = engine.docker("history", "--no-trunc", "--format", "{{.Size}} {{.CreatedBy}}", image(name))
    ours = [line for line in history.out.splitlines() if "COPY" in line]
    sizes = [bytes_of(line.split()[0]) for line in ours]
    print(name, *ours, sep="\n")
    assert len(ours) == 2 and max(sizes) > 1e6  # packages to install, and the programs
    assert sum(sizes) <= LAYER_MAX


def test_nobody_is_root(engine, image, name, inside):
    config = json.loads(engine.docker("inspect", "--format", "{{json .Config}}", image(name)).out)
    assert config["User"] == "1000:1000" and config["Healthcheck"] and config["Entrypoint"] == ["vrund"]
    said = inside(image(name), "id -u; id -un; pwd; cat /proc/1/comm; stat -c %u /proc/1; touch here")
    assert said.out.split() == ["1000", "mpi", "/project", "vrund", "1000"]


def test_no_capability_is_needed(image, name, inside):
    ended = inside(image(name), "mpirun -n 2 --oversubscribe hostname", "--cap-drop", "ALL",
                   "--security-opt", "no-new-privileges")
    assert len(ended.out.split()) == 2


def test_mpirun_is_vrun_and_stock_stays(image, name, inside):
    stock = "mpiexec.hydra" if name.endswith("mpich") else "mpirun.openmpi"
    said = inside(image(name), f"readlink -f $(which mpirun) $(which mpiexec); which {stock};"
                               f"{stock} --version | head -n 3")
    vrun, same, path, version = said.out.split("\n", 3)
    assert vrun == same == "/usr/local/bin/vrun" and path == f"/usr/bin/{stock}"
    assert any(known in version for known in ("Open MPI", "OpenRTE", "HYDRA"))


def test_a_program_is_compiled_and_run(image, name, inside):
    ended = inside(image(name), f"cat > hello.c <<'EOF'\n{HELLO}\nEOF\n"
                                "mpicc -o hello hello.c && mpirun -n 3 --oversubscribe ./hello 3")
    assert sorted(line.split(" on ")[0] for line in ended.out.splitlines()) == [
        f"rank {rank} of 3" for rank in range(3)]


def test_mpi4py(image, name, inside):
    if name.endswith("mpich"):
        pytest.skip("Debian's mpi4py is built for Open MPI")
    ended = inside(image(name), "mpirun -n 3 --oversubscribe "
                                "python3 /usr/local/share/doc/vrun/examples/hello.py 3")
    assert ended.out.count(" of 3 on ") == 3


def test_health(engine, image, inside):
    """Healthy, and not when vrund stands still."""
    name = engine.docker("run", "--detach", "--network", "none", "--health-interval", "1s",
                         "--health-timeout", "10s", "--health-retries", "1",
                         image("debian13-openmpi")).out.strip()

    def is_so(state):
        return lambda: engine.docker("inspect", "--format", "{{.State.Health.Status}}",
                                     name).out.strip() == state
    try:
        eventually(is_so("healthy"), 60, "a healthy container")
        engine.docker("kill", "--signal", "STOP", name)
        eventually(is_so("unhealthy"), 60, "a container whose vrund stands still")
    finally:
        engine.docker("rm", "--force", name)


def test_own_program(engine, image, inside, tmp_path):
    """FROM vrun:onbuild, with a Makefile and a package."""
    image("debian13-openmpi")
    onbuild = image("onbuild")
    (tmp_path / "Dockerfile").write_text(f"FROM {onbuild}\n")
    (tmp_path / "packages.txt").write_text("bc\n")
    (tmp_path / "Makefile").write_text("hello: hello.c\n\tmpicc -O2 -o $@ $<\n")
    (tmp_path / "hello.c").write_text(HELLO)
    engine.run("docker", "build", "-t", "vrun-test:own", tmp_path, timeout=600,
               environment={"DOCKER_BUILDKIT": "1"})
    ended = inside("vrun-test:own", "vrun -n 2 --oversubscribe hello 2; echo 6 \\* 7 | bc; id -un; pwd; echo $PATH")
    assert ended.out.count(" of 2 on ") == 2
    *_, number, user, directory, path = ended.out.split()
    assert (number, user, directory) == ("42", "mpi", "/project")
    assert path.startswith("/opt/program:/home/mpi/.local/bin:")
