"""Where the mail server is, and which addresses a message may have.

What SMTP cannot carry is told here, before anybody is asked: RFC 5321 for addresses,
RFC 6531 for those with letters beyond ASCII, IDNA 2008 (RFC 5891) for their domains.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import idna

from migrations_app.errors import Unfit

_SETTING = "NOVAWEB_EMAIL_URL"
# How TLS begins, and where such servers listen by default (RFC 8314, RFC 5321).
TLS = {"smtp": "none", "smtp+tls": "starttls", "smtp+ssl": "implicit"}
PORTS = {"none": 25, "starttls": 587, "implicit": 465}
_ATOM = r"[^\s\"(),:;<>@\[\\\].]+"
_DOTTED = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"')
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f:.]+\]")


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server; ``tls`` is none, starttls or implicit. No user: no sign-in."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)


def parse(url: str) -> MailServer:
    """Return the server that the setting names. Raises Unfit, without the password."""
    scheme, between, rest = url.partition("://")
    if scheme == "smtps":
        raise Unfit(
            f"{_SETTING} begins with smtps://, which some read as TLS from the start"
            " and some as STARTTLS: write smtp+ssl:// (from the start, port 465) or"
            " smtp+tls:// (STARTTLS, port 587)."
        )
    if scheme not in TLS or not between:
        raise Unfit(
            f"{_SETTING} does not begin with smtp+tls:// (STARTTLS), smtp+ssl:// (TLS"
            " from the start) or smtp:// (no TLS)."
        )
    if not rest.isprintable() or " " in rest:
        raise Unfit(
            f"{_SETTING} has a blank or a control character in it: take it out, or"
            " write it as % and two digits, as %20."
        )
    if "@" in re.split(r"[/?#]", rest, maxsplit=1)[-1] and re.search(r"[/?#]", rest):
        raise Unfit(
            f"{_SETTING} has /, ? or # before the @: in a name or password write them"
            " as %2F, %3F and %23."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Unfit(
            f"{_SETTING} names no port from 1 to 65535, or no host: write"
            " smtp+tls://user:password@mail.example.org:587."
        ) from None
    if port == 0 or not parts.hostname:
        raise Unfit(f"{_SETTING} names no host, or port 0.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise Unfit(f"{_SETTING} has more in it than user:password@host:port.")
    if not parts.hostname.isascii():
        raise Unfit(f"{_SETTING} has a host beyond ASCII: write its xn-- form.")
    if ":" not in parts.hostname and not _is_name(parts.hostname.removesuffix(".")):
        raise Unfit(f"{_SETTING} has a host that cannot be one: look at its dots.")
    if bool(parts.username) != bool(parts.password):
        raise Unfit(
            f"{_SETTING} has a name without a password, or the other way round."
        )
    found = [_plain(text or "") for text in (parts.username, parts.password)]
    tls = TLS[scheme]
    return MailServer(parts.hostname, port or PORTS[tls], tls, *found)


def _plain(text: str) -> str:
    """Return a name or password without its escapes. Raises Unfit.

    Python's smtplib encodes both as ASCII, whatever the server offers (3.11 to 3.14,
    ``SMTP.auth``), and NUL separates them in AUTH PLAIN (RFC 4616).
    """
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise Unfit(f"{_SETTING} has a % in its name or password: write it as %25.")
    text = unquote(text)
    if not text.isascii():
        raise Unfit(
            f"{_SETTING} has letters beyond ASCII in its name or password, which SMTP's"
            " sign-in does not carry: give the account another one."
        )
    if not text.isprintable() and text:
        raise Unfit(
            f"{_SETTING} has a control character in its name or password (a final"
            " newline?), which SMTP's sign-in does not carry."
        )
    return text


def doubt(server: MailServer) -> str:
    """Return what is odd about port and TLS; empty if nothing is (RFC 8314)."""
    if server.port == 465 and server.tls != "implicit":
        return (
            f"{_SETTING} has port 465, where servers expect TLS from the start and wait"
            " for it in silence: write smtp+ssl://."
        )
    if server.port in (25, 587) and server.tls == "implicit":
        return (
            f"{_SETTING} begins TLS at once at port {server.port}, where servers expect"
            " STARTTLS: write smtp+tls://."
        )
    return ""


def mailbox(text: str) -> str:
    """Return the address with its domain in ASCII. Raises Unfit.

    The domain is encoded by IDNA 2008: Python's own codec is of IDNA 2003, for which
    straße.example is strasse.example, which may be somebody else's.
    """
    if "," in text or ";" in text:
        raise Unfit(f"“{text[:200]}” is more than one address: write one.")
    if "<" in text or ">" in text:
        raise Unfit(f"“{text[:200]}” has a name with the address: write that alone.")
    local, at, domain = text.rpartition("@")
    if not at or not text.isprintable() or len(local.encode()) > 64:
        raise Unfit(f"“{text[:200]}” is no address: write name@example.org.")
    if not (_DOTTED.fullmatch(local) or _QUOTED.fullmatch(local)):
        raise Unfit(f"“{text[:200]}” is no address: write name@example.org.")
    return f"{local}@{_domain(domain, text)}"


def _domain(domain: str, text: str) -> str:
    if _LITERAL.fullmatch(domain):
        return domain
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError as error:
            raise Unfit(f"“{text[:200]}” has no domain that is one: {error}.") from None
    if not _is_name(domain):
        raise Unfit(f"“{text[:200]}” has no domain that is one.")
    return domain


def _is_name(host: str) -> bool:
    """Return whether it can be a name, by its length and that of its parts."""
    parts = host.split(".")
    return len(host) <= 253 and all(_LABEL.fullmatch(part) for part in parts)
