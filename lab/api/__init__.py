"""What the lab does through OpenStack's own APIs.

Runs in the lab's venv, where nova has brought openstacksdk, as
`python -m lab.api FACTS VERB [ARGUMENT...]`.
"""
