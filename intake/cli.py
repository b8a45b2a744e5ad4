"""The command `testigo`: up, migrate, worker, demo, doctor, psql."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from intake import (
    custody_commands,
    db,
    health,
    import_commands,
    key_commands,
    keys,
    log_commands,
    proof_commands,
    schema,
)
from intake.access.models import Organisation
from intake.audit import identity
from intake.audit.state import state
from intake.errors import KeyUnavailable
from intake.local import services
from intake.people import rotation
from intake.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="testigo", description="Declarations and evidence, from interview to court paper."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything on this machine and load the demonstration matter").set_defaults(
        run=up
    )
    commands.add_parser("migrate", help="bring the database to this version").set_defaults(run=migrate)
    commands.add_parser("worker", help="run background jobs").set_defaults(run=worker)
    commands.add_parser("doctor", help="check stores, rights and keys").set_defaults(run=doctor)
    commands.add_parser("reconcile", help="finish or name left-over uploads").set_defaults(run=reconcile)
    commands.add_parser("psql", help="open the database's own shell as its owner").set_defaults(run=psql)
    log_commands.add(commands)
    proof_commands.add(commands)
    custody_commands.add(commands)
    import_commands.add(commands)
    key_commands.add(commands)
    begin_command = commands.add_parser("begin", help="write a matter and its first people from a TOML file")
    begin_command.add_argument("file", type=Path, help="[matter], [caption], [[organisation]], [[organisation.person]]")
    begin_command.add_argument("--again", nargs="*", default=[], metavar="EMAIL", help="who lost their second step")
    begin_command.set_defaults(run=begin)
    demo_command = commands.add_parser("demo", help="write the fictional demonstration matter")
    demo_command.add_argument("--scale", type=int, default=0, metavar="N", help="also make N incidents, for benchmarks")
    demo_command.set_defaults(run=demo)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(Settings.load(), options) or 0)
    except KeyUnavailable as missing:
        sys.stderr.write(f"testigo: {missing}\n")
        return 1


def up(settings: Settings, _options: argparse.Namespace) -> int:
    """Start stores, migrate, load the demonstration matter when empty, start web and worker, wait for Ctrl-C."""
    from intake.local import supervisor  # noqa: PLC0415

    port = services.free_port(settings.port)
    settings = services.ensure_all(settings.with_(port=port))
    _prepare(settings)
    if settings.fictional:
        from intake.demo import matter  # noqa: PLC0415

        matter.load(settings)
        identity.make_witness(settings, "second-organisation")
        greeting = matter.greeting(f"http://localhost:{port}")
    else:
        greeting = f"ready http://localhost:{port}"
    return supervisor.run(settings, greeting)


def migrate(settings: Settings, _options: argparse.Namespace) -> None:
    """Bring the database to this version and let the program's role sign in."""
    _prepare(services.ensure_all(settings))


def worker(settings: Settings, _options: argparse.Namespace) -> None:
    """Run background jobs until told to stop."""
    from intake import worker as jobs  # noqa: PLC0415

    jobs.run(services.ensure_all(settings))


def begin(settings: Settings, options: argparse.Namespace) -> None:
    """Write a real matter and its first people, and say what to hand over to each of them."""
    from intake.access import authenticator  # noqa: PLC0415
    from intake.matters import beginning  # noqa: PLC0415

    data = tomllib.loads(options.file.read_text())
    settings = services.ensure_all(settings)
    _prepare(settings)
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with engine.begin() as owner:
        organisations = beginning.write(owner, data)
    keys.prepare(settings, organisations)
    authenticator.use(keys.service(settings))
    with db.transaction():
        for user, handed in beginning.invitations(data, settings, frozenset(options.again)):
            sys.stdout.write(f"{user.display_name}, {user.email}, until {handed.expires_at:%Y-%m-%d %H:%M} UTC\n")
            sys.stdout.write(f"  {handed.link}\n")
    sys.stdout.write("Hand each link over in person; it works once. No e-mail is sent from here.\n")


def demo(settings: Settings, options: argparse.Namespace) -> None:
    """Write the demonstration matter, or N generated incidents for benchmarks."""
    from intake.demo import matter, scale  # noqa: PLC0415

    settings = services.ensure_all(settings)
    _prepare(settings)
    matter.load(settings)
    if options.scale:
        scale.load(settings, options.scale)
    sys.stdout.write(f"{matter.sign_ins()}\n\nThe demonstration matter is written; `testigo up` opens it.\n")


def reconcile(settings: Settings, _options: argparse.Namespace) -> int:
    """Finish or name left-over uploads; the exit status is 1 when rows and objects differ."""
    from intake import worker as jobs  # noqa: PLC0415
    from intake.evidence.reconcile import reconcile as run  # noqa: PLC0415

    settings = services.ensure_all(settings)
    jobs.prepare(settings)
    report = run(jobs.storage())
    for name, found in report.items():
        sys.stdout.write(f"{name}: {found if isinstance(found, int) else len(found)}\n")
    return 1 if any(report[name] for name in ("objects_without_rows", "rows_without_objects")) else 0


def doctor(settings: Settings, _options: argparse.Namespace) -> int:
    """Check what readiness checks, and say each finding in one line; 1 when something is wrong."""
    from intake.media import doctor as media_doctor  # noqa: PLC0415
    from intake.storage import Storage  # noqa: PLC0415

    settings = services.ensure_all(settings)
    keys.service(settings)
    Storage(settings).ping()
    engine = sa.create_engine(settings.program_url)
    with engine.connect() as connection:
        late = schema.behind(connection)
        organisations = list(connection.execute(sa.select(Organisation.id)).scalars())
        unguarded = health.findings(connection)
        fast = connection.execute(
            sa.text("select proleakproof from pg_proc where proname = 'ts_match_vq'")
        ).scalar_one()
        alarms = [] if late else state(connection).alarms(dt.datetime.now(dt.UTC))
        whole = late or not connection.execute(sa.text("select differing from access.fixity_state()")).scalar_one()
    lines = {
        "S3 answers": True,
        "every organisation's key answers": keys.answer(settings, organisations),
        "the database is of this version": not late,
        "rows are guarded and clocks agree": not unguarded,
        "search may use its word index under row security": fast,
        "no stored file differs from what was sealed": whole,
        **media_doctor.checks(settings),
        "the log is signed, kept outside and agrees with the rows": not alarms,
    }
    for line, good in lines.items():
        sys.stdout.write(f"{'ok  ' if good else 'BAD '} {line}\n")
    sys.stdout.writelines(f"     {why}\n" for why in (*unguarded, *alarms))
    return 0 if all(lines.values()) else 1


def psql(settings: Settings, _options: argparse.Namespace) -> None:
    """Replace this process by PostgreSQL's own shell on the owner's connection."""
    settings = services.ensure_all(settings)
    url = sa.engine.make_url(settings.database_url).set(drivername="postgresql")
    program = services.psql()
    os.execv(program, [program, url.render_as_string(hide_password=False)])  # noqa: S606


def _prepare(settings: Settings) -> None:
    schema.upgrade(settings.database_url)
    schema.set_program_password(settings.database_url, settings.program_password)
    schema.set_program_password(settings.database_url, settings.sequencer_password, "testigo_sequencer")
    identity.make_key(settings.log_key_file)
    db.connect(settings.program_url)
    with db.transaction():
        organisations = list(db.session.scalars(sa.select(Organisation.id)))
    rotation.refuse_lost_keys(lambda: keys.service(settings), settings.database_url)
    keys.prepare(settings, organisations)


if __name__ == "__main__":
    sys.exit(main())
