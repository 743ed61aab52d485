"""Proof of the audit trail: the chain, its signatures and its exports.

docs/audit.md defines the formats, so that anybody can write another verifier.
"""
