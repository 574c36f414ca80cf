"""The settings for hubs: they can be read, ask for nothing unknown, and fit one another."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jupyterhub.spawner import Spawner
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

# The keys that we set, of those that the chart's reference lists, with the type that it wants.
CHART = {
    "cull.enabled": bool,
    "cull.every": int,
    "cull.timeout": int,
    "cull.users": bool,
    "hub.activeServerLimit": int,
    "hub.config.JupyterHub.authenticator_class": str,
    "singleuser.allowPrivilegeEscalation": bool,
    "singleuser.cloudMetadata.blockWithIptables": bool,
    "singleuser.cmd": str,
    "singleuser.cpu.guarantee": float,
    "singleuser.cpu.limit": int,
    "singleuser.defaultUrl": str,
    "singleuser.fsGid": int,
    "singleuser.image.name": str,
    "singleuser.image.tag": str,
    "singleuser.memory.guarantee": str,
    "singleuser.memory.limit": str,
    "singleuser.networkPolicy.egressAllowRules.cloudMetadataServer": bool,
    "singleuser.networkPolicy.egressAllowRules.nonPrivateIPs": bool,
    "singleuser.networkPolicy.egressAllowRules.privateIPs": bool,
    "singleuser.networkPolicy.enabled": bool,
    "singleuser.storage.type": str,
    "singleuser.uid": int,
}
LITTLEST = {
    "auth.FirstUseAuthenticator.create_users": bool,
    "auth.type": str,
    "limits.cpu": int,
    "limits.memory": str,
    "services.cull.enabled": bool,
    "services.cull.every": int,
    "services.cull.timeout": int,
    "users.admin": list,
}


def leaves(settings: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Return each value with the path of keys that leads to it."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


@pytest.fixture
def chart(root: Path) -> dict[str, Any]:
    return dict(leaves(yaml.safe_load((root / "binder/hub/values.yaml").read_text("utf-8"))))


@pytest.fixture
def littlest(root: Path) -> dict[str, Any]:
    return dict(leaves(yaml.safe_load((root / "binder/hub/tljh-config.yaml").read_text("utf-8"))))


@pytest.fixture
def lessons(root: Path) -> Config:
    return PyFileConfigLoader("tljh_lessons.py", str(root / "binder/hub")).load_config()


def test_every_key_is_known(chart: dict[str, Any], littlest: dict[str, Any]) -> None:
    assert {key: type(value) for key, value in chart.items()} == CHART
    assert {key: type(value) for key, value in littlest.items()} == LITTLEST


def test_a_server_has_no_privilege(chart: dict[str, Any]) -> None:
    assert chart["singleuser.uid"] > 0
    assert chart["singleuser.fsGid"] > 0
    assert not chart["singleuser.allowPrivilegeEscalation"]
    assert not chart["singleuser.cloudMetadata.blockWithIptables"]
    assert chart["singleuser.networkPolicy.enabled"]
    opened = [key for key, value in chart.items() if "egressAllowRules" in key and value]
    assert opened == []


def test_jupyterhub_takes_the_values(
    chart: dict[str, Any], littlest: dict[str, Any], lessons: Config
) -> None:
    cluster = Spawner(
        mem_guarantee=chart["singleuser.memory.guarantee"],
        mem_limit=chart["singleuser.memory.limit"],
        cpu_guarantee=chart["singleuser.cpu.guarantee"],
        cpu_limit=chart["singleuser.cpu.limit"],
        default_url=chart["singleuser.defaultUrl"],
    )
    machine = Spawner(
        config=lessons, mem_limit=littlest["limits.memory"], cpu_limit=littlest["limits.cpu"]
    )
    assert 0 < cluster.mem_guarantee < cluster.mem_limit == machine.mem_limit
    assert 0 < cluster.cpu_guarantee < cluster.cpu_limit == machine.cpu_limit
    assert machine.environment == {"OMP_NUM_THREADS": "1"}
    assert machine.default_url == cluster.default_url
    assert chart["cull.timeout"] == littlest["services.cull.timeout"]


def test_a_learner_starts_at_a_lesson_that_exists(chart: dict[str, Any], root: Path) -> None:
    lesson = chart["singleuser.defaultUrl"].removeprefix("/voila/render/")
    assert lesson.startswith("notebooks/")
    assert (root / lesson).is_file()


def test_the_guide_tells_the_sizes(chart: dict[str, Any], root: Path) -> None:
    guide = (root / "binder/hub/README.md").read_text("utf-8")
    for key in ("guarantee", "limit"):
        megabytes = chart[f"singleuser.memory.{key}"].removesuffix("M")
        assert re.search(rf"\b{megabytes}\sMB\b", guide)
    image = f"{chart['singleuser.image.name']}:{chart['singleuser.image.tag']}"
    assert guide.count(image) == 2
    for path in re.findall(r"binder/[\w./-]+", guide):
        assert (root / path).exists(), path
