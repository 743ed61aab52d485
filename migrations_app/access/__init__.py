"""Roles, permissions, and the one check that every action of a person begins with."""
