"""Every request that the program takes, with a valid form for each: what the walks of the routes ask.

A new route that takes a form needs an entry in FORMS (or JSON); a new argument of an address one in ARGUMENTS.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.access.planted import Ids
from tests.browser import Browser

# Which record fills an address's argument; `id` is an item of evidence and nothing else.
ARGUMENTS = {
    "incident_id": "incident",
    "person_id": "person",
    "tag_id": "tag",
    "share_id": "share",
    "id": "item",
    "item_id": "item",
    "batch_id": "batch",
    "declaration_id": "declaration",
    "comment_id": "comment",
    "paragraph_id": "paragraph",
    "source_id": "source",
    "search_id": "search",
    "recording_id": "recording",
    "hold_id": "hold",
    "order_id": "order",
    "copy_id": "copy",
    "note_id": "media_note",
    "work_note_id": "note",
    "account_id": "account",
    "transcript_id": "transcript",
    "export_id": "export",
    "user_id": "user",
    "project_id": "project",
    "grant_id": "grant",
    "wall_id": "wall",
    "glass_id": "glass",
    "notice_id": "notice",
    "passkey_id": "passkey",
    "session_id": "session",
    "entry_id": "entry",
    "opening_id": "opening",
}
# Arguments that name no record.
LITERALS = {"kind": "thumbnail", "form": "pdf"}
# What is done to a file that is still being sent; all else is asked of one that is sealed.
SENDING = ("evidence.sign", "evidence.complete", "evidence.abort", "evidence.parts", "evidence.state")
STEPS = ("consent", "person", "story", "when-where", "who", "injuries", "files", "check")
# Addresses without an argument of their own that name a record behind the question mark.
QUERIES = {"declarations.new": ("account",), "exports.new": ("search",)}
_FILE = {"name": "a.jpg", "size": 9, "type": "image/jpeg", "last_modified": 0, "once_key": str(uuid.uuid4())}
_PART = {"action": "part", "part_number": 1, "size": 9, "sha256": "A" * 43 + "="}
JSON: dict[str, dict[str, Any]] = {
    "evidence.start": _FILE,
    "evidence.sign": _PART,
    "evidence.complete": {},
    "evidence.abort": {},
    "evidence.open_batch": {"files": 1, "size": 9, "once_key": str(uuid.uuid4())},
    "evidence.declare": {"files": []},
    "evidence.keep": {},
    "incidents.places": {"typed": "Main"},
    "front.policy_reports": {"csp-report": {"violated-directive": "script-src", "blocked-uri": "inline"}},
    "access.passkey_options": {},
    "access.add_passkey": {"credential": {}},
    "access.invited_passkey_options": {},
    "access.invited_passkey": {"credential": {}},
    "access.sign_in_options": {},
    "access.sign_in_passkey": {"credential": {}},
    "access.again_options": {},
    "access.again_passkey": {"credential": {}},
}
# A valid form for every address that takes one, so that nothing but access can be the reason of a refusal.
# {words in braces} are filled with the identifiers.
FORMS: dict[str, dict[str, str]] = {
    "admin.proof": {"record": "{incident}", "whole": "yes"},
    "people.unseal": {"reason": "call back"},
    "incidents.mask_account": {"span": "0-4", "version": "1"},
    "incidents.mask_note": {"span": "0-3", "version": "1"},
    "people.find": {"words": "Nombre"},
    "people.pseudonym": {"style": "doe"},
    "people.protect": {"code": "PX.VISA", "value": "x", "reason": "safety"},
    "people.review_protected": {},
    "people.open_protected": {},
    "people.decide_protected": {"answer": "no"},
    "people.ask_protected": {"reason": "advise_client"},
    "people.answer_opening": {"answer": "no"},
    "people.withdraw": {"scope": "CN.COCOUNSEL", "incident": "{incident}"},
    "incidents.start": {"mode": "field", "language": "en", "interpreter": "no"},
    "incidents.add_account": {"language": "en"},
    "incidents.suggest_claim": {"code": "CL.4A.ARREST", "reason": "x"},
    "incidents.decide_claim": {"decision": "confirm"},
    "incidents.write_note": {"text": "x", "language": "en"},
    "incidents.share": {"organisation": "{third}"},
    "incidents.end_share": {},
    "incidents.set_tier": {"tier": "1"},
    "incidents.step": {},
    "evidence.describe": {"made_by": "not_asked", "may_be_shown": "not_asked", "description": "x"},
    "evidence.check": {},
    "media.release": {"reason": "x"},
    "evidence.origin": {"method": "OM.BROWSER"},
    "evidence.draft_certificate": {"items": "{item}", "form": "pdf", "oath": "OA.UNIVERSAL"},
    "evidence.check_chosen": {"items": "{item}"},
    "evidence.draft_log_certificate": {"form": "pdf", "oath": "OA.UNIVERSAL"},
    "evidence.hold_matter": {"reason": "HC.LIT"},
    "evidence.hold_incident": {"reason": "HC.LIT"},
    "evidence.lift_hold": {"why": "x"},
    "evidence.ask_destruction": {"authority": "C.D. Cal., Dkt. 1", "ordered_on": "2026-01-02"},
    "evidence.decide_destruction": {"decision": "approve"},
    "declarations.new": {"in_support_of": "x"},
    "declarations.move": {"to": "DS.REVIEW"},
    "declarations.details": {"name_style": "pseudonym", "oath_form": "OA.UNIVERSAL"},
    "declarations.certificate": {"interpreter": "x"},
    "declarations.add_comment": {"text": "x", "paragraph": "{paragraph}"},
    "declarations.resolve": {},
    "declarations.confirm": {},
    "declarations.edit_paragraph": {"text": "x", "basis": "KB.DID"},
    "declarations.add_first": {},
    "declarations.shape": {"act": "remove"},
    "declarations.tie": {"item": "{item}", "locator": "0:01"},
    "declarations.untie": {},
    "search.index": {"words": "zebra"},
    "copies.index": {"boxes": "[]"},
    "viewing.write": {"text": "x"},
    "viewing.change": {"text": "x"},
    "viewing.take_off": {},
    "viewing.cite": {"paragraph": "{paragraph}"},
    "viewing.transcribe": {"text": "x", "language": "en"},
    "viewing.care": {"flags": "injury"},
    "viewing.prefer": {"starts": "covered"},
    "preservation.suspect": {"kinds": "PS.STORE"},
    "preservation.show": {"what": "x", "days_low": "7", "days_high": "30"},
    "preservation.move": {"state": "asked"},
    "exports.new": {"format": "csv", "profile": "records"},
    "exports.approve": {},
    "exports.bundle": {"items": "{item}"},
    "deidentified.index": {"matter": "1", "title": "x"},
    "deidentified.extract": {},
    "deidentified.close": {},
    "deidentified.rules": {"compartment": "1", "claims": "no"},
    "admin.role": {"role": "RO.AUDITOR"},
    "admin.active": {"active": "no"},
    "admin.new_person": {"name": "N", "email": "new@example.org", "language": "en", "role": "RO.INTAKE"},
    "admin.end_sessions": {},
    "admin.build_wall": {"compartment": "1", "reason": "x"},
    "admin.end_wall": {"reason": "x"},
    "admin.confirm_grant": {},
    "admin.refuse_grant": {},
    "admin.end_grant": {},
    "admin.notice_seen": {},
    "admin.ask_glass": {"number": "IN-9999", "reason": "a call from the family"},
    "admin.allow_glass": {},
    "admin.refuse_glass": {},
    "admin.end_glass": {},
    "admin.review_glass": {"justified": "yes", "words": "x"},
    "access.switch_language": {"language": "en"},
    "access.account": {"language": "en"},
    "access.sign_in": {"email": "nobody@example.org", "password": "x"},
    "access.sign_out": {},
    "access.second_step": {"code": "000000"},
    "access.again": {"code": "000000"},
    "access.here": {},
    "access.invited": {"code": "x"},
    "access.invited_password": {"password": "x"},
    "access.invited_second_step": {"code": "000000"},
    "access.invite_person": {},
    "access.name_passkey": {"name": "x"},
    "access.remove_passkey": {},
    "access.new_authenticator": {"code": "000000"},
    "access.remove_authenticator": {},
    "access.recovery_codes": {},
    "access.password": {"password": "x", "new_password": "x"},
    "access.end_session": {},
    "access.end_other_sessions": {},
}


@dataclass(frozen=True)
class Ask:
    """One request: method, endpoint, address and form with the identifiers still in braces."""

    method: str
    endpoint: str
    address: str

    @property
    def names_a_record(self) -> bool:
        return "{" in self.address


def asks_of(app: Flask) -> list[Ask]:
    """Return every request that the program takes. Fails with the name of an address that cannot be filled."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}):
                known = method == "GET" or rule.endpoint in FORMS or rule.endpoint in JSON
                assert known, f"this walk has no form for {method} {rule.rule} ({rule.endpoint}): add one to FORMS"
                found += [Ask(method, rule.endpoint, address) for address in _addresses(rule)]
    return found


def _addresses(rule: Rule) -> Iterator[str]:
    def fill(found: re.Match[str]) -> str:
        name = found[1]
        if name in LITERALS:
            return LITERALS[name]
        good = name in ARGUMENTS and (name != "id" or rule.endpoint.startswith("evidence."))
        assert good, f"this walk cannot fill <{name}> of {rule.rule} ({rule.endpoint}): add it to ARGUMENTS"
        record = ARGUMENTS[name]
        return "{file}" if record == "item" and rule.endpoint not in SENDING else "{" + record + "}"

    if rule.endpoint == "incidents.step":
        yield from (f"/incidents/{{incident}}/intake/{step}" for step in STEPS)
        yield "/incidents/{incident}/intake/story?account={account}"
    elif rule.endpoint == "access.invited":
        yield f"/invitation/{uuid.UUID(int=7)}"  # open to who is invited; known and unknown answer alike
    elif rule.endpoint in QUERIES:
        yield from (f"{rule.rule}?{name}={{{name}}}" for name in QUERIES[rule.endpoint])
    else:
        yield re.sub(r"<(?:[^:<>]*:)?(\w+)>", fill, rule.rule)


def unknown(ids: Ids) -> Ids:
    """Identifiers of the same shape that nobody has."""
    return {name: uuid.uuid4() if isinstance(each, uuid.UUID) else 900 + each for name, each in ids.items()}


def ask(browser: Browser, what: Ask, ids: Ids) -> TestResponse:
    """Send the request as a page would."""
    address = what.address.format(**ids)
    if what.method == "GET":
        return browser.client.get(address)
    if what.method == "DELETE":
        return browser.client.delete(address, headers={"X-CSRFToken": browser.token})
    if what.endpoint in JSON:
        return browser.send(address, JSON[what.endpoint])
    return browser.post(address, {name: text.format(**ids) for name, text in FORMS[what.endpoint].items()})


def shape(answer: TestResponse, what: Ask, ids: Ids) -> tuple[int, int]:
    """Return status and length, without the address that a page repeats: numbers have more or fewer digits."""
    return answer.status_code, len(answer.get_data(as_text=True).replace(what.address.format(**ids), ""))


def unsafe(app: Flask) -> list[Ask]:
    """Return the requests that may change something."""
    return [each for each in asks_of(app) if each.method != "GET"]


def send(browser: Browser, what: Ask, ids: Ids, **options: Any) -> TestResponse:
    """Send a request with nothing but what is given."""
    return browser.client.open(what.address.format(**ids), method=what.method, **options)
