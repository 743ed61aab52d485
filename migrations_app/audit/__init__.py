"""What proves the audit trail: the chain, its signatures, its exports.

docs/audit.md says exactly how, so that anybody can write another verifier.
"""
