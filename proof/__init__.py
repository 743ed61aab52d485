"""Proves on real labs that each procedure works with each release and layout.

`python -m proof --help` has the words; docs/releases.md is what it writes.
"""
