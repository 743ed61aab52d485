"""What novaweb runs on compute hosts, as text, and how it reads the answers.

Pure: here commands are only written. Their text is POSIX shell for root, and needs
nothing on a host that a KVM host has not got: coreutils, util-linux, OpenSSH, rsync,
qemu-img and virsh.
"""
