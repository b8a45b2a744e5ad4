"""The commands of the log: sequencer, checkpoint, witness, bundle, verify, compare-log."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from intake.audit import compare as comparing
from intake.audit import identity
from intake.audit.anchors import Anchors, newest
from intake.audit.notes import COSIGNATURE, VerifierKey
from intake.audit.sequencer import LEADER, Sequencer, run
from intake.audit.witnesses import WitnessFile, WitnessRefused, serve
from intake.local import services
from intake.settings import Settings
from intake.storage import Storage


def add(commands: Any) -> None:  # noqa: ANN401 (argparse names its type with an underscore)
    """Add the log's commands to the program's."""
    folding = commands.add_parser("sequencer", help="fold events into the signed log; a second one stands by")
    folding.set_defaults(run=sequencer)
    checkpoint_command = commands.add_parser("checkpoint", help="print the newest signed head of the log")
    checkpoint_command.add_argument("--send", action="store_true", help="send it to witnesses and authorities first")
    checkpoint_command.add_argument("--trust", action="store_true", help="print the keys a verifier needs instead")
    checkpoint_command.set_defaults(run=checkpoint)
    restart = commands.add_parser("new-log", help="after a restored copy: go on under a new key and origin")
    restart.add_argument("--why", required=True, help="for the log: what was restored, and who decided it; no names")
    restart.set_defaults(run=new_log)
    compare_command = commands.add_parser("compare-log", help="find rows that were changed past the log")
    compare_command.set_defaults(run=compare_log)
    _add_witness(commands)


def _add_witness(commands: Any) -> None:  # noqa: ANN401
    command = commands.add_parser("witness", help="keep another organisation's log honest: cosign its heads")
    command.add_argument("--key", type=Path, required=True, help="this witness's key file, made when missing")
    command.add_argument("--state", type=Path, required=True, help="folder of the heads it has seen")
    command.add_argument("--name", default="", help="its name for a new key: an address without https://")
    acts = command.add_subparsers(dest="act", required=True)
    acts.add_parser("key", help="print the verifier key to hand out")
    acts.add_parser("trust", help="watch a log").add_argument("log_key", metavar="LOG-KEY")
    acts.add_parser("add", help="cosign the request on standard input")
    served = acts.add_parser("serve", help="answer add-checkpoint over HTTP (C2SP tlog-witness)")
    served.add_argument("--port", type=int, default=8700)
    command.set_defaults(run=witness)


def conninfo(settings: Settings) -> str:
    """Return the sequencer's database for psycopg."""
    url = sa.engine.make_url(settings.sequencer_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def anchors(settings: Settings) -> Anchors:
    """Return what sends this log's heads outside."""
    origin = identity.load_key(settings.log_key_file).name
    return Anchors(conninfo(settings), origin, identity.outside(settings), Storage(settings))


def sequencer(settings: Settings, _options: argparse.Namespace) -> None:
    """Lead, or stand by, until told to stop."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = services.ensure_all(settings)
    key = identity.load_key(settings.log_key_file)
    outside = anchors(settings)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    run(lambda: Sequencer(conninfo(settings), key), stop, leading=outside.run)


def checkpoint(settings: Settings, options: argparse.Namespace) -> int:
    """Print the newest head, to be kept elsewhere: whoever holds an old one can catch a rewritten log."""
    settings = services.ensure_all(settings)
    outside = anchors(settings)
    if options.trust:
        sys.stdout.write(json.dumps(trust_of(settings), indent=1) + "\n")
        return 0
    troubles = outside.send() if options.send else []
    with psycopg.connect(conninfo(settings)) as connection:
        head = newest(connection, outside.origin)
    for trouble in troubles:
        sys.stderr.write(f"{trouble}\n")
    if head is None:
        sys.stderr.write("The log is empty.\n")
        return 1
    sys.stdout.write(head.note)
    return 1 if troubles else 0


def trust_of(settings: Settings) -> dict[str, Any]:
    """Return what `testigo verify --trust` takes: to be checked with its owners, not believed because we print it."""
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415

    outside = identity.outside(settings)
    return {
        "log": [identity.load_key(settings.log_key_file).verifier.text],
        "witnesses": [w.key.text for w in outside.witnesses],
        "timestamp_roots": [
            root.public_bytes(Encoding.PEM).decode() for authority in outside.authorities for root in authority.roots
        ],
    }


def new_log(settings: Settings, options: argparse.Namespace) -> int:
    """Go on with the tree under a new origin. Witnesses rightly refuse a log that lost what they saw: a restored copy.

    The sequencer must be stopped. The old key is put away beside the new one; that it happened is an entry itself.
    """
    settings = services.ensure_all(settings)
    with psycopg.connect(conninfo(settings)) as connection:
        held = connection.execute("select pg_try_advisory_lock(%s)", (LEADER,)).fetchone()
    if held != (True,):
        sys.stderr.write("A sequencer runs: stop it first.\n")
        return 1
    old = identity.retire_key(settings)
    key = identity.load_key(settings.log_key_file)
    with sa.create_engine(settings.database_url).begin() as owner:
        detail = json.dumps({"why": options.why, "before": old.text, "now": key.verifier.text})
        owner.execute(sa.text("select audit.note('new_log', 'event', '', null, :detail)"), {"detail": detail})
    continued = Sequencer(conninfo(settings), key, before=identity.retired(settings))
    if not continued.lead():
        sys.stderr.write("A sequencer took over meanwhile: stop it and run this again.\n")
        return 1
    while continued.step():
        pass
    continued.close()
    sys.stdout.write(f"{key.verifier.text}\nGive this key to every witness: testigo witness ... trust KEY\n")
    return 0


def compare_log(settings: Settings, _options: argparse.Namespace) -> int:
    """Compare rows with the log as the database's owner and print every difference; 1 when there is any."""
    settings = services.ensure_all(settings)
    engine = sa.create_engine(settings.database_url)
    with engine.connect() as connection:
        current = identity.load_key(settings.log_key_file).verifier
        found = comparing.differences(connection, current, *identity.retired(settings))
    for finding in found:
        told = (finding.what, finding.table, finding.record_id, *finding.fields)
        sys.stdout.write(" ".join(word for word in told if word) + "\n")
    sys.stdout.write(f"{len(found)} differences\n")
    return 1 if found else 0


def witness(_settings: Settings, options: argparse.Namespace) -> int:
    """Act as a witness: a folder and a key of one's own are all it needs."""
    identity.make_key(options.key, options.name or "testigo.invalid/witness", COSIGNATURE)
    kept = WitnessFile(identity.load_key(options.key), options.state)
    if options.act == "key":
        sys.stdout.write(f"{kept.key.text}\n")
    elif options.act == "trust":
        kept.trust(VerifierKey.parse(options.log_key))
    elif options.act == "serve":
        with serve(kept, options.port) as server:
            sys.stdout.write(f"witness {kept.key.name} on 127.0.0.1:{options.port}\n")
            sys.stdout.flush()
            server.serve_forever()
    else:
        try:
            sys.stdout.write(kept.add(sys.stdin.read()))
        except WitnessRefused as refusal:
            sys.stderr.write(f"{refusal}\n")
            return 1
    return 0
