"""A timestamp authority on this machine (RFC 3161), made of the openssl program, and the certificates it answers with."""

from __future__ import annotations

import datetime as dt
import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIG = """[tsa]
default_tsa = ours
[ours]
dir = {folder}
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


@dataclass
class LocalAuthority:
    """Answers over HTTP while `up`; down it refuses, which is what a maintenance page does."""

    folder: Path
    root: x509.Certificate
    url: str = ""
    up: bool = True
    asked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, query: bytes) -> bytes:
        """Return the response to a query, both in DER."""
        with self._lock:
            self.asked += 1
            asked = self.folder / "query.tsq"
            asked.write_bytes(query)
            done = subprocess.run(
                ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", asked],
                capture_output=True,
                check=True,
            )
            return done.stdout


def make_authority(folder: Path, name: str) -> LocalAuthority:
    """Make root and signing certificate, each for a year around now."""
    folder.mkdir(parents=True)
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    root = _certificate(f"{name} root", root_key, f"{name} root", root_key, authority=True)
    signer = _certificate(f"{name} signer", key, f"{name} root", root_key, authority=False)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "tsa.pem").write_bytes(signer.public_bytes(pem))
    (folder / "root.pem").write_bytes(root.public_bytes(pem))
    (folder / "tsa.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
    return LocalAuthority(folder, root)


@contextmanager
def serving(authority: LocalAuthority) -> Iterator[LocalAuthority]:
    """Serve it on a free port of this machine."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if authority.up else 503)
            self.end_headers()
            if authority.up:
                self.wfile.write(authority.answer(query))

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        authority.url = f"http://127.0.0.1:{server.server_port}"
        yield authority
        server.shutdown()


def _certificate(
    name: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, *, authority: bool
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    usage = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement", "encipher_only"), False)
    usage |= {"decipher_only": False, "content_commitment": False}
    builder = builder.add_extension(
        x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **usage),
        critical=True,
    )
    if not authority:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())
