"""What the demo's pages have to show, made by the product's own verbs.

Nothing is written behind its back, so the audit trail tells how all of it came about.
Each part looks first whether it is there already: to have it made again changes
nothing, and what was interrupted is finished. Django must be ready before any module
of this package is imported.
"""

from __future__ import annotations
