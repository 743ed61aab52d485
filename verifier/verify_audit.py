#!/usr/bin/env python3
"""Verifies an export of novaweb's audit trail, without novaweb.

    python3 verify_audit.py --key PUBLIC.pem audit.jsonl
    python3 verify_audit.py --key PUBLIC.pem --proof audit-proof.jsonl audit.csv

One file; needs Python 3.9 and the package ``cryptography``. Ends with status 0 when all
is as it was written and the signature covers the last entry, 1 with the first bad entry
when it is not, 2 when a file cannot be read. docs/audit.md says what is verified.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import re
import sys
from pathlib import Path

FIELDS = (
    *("id", "at", "actor", "actor_name", "act", "verb", "cloud", "request_number"),
    *("run_number", "instance", "instance_name", "source", "target", "ticket"),
    *("note", "before", "after"),
)
NUMBERS = ("id", "actor", "request_number", "run_number")
FACTS = ("before", "after")
GENESIS = "0" * 64
COLUMNS = (*FIELDS, "previous", "digest")
# What each kind of line has, and nothing beside it: what is not looked at here would
# pass for verified.
LINES = (
    *({"entry", "previous", "digest"}, {"given"}, {"left_out", "digest"}),
    *({"signature"}, {"end"}),
)
# A cell of a CSV of form 2 has a ' where a spreadsheet would see a formula: at its
# beginning, and where one begins for a spreadsheet that ends cells by semicolons or
# tabs. Form 1 had it at the beginning alone.
FORMULA = {
    1: re.compile(r"(\A)(?=[=+\-@\t\r'])"),
    2: re.compile(r"(\A|[;\t\r\n])(?=[\"' ]*[=+\-@\t\r'\uff1d\uff0b\uff0d\uff20])"),
}
COVERED = {1: re.compile(r"(\A)'"), 2: re.compile(r"(\A|[;\t\r\n])'")}
SIGNED = ("at", "count", "digest", "entry", "key")
PREFIX = b"novaweb audit head 1\n"
# A file may hold anything; what this is not made for is no traceback.
ODD = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError),
    *(RecursionError, csv.Error),
)


class Bad(Exception):
    """What is wrong, and with which entry first; 0: not with an entry."""

    def __init__(self, kind, entry, sentence):
        super().__init__(sentence)
        self.kind, self.entry = kind, entry


def whole(value):
    """Return the value with whole floats as integers, as it was hashed."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [whole(item) for item in value]
    return value


def content_of(fields):
    """Return the SHA-256 of an entry's fields in their canonical form."""
    text = json.dumps(
        whole(fields), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_of(previous, content):
    return hashlib.sha256((previous + content).encode()).hexdigest()


def check(public, line, entry):
    """Raise Bad when the line was not signed with the key, if there is one."""
    if public is None:
        return
    from cryptography.exceptions import InvalidSignature

    try:
        if set(line) != {*SIGNED, "signature"}:
            raise ValueError(line)
        facts = {name: line[name] for name in SIGNED}
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        public.verify(bytes.fromhex(line["signature"]), PREFIX + text.encode())
    except (InvalidSignature, RecursionError, KeyError, ValueError, TypeError):
        at = line.get("at") if isinstance(line, dict) else "?"
        sentence = f"The signature of {at} is not one of this key."
        raise Bad("signature", entry, sentence) from None


class Chain:
    """Follows an export from its start to its end."""

    def __init__(self, start, public):
        self.count, self.entry = start["count"], start["entry"]
        self.digest = start["digest"]
        self.begun_at = self.count
        self.exact = True  # the number of the last entry is known
        self.proven = None
        self.given = self.left_out = 0
        self.public = public

    def take(self, fields, previous, own):
        """Take an entry that is given whole."""
        number = fields.get("id")
        if not isinstance(number, int):
            raise Bad("changed", self.entry + 1, "An entry has no number.")
        if number <= self.entry and self.exact:
            sentence = f"Entry {number} stands behind entry {self.entry}."
            raise Bad("order", number, sentence)
        as_written = set(fields) == set(FIELDS)
        if not as_written or digest_of(previous, content_of(fields)) != own:
            raise Bad("changed", number, f"Entry {number} is not as it was written.")
        if previous != self.digest:
            if number > self.entry + 1 and self.exact:
                first = self.entry + 1
                raise Bad("missing", first, f"Before entry {number}, some are missing.")
            if self.entry == 0:
                raise Bad(
                    "changed", number, f"Entry {number} does not begin the chain."
                )
            sentence = f"Entry {self.entry} was written anew: {number} follows another."
            raise Bad("changed", self.entry, sentence)
        self.count, self.entry, self.digest = self.count + 1, number, own
        self.given += 1
        self.exact = True

    def skip(self, hashes, ends):
        """Take entries of which only the hashes of their content are given."""
        first = self.entry + 1
        for content in hashes:
            self.digest = digest_of(self.digest, str(content))
            self.count += 1
            self.entry += 1
            self.left_out += 1
        if self.digest != ends:
            raise Bad(
                "changed",
                first,
                f"Between entry {first} and entry {self.entry}, which are left out, one"
                " is not as it was written or is missing.",
            )

    def sign(self, line):
        """Take a signed digest, which must be that of the place we are at."""
        check(self.public, line, self.entry)
        if self.public is None:
            return
        if line["count"] > self.count:
            raise Bad(
                "cut",
                self.entry + 1,
                f"The trail ends at entry {self.entry}, but entry {line['entry']} was"
                f" signed at {line['at']}: up to there, entries are gone.",
            )
        if (line["count"], line["digest"]) != (self.count, self.digest):
            since = self.proven["entry"] + 1 if self.proven else self.begun_at + 1
            raise Bad(
                "rewritten",
                since,
                f"The chain was written anew, somewhere from entry {since} to entry"
                f" {self.entry}: the one signed at {line['at']} was another.",
            )
        self.proven = line
        # before the chain was kept, numbers may have had gaps
        self.entry, self.exact = line["entry"], True

    def end(self, line):
        """Compare with where the export says that it ends."""
        if line["count"] > self.count or line["entry"] > self.entry:
            raise Bad(
                "cut",
                self.entry + 1,
                f"The export ends at entry {self.entry} instead of {line['entry']}.",
            )
        if (line["count"], line["digest"]) != (self.count, self.digest):
            raise Bad("rewritten", self.entry, "The export does not end where it says.")
        if line["given"] != self.given:
            raise Bad("missing", 0, f"{line['given']} entries should be given.")
        if self.public is None:
            return
        if self.proven is None or self.proven["count"] != self.count:
            upto = self.proven["entry"] if self.proven else 0
            sentence = f"No signature covers the entries after {upto}."
            raise Bad("cut", upto + 1, sentence)


def uncovered(cell, form):
    """Return the text of a cell. Raises Bad if it was not exported so."""
    text = COVERED[form].sub(r"\1", cell)
    if FORMULA[form].sub(r"\1'", text) != cell:
        raise Bad("changed", 0, f"The cell {cell[:60]} is not as it was exported.")
    return text


def csv_entries(path, form):
    """Yield (fields, previous, digest) of each row of an exported CSV."""
    csv.field_size_limit(2**31 - 1)
    with open(path, encoding="utf-8", newline="") as file:
        table = csv.reader(file, strict=True)
        if tuple(next(table, ())) != COLUMNS:
            raise Bad(
                "changed", 0, "The columns of the CSV are not those of an export."
            )
        for row in table:
            if len(row) != len(COLUMNS):
                raise Bad("changed", 0, "A row has too many cells, or too few.")
            try:
                plain = {
                    name: uncovered(row[at], form) for at, name in enumerate(COLUMNS)
                }
            except Bad as bad:
                number = int(row[0]) if row[0].isdecimal() else 0
                raise Bad(bad.kind, number, str(bad)) from None
            fields = {name: plain[name] for name in FIELDS}
            number = fields["id"] if fields["id"].isdecimal() else 0
            try:
                for name in NUMBERS:
                    fields[name] = int(fields[name]) if fields[name] else None
                for name in FACTS:
                    fields[name] = json.loads(fields[name], object_pairs_hook=once)
            except (ValueError, RecursionError):
                sentence = f"Entry {number} cannot be read."
                raise Bad("changed", int(number), sentence) from None
            yield fields, plain["previous"], plain["digest"]


def follow(lines, table, public, signed):
    """Follow the export; return its header and the chain. Raises Bad.

    ``table``: path of the CSV, whose entries the lines only name; None for JSON Lines.
    """
    header = read(next(lines, "{}"), 0)
    known = (1,) if table is None else (1, 2)
    if header.get("export") != "novaweb audit trail" or header.get("form") not in known:
        raise ValueError(
            "This is no export of novaweb's audit trail in a form that is known here."
        )
    if header["of"] != ("jsonl" if table is None else "csv"):
        raise ValueError("A CSV is verified with its own proof: --proof FILE file.csv")
    entries = None if table is None else csv_entries(table, header["form"])
    chain = Chain(header["start"], public)
    if chain.count == 0 and chain.digest != GENESIS:
        raise Bad("changed", 1, "The export does not begin where the trail does.")
    anchored = chain.count == 0
    ended = False
    for text in lines:
        line = read(text, chain.entry + 1)
        if not anchored and "signature" not in line and public is not None:
            raise Bad("signature", chain.entry, "The export's start is not signed.")
        anchored = True
        if ended:
            raise Bad("order", chain.entry, "Something stands behind the end.")
        if set(line) not in LINES:
            raise Bad("changed", chain.entry + 1, "A line is of no known kind.")
        if "entry" in line and entries is None:
            chain.take(line["entry"], line.get("previous"), line.get("digest"))
        elif "given" in line and entries is not None:
            fields, previous, own = next(entries, (None, None, None))
            if fields is None:
                raise Bad("cut", line["given"], f"Entry {line['given']} is missing.")
            if fields["id"] != line["given"]:
                sentence = f"Entry {fields['id']} stands where it should be another."
                raise Bad("order", line["given"], sentence)
            chain.take(fields, previous, own)
        elif "left_out" in line:
            chain.skip(line["left_out"], line["digest"])
        elif "signature" in line:
            chain.sign(line["signature"])
        elif "end" in line:
            chain.end(line["end"])
            ended = True
        else:
            raise Bad("changed", chain.entry + 1, "A line is of no known kind.")
    if not ended:
        raise Bad("cut", chain.entry + 1, f"The export breaks off at {chain.entry}.")
    if entries is not None and next(entries, None) is not None:
        raise Bad("order", chain.entry, "The CSV has more entries than were exported.")
    for line in signed:
        check(public, line, chain.entry)
        if line["count"] > chain.count:
            sentence = f"Entry {line['entry']} was signed at {line['at']}; it is gone."
            raise Bad("cut", chain.entry + 1, sentence)
    return header, chain


def once(pairs):
    """Return the pairs as a dict; of a name that stands twice only one would count."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def read(text, entry):
    try:
        line = json.loads(text, object_pairs_hook=once)
        if not isinstance(line, dict):
            raise ValueError(text)
        return line
    except (ValueError, RecursionError):
        sentence = f"The line of entry {entry} cannot be read."
        raise Bad("changed", entry, sentence) from None


def public_key(path):
    """Return the Ed25519 public key of a PEM file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(Path(path).read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"{path} is no Ed25519 public key.")
    return key


def say(text, **where):
    """Print a sentence; what a file puts into it moves no cursor and turns no text."""
    shown = (c if c.isprintable() else ascii(c)[1:-1] for c in text)
    print("".join(shown), **where)


def main(arguments=None):
    """Verify what the arguments name; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("export", help="the exported .jsonl or .csv")
    parser.add_argument("--proof", help="the proof that belongs to a .csv")
    parser.add_argument("--signed", help="your copy of the file of signed digests")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--key", help="the public key, PEM")
    which.add_argument(
        "--no-key",
        action="store_true",
        help="look at the chain alone: finds no cut tail and no chain written anew",
    )
    given = parser.parse_args(arguments)
    try:
        public = public_key(given.key) if given.key else None
        signed = []
        if given.signed:
            text = Path(given.signed).read_text(encoding="utf-8")
            signed = [read(line, 0) for line in text.splitlines()]
        table = given.export if given.proof else None
        with open(given.proof or given.export, encoding="utf-8") as lines:
            header, chain = follow(iter(lines), table, public, signed)
    except Bad as bad:
        say(f"NOT VERIFIED ({bad.kind}): {bad}")
        if bad.entry:
            say(f"First bad entry: {bad.entry}")
        return 1
    except ODD as error:
        say(f"This cannot be verified: {error}", file=sys.stderr)
        return 2
    say(
        f"Verified: {chain.given} entries are as they were written, {chain.left_out}"
        f" that the export leaves out are in their places."
    )
    say(
        f"By its own word, exported at {header.get('at')} with the filters"
        f" {header.get('filters') or 'none'}."
    )
    if chain.proven:
        proven = chain.proven
        say(f"Signed at {proven['at']} up to entry {proven['entry']}.")
    else:
        say("No signature was looked at: a cut tail would not have been found.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
