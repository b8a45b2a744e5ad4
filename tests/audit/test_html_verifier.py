"""The single-file verifier in a real browser: the same verdicts as `testigo verify`, and no request to anywhere."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from playwright.sync_api import Browser, Page

from intake.audit.bundle import VERIFIER
from intake.audit.verify import Trust, verify
from tests.audit.conftest import Log, Made
from tests.audit.forging import CHANGES, flip, reseal


def trust_file(trust: Trust, folder: Path) -> Path:
    """Write what a stranger was given."""
    file = folder / "trust.json"
    pems = [root.public_bytes(Encoding.PEM).decode() for root in trust.roots]
    keys = {"log": [k.text for k in trust.log], "witnesses": [k.text for k in trust.witnesses]}
    file.write_text(json.dumps({**keys, "timestamp_roots": pems}))
    return file


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """The verifier opened from disk, as an expert would; any request but its own file fails the test."""
    context = chromium.new_context(viewport={"width": 900, "height": 1100})
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(VERIFIER.as_uri())
    yield page
    assert asked == [VERIFIER.as_uri()]
    context.close()


def said(page: Page, bundle: Path, trust: Path) -> tuple[str, list[str]]:
    """Check in the browser; return its verdict and lines."""
    page.set_input_files("#bundle", str(bundle))
    page.set_input_files("#trust", str(trust))
    page.click("#check")
    page.wait_for_selector("#answer section.good, #answer section.bad", timeout=20_000)
    first = page.locator("#answer section").first
    return first.locator("h2").inner_text(), first.locator("li").all_inner_texts()


def test_a_good_bundle_is_accepted_in_the_same_words(page: Page, good: Made, log: Log, tmp_path: Path) -> None:
    verdict, lines = said(page, good.folder, trust_file(log.trust, tmp_path))
    assert (verdict, lines) == ("Accepted. This proves", verify(good.folder, log.trust).proven)


@pytest.mark.parametrize("change", CHANGES, ids=[c.__name__ for c in CHANGES])
def test_a_forged_bundle_is_refused(
    page: Page, good: Made, log: Log, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    copy = Path(shutil.copytree(good.folder, tmp_path / "bag"))
    reseal(copy, change)
    assert said(page, copy, trust_file(log.trust, tmp_path))[0] == "Refused"


def test_a_flipped_bit_of_a_file_a_timestamp_and_a_head_is_refused(
    page: Page, good: Made, log: Log, tmp_path: Path
) -> None:
    trust = trust_file(log.trust, tmp_path)
    for name in ("files/TG-0001.mp4", "checkpoint.txt", "proof.json"):
        copy = Path(shutil.copytree(good.folder, tmp_path / name.replace("/", "-")))
        flip(copy / "data" / name)
        assert said(page, copy, trust)[0] == "Refused"
        reseal(copy) if name != "proof.json" else None
        assert said(page, copy, trust)[0] == "Refused"


def test_strangers_to_the_trust_file_are_refused(page: Page, good: Made, log: Log, tmp_path: Path) -> None:
    whole = json.loads(trust_file(log.trust, tmp_path).read_text())
    for lacking in whole:
        file = tmp_path / f"without-{lacking}.json"
        file.write_text(json.dumps({**whole, lacking: []}))
        assert said(page, good.folder, file)[0] == "Refused"


def test_its_own_hash_of_large_files_is_sha256(page: Page) -> None:
    mine = "new Sha256()"
    for size in (0, 1, 55, 56, 63, 64, 65, 119, 120, 1000):
        script = f"async () => {{ const b = new Uint8Array({size}).fill(97), s = {mine}; s.update(b.slice(0, 7)); s.update(b.slice(7)); return [s.hex(), hex(await digest(b))]; }}"
        own, native = page.evaluate(script)
        assert own == native
