#!/bin/bash
# The first process of a bare machine, in namespaces of its own. Makes its root from
# BARE (below an overlay, or copied where no overlay can be), mounts what a kernel
# gives, enters it, writes its process id as the host counts to descriptor READY, and
# then reaps what is orphaned.
#
#   init.sh BARE HERE READY     HERE/binds has lines: source, tab, target, tab, ro or rw
set -eu
bare=$1 here=$2 ready=$3
read -r pid _ < /proc/self/stat # as the host counts: /proc is still its own

mount --make-rprivate /
cd "$here"
mkdir -p lower root upper work
mount --bind "$bare" lower
layers=lowerdir=lower,upperdir=upper,workdir=work
# volatile: nothing here outlives the machine, so nothing need reach the disk for sure
if ! mount -t overlay -o "$layers,volatile" stranger root 2> /dev/null &&
    ! mount -t overlay -o "$layers" stranger root; then
    echo "no overlay can be mounted here, so the bare system is copied" >&2
    rm -rf upper work
    cp -a "$bare/." root/
    mount --bind root root
fi
umount lower

cd root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm dev/net
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
node() { # name, mode, major, minor: made, or where that is forbidden the host's own
    if ! mknod -m "$2" "dev/$1" c "$3" "$4" 2> /dev/null; then
        [ -e "/dev/$1" ] || return 0
        : > "dev/$1"
        mount --bind "/dev/$1" "dev/$1"
    fi
}
node null 666 1 3
node zero 666 1 5
node full 666 1 7
node random 666 1 8
node urandom 666 1 9
node tty 666 5 0
node net/tun 666 10 200
node kvm 660 10 232
mount -t tmpfs -o mode=755 run run
mkdir -m 1777 run/lock
while IFS=$'\t' read -r source target how; do
    mkdir -p "./$target"
    mount --bind "$source" "./$target"
    [ "$how" = rw ] || mount -o remount,bind,ro "./$target"
done < "$here/binds"
hostname bare

mkdir .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
echo "$pid" >&"$ready"
eval "exec $ready>&-"
# bash reaps every child that it gets while it waits for one of its own
exec /bin/bash -c 'while :; do sleep infinity & wait $!; done'
