"""An authority of certificates for tests, which vouches for names and revokes that.

Who signed, and with which key, is told as RFC 5280 wants it: from 3.13 on Python
refuses the rest (ssl.create_default_context: VERIFY_X509_STRICT).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)
PEM = serialization.Encoding.PEM
MAY_SIGN = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Writes its files into the folder; ``file`` is its own certificate."""

    def __init__(self, folder: Path, name: str = "An authority") -> None:
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._lists = 0
        own = self._key.public_key()
        self._by = x509.AuthorityKeyIdentifier.from_issuer_public_key(own)
        made = (
            self._begun(self._name, own)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(MAY_SIGN, critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(own), critical=False
            )
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._signed(made))

    def vouch(self, serial: int, *, name: str = "localhost") -> Path:
        """Write a certificate of that number for a server on loopback, with its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
        made = (
            self._begun(_named(name), key.public_key(), serial)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(self._by, critical=False)
        )
        private = key.private_bytes(
            PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self._folder / f"server-{serial}.pem"
        file.write_bytes(private + self._signed(made))
        return file

    def revoke(self, *serials: int, is_over: bool = False) -> Path:
        """Write the list of certificates that were revoked; it is the newest one."""
        self._lists += 1
        now = datetime.now(UTC)
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - 3 * DAY + timedelta(hours=self._lists))
            .next_update(now - DAY if is_over else now + DAY)
            .add_extension(self._by, critical=False)
            .add_extension(x509.CRLNumber(self._lists), critical=False)
        )
        for serial in serials:
            made = made.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(serial)
                .revocation_date(now - 2 * DAY)
                .build()
            )
        file = self._folder / "revoked.crl"
        signed = made.sign(self._key, hashes.SHA256()).public_bytes(PEM)
        # another file in its place, as one is renewed
        (self._folder / "new.crl").write_bytes(signed)
        (self._folder / "new.crl").replace(file)
        return file

    def _begun(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, serial: int = 1
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(serial)
            .not_valid_before(now - 10 * DAY)
            .not_valid_after(now + DAY)
        )

    def _signed(self, made: x509.CertificateBuilder) -> bytes:
        return made.sign(self._key, hashes.SHA256()).public_bytes(PEM)
