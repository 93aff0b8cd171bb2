#!/bin/sh
# Mounts volumefs at /Volumes, for the processes that enter this one's namespaces only: the machine's root folder stays as it is.
#   unshare --mount mount.sh VOLUMEFS BACKING CONTROL ROOT
# ROOT is an empty folder; it becomes a root folder with all that / has, and /Volumes. What this script becomes is the file system
# itself; nsenter --target PID --mount --root runs a command where it is seen.
set -eu

mount --make-rprivate /
mount -t tmpfs none "$4"
for entry in /* /.[!.]*; do
    [ -e "$entry" ] || continue
    [ "$entry" != /Volumes ] || continue
    if [ -L "$entry" ]; then
        cp -P "$entry" "$4$entry"
    elif [ -d "$entry" ]; then
        mkdir "$4$entry"
        mount --rbind "$entry" "$4$entry"
    else
        : >"$4$entry"
        mount --bind "$entry" "$4$entry"
    fi
done
mkdir "$4/Volumes"
exec chroot "$4" "$1" "$2" /Volumes "$3"
