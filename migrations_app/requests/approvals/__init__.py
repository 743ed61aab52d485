"""Approval policies as data, and the status of a plan's approvals. Pure."""
