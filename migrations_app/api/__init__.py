"""REST interface: the actions and queries of the pages, as JSON (docs/api.md).

One file a noun, each with the serializers of what it takes and gives; ``base`` has what
all have in common, ``problem_details`` says what went wrong.
"""

from __future__ import annotations
