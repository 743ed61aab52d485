"""How long a move takes by novaweb, by the openstack client and by bare calls."""
