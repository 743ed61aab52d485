"""All that is foreign: interfaces, what runs on hosts, adapters, and connect.py."""
