"""Runs shared by several processes (gloo), as by devices and nodes."""

import os
import socket
import subprocess
import sys

import msgspec
import pytest
import torch

from umtn_core.training.checkpoint import load_network
from umtn_core.training.settings import write_settings
from umtn_core.training.train import train

ALL = ("flute", "violin", "oboe", "organ", "cello")
PROGRAM = """
import sys
from umtn_core.training.settings import read_settings
from umtn_core.training.train import train
if __name__ == "__main__":
    train(read_settings(sys.argv[1]), start=(*sys.argv, None)[2], progress=False)
"""


@pytest.fixture
def launch(tmp_path):
    """Start one process, or one for each list of arguments to ``python``, and wait for all."""

    def run(options, *launchers, start=None):
        write_settings(options, tmp_path / "settings.yaml")
        (tmp_path / "program.py").write_text(PROGRAM)
        environment = os.environ | {
            "MASTER_ADDR": "127.0.0.1", "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path),
        }  # fmt: skip
        program = [str(tmp_path / "program.py"), str(tmp_path / "settings.yaml")]
        program += [str(start)] if start else []
        running = [
            subprocess.Popen(
                [sys.executable, *launcher, *program],
                env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )
            for launcher in launchers or ([],)
        ]  # fmt: skip
        said = [process.communicate(timeout=300)[0] for process in running]
        assert not any(process.returncode for process in running), "\n".join(said)

    return run


def _shared(processes, **machine):
    return {"devices": processes, "strategy": "ddp", **machine}


def _agree(found, expected):
    largest = float(max(gradient.abs().max() for gradient in expected.values()))
    assert largest > 1e-3 and found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6 * largest)


@pytest.mark.parametrize(
    ("processes", "domains"),
    [
        (2, 5),
        (3, 3),
        *(pytest.param(2, domains, marks=pytest.mark.long) for domains in (2, 3, 4)),
        *(pytest.param(3, domains, marks=pytest.mark.long) for domains in (2, 4, 5)),
    ],
)
def test_processes_find_the_gradients_of_one(
    settings, tmp_path, launch, adam_gradients, processes, domains
):
    """The same batch, shared, gives the same step to both players: any number of domains."""
    common = {"batch": processes, "steps": 1, "domains": ALL[:domains]}
    one = train(settings(output=str(tmp_path / "one"), **common), progress=False)
    launch(settings(output=str(tmp_path / "more"), machine=_shared(processes), **common))
    _agree(adam_gradients(tmp_path / "more" / "last.ckpt"), adam_gradients(one))


def test_a_run_goes_on_with_another_number_of_processes(settings, tmp_path, launch):
    common = {"batch": 6, "steps": 4}
    whole = train(settings(output=str(tmp_path / "whole"), **common), progress=False)
    parts = str(tmp_path / "parts")
    for steps, processes in ((1, 3), (3, 2)):
        launch(settings(output=parts, machine=_shared(processes), **common | {"steps": steps}))
    resumed = train(settings(output=parts, **common), progress=False)
    expected, found = (load_network(path)[0].state_dict() for path in (whole, resumed))
    first = train(settings(output=str(tmp_path / "first"), **common | {"steps": 1}), progress=False)
    begun = load_network(first)[0].state_dict()
    for name, weight in expected.items():
        # Adam turns the order of additions into steps of another sign where a gradient is
        # nearly zero: small against how far the weights have moved.
        assert (found[name] - weight).norm() <= 0.05 * (weight - begun[name]).norm() + 1e-6, name


def test_two_nodes_under_torchrun(settings, tmp_path, launch, adam_gradients):
    """One process on each of two nodes, as two machines would start them."""
    one = train(settings(output=str(tmp_path / "one"), steps=1), progress=False)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    where = ["--nnodes", "2", "--nproc-per-node", "1", "--master-addr", "127.0.0.1"]
    torchrun = ["-m", "torch.distributed.run", *where, "--master-port", str(port), "--node-rank"]
    nodes = settings(output=str(tmp_path / "two"), steps=1, machine=_shared(1, nodes=2))
    launch(nodes, [*torchrun, "0"], [*torchrun, "1"])
    _agree(adam_gradients(tmp_path / "two" / "last.ckpt"), adam_gradients(one))


def test_processes_add_a_domain_together(settings, tmp_path, launch, adam_gradients):
    old = train(settings(output=str(tmp_path / "old"), steps=1), progress=False)
    options = {"domains": (*ALL[:2], "oboe"), "only": ("oboe",), "steps": 1}
    adding = settings(output=str(tmp_path / "one"), **options)
    one = train(adding, start=old, progress=False)
    shared = settings(output=str(tmp_path / "two"), machine=_shared(2), **options)
    launch(msgspec.structs.replace(shared), start=old)
    _agree(adam_gradients(tmp_path / "two" / "last.ckpt"), adam_gradients(one))
