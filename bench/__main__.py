"""`make bench`: run every workload, print one table, write bench/results.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bench import data, fixity, log, media, papers, row_security, uploads, vault, workloads
from intake.local import services


def main() -> None:
    """Measure. --quick takes fewer rounds, for a look; its figures are not for reporting."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    rounds, seconds = (5, 2.0) if quick else (30, 6.0)
    stores = data.stores()
    try:
        small, large = data.database(stores, 20_000), data.database(stores, 100_000)
        rows = [
            *workloads.pages(large, rounds),
            *workloads.together(large, seconds),
            *papers.thousand(100 if quick else 1000),
            *vault.sealed_names(data.fresh(stores, "bench_vault"), rounds),
            *workloads.start(large),
            *workloads.cold(stores),
            *workloads.growth(small, large, rounds),
            *row_security.compared(large, rounds),
            *fixity.workloads(stores, 0.2 if quick else 1.0),
            *log.workloads(stores, rounds, seconds / 2),
            *uploads.alone(quick=quick),
            *media.thumbnails(96 if quick else 500),
        ]
    finally:
        services.stop_all(stores)
    report([row.as_json() for row in rows])


def report(rows: list[dict[str, object]]) -> None:
    """Print the table and keep it in bench/results.json."""
    (Path(__file__).parent / "results.json").write_text(json.dumps(rows, indent=1) + "\n")
    heads = ("workload", "ours", "limit", "ratio", "target", "met", "unit", "peers")
    table = [heads, *(tuple(str(row[head]) for head in heads) for row in rows)]
    widths = [max(len(line[n]) for line in table) for n in range(len(heads))]
    for line in table:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


if __name__ == "__main__":
    main()
