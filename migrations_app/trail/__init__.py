"""What people read of the audit trail: searches, timelines, evidence of a change."""
