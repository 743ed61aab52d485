-- The account of novaweb in the database of one cell of Nova: what the procedure
-- "manual" needs, and nothing else. It cannot read what tenants gave to their instances
-- (user data, keys), nor write anything but where an instance is.
--
-- Run it as an administrator of the database, with a password of your own, the workers'
-- network instead of % and the cell's database instead of nova. From Rocky (18.0.0) on;
-- leave compute_id out before 28.0.0, "hidden" and "resources" before 20.0.0, and
-- "vpmems" where instance_extra has none.
CREATE USER 'novaweb'@'%' IDENTIFIED BY 'password' REQUIRE SSL;
-- REFERENCES lets it see the names of all columns, not what is in them: from the names
-- novaweb tells whether it knows this Nova.
GRANT REFERENCES,
  SELECT (uuid, host, node, compute_id, availability_zone, vm_state, task_state,
    power_state, updated_at, deleted, hidden),
  UPDATE (host, node, compute_id, availability_zone, updated_at)
  ON nova.instances TO 'novaweb'@'%';
GRANT SELECT (instance_uuid, deleted, numa_topology, pci_requests, migration_context,
    resources, vpmems)
  ON nova.instance_extra TO 'novaweb'@'%';
GRANT SELECT (id, host, hypervisor_hostname, deleted)
  ON nova.compute_nodes TO 'novaweb'@'%';
GRANT SELECT (instance_uuid, deleted) ON nova.pci_devices TO 'novaweb'@'%';
GRANT SELECT (instance_uuid, deleted, status) ON nova.migrations TO 'novaweb'@'%';
GRANT SELECT (instance_uuid), DELETE ON nova.console_auth_tokens TO 'novaweb'@'%';
