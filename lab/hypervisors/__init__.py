"""Libvirt/QEMU hosts: each in namespaces of its own, with its own sshd."""
