"""Stores of a test's own, beside the shared ones: these tests kill them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.local import services
from intake.local.object_store import LocalObjectStore
from intake.local.postgres import LocalPostgres
from intake.settings import Settings
from tests.stores import STATE


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    """A state folder whose servers are stopped and whose files are removed after the module."""
    folder = STATE.parent / f"trial-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True, mode=0o711)
    yield folder
    services.stop_all(Settings.load({}, "test").with_(state_dir=folder))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def postgres(state: Path) -> LocalPostgres:
    """A running PostgreSQL."""
    server = LocalPostgres(state)
    server.ensure()
    return server


@pytest.fixture(scope="module")
def store(state: Path) -> LocalObjectStore:
    """A running S3 store that admits one page."""
    server = LocalObjectStore(state, "evidence", "exports")
    server.ensure(["https://app.example"])
    return server
