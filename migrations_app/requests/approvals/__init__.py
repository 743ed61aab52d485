"""Who must agree to what: rules as data, and where a plan's approvals stand. Pure."""
