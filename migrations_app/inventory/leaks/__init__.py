"""What hosts, Nova and Placement hold of instances that are not there: leaks."""
