"""Proves of every disk of a guest that each procedure keeps it, or leaves it alone.

`python -m proof.disks --help` has the words; docs/disks.md is what it writes.
"""
