"""The embedded S3 server's secrets: tokens kept in the state, identities and their rights, a small CA per start."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import secrets
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from intake.local.ground import write_private

TOKENS = (
    "JWT_SIGNING_KEY",
    "JWT_SIGNING_READ_KEY",
    "JWT_FILER_SIGNING_KEY",
    "JWT_FILER_SIGNING_READ_KEY",
    "S3_SSE_KEY",
)
IDENTITIES = ("setup", "probe", "program", "destroyer")
GRPC_ROLES = ("MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "CLIENT")

BUCKET_READ = ("ListBucket", "ListBucketVersions", "ListBucketMultipartUploads", "GetBucketVersioning")
WRITE_AND_READ = ("PutObject", "GetObject*", "ListMultipartUploadParts", "AbortMultipartUpload")
# Evidence can be written, read and locked, never deleted; what was exported can be made again, so it can go.
KEEP = ("PutObjectTagging", "PutObjectRetention", "PutObjectLegalHold")
DISCARD = ("DeleteObject", "DeleteObjectVersion")
# Orders of a court are carried out by an identity of their own, which can do nothing else.
DESTROY = (*DISCARD, "BypassGovernanceRetention")


def load_or_make_secrets(path: Path) -> dict[str, str]:
    """Return the kept tokens and the identities' secret keys, 256 bits each, made at the first start."""
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    if missing := [name for name in (*TOKENS, *IDENTITIES) if name not in kept]:
        kept |= {name: secrets.token_hex(32) for name in missing}
        write_private(path, json.dumps(kept).encode())
    return kept


def identities(keys: dict[str, str], locked_bucket: str, plain_bucket: str, checkpoints_bucket: str) -> bytes:
    """Return the identity file: program and destroyer by policy, set-up alone as administrator, a probe for itself."""
    statements = [
        *_allow(locked_bucket, BUCKET_READ, (*WRITE_AND_READ, *KEEP)),
        *_allow(plain_bucket, BUCKET_READ, (*WRITE_AND_READ, *DISCARD)),
        *_allow(checkpoints_bucket, BUCKET_READ, (*WRITE_AND_READ, *KEEP)),
    ]
    policies = {
        "program": statements,
        "destroyer": _allow(locked_bucket, ("ListBucket", "ListBucketVersions"), DESTROY),
    }
    rights: dict[str, dict[str, list[str]]] = {
        "setup": {"actions": ["Admin"]},
        "probe": {"actions": ["Write:probe"]},
        **{name: {"policyNames": [name]} for name in policies},
    }
    people = [
        {"name": name, "credentials": [{"accessKey": name, "secretKey": keys[name]}], **may}
        for name, may in rights.items()
    ]
    written = [
        {"name": name, "content": json.dumps({"Version": "2012-10-17", "Statement": statement})}
        for name, statement in policies.items()
    ]
    return json.dumps({"policies": written, "identities": people}).encode()


def _allow(bucket: str, on_bucket: tuple[str, ...], on_objects: tuple[str, ...]) -> list[dict[str, object]]:
    return [
        {
            "Effect": "Allow",
            "Action": [f"s3:{action}" for action in actions],
            "Resource": f"arn:aws:s3:::{bucket}{path}",
        }
        for path, actions in (("", on_bucket), ("/*", on_objects))
    ]


def make_certificates() -> dict[str, bytes]:
    """Return ca.crt, node.crt and node.key in PEM. The CA's own key is forgotten: it signs nothing else, ever."""
    ca_key, node_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca, node = (_certificate(name, key, ca_key) for name, key in (("ca", ca_key), ("node", node_key)))
    pem = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    return {
        "ca.crt": ca.public_bytes(pem),
        "node.crt": node.public_bytes(pem),
        "node.key": node_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain),
    }


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, ca_key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, n)]) for n in (name, "ca"))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + 3650 * day)
        .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
        .add_extension(here, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
