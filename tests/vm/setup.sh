#!/usr/bin/env bash
# Installs what the virtual-machine tests need on a Debian or Ubuntu machine. Run as root; harmless to run again.
set -euo pipefail

packages=(
  qemu-system-x86                    # the boards (TCG, /dev/kvm is not needed)
  nfs-ganesha nfs-ganesha-vfs        # a user-space NFS server: works where the kernel has no nfsd
  rpcbind                            # NFSv3 clients ask it for mountd's port
  iproute2 util-linux                # namespaces, bridge, taps
  mtools dosfstools fdisk e2fsprogs  # the deployable disk image, without loop devices
  cpio gzip kmod                     # the initramfs
  python3                            # exportfs look-alike
  openssh-client                     # the user's side of the test
  musl-tools                         # C compiler of the static node binary
)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "setup: everything is installed"
  exit 0
fi
echo "setup: installing ${missing[*]}"
if ((EUID != 0)); then
  echo "setup: seen: not root; expected: root, to install packages; do: sudo $0" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
# policy-rc.d: the daemons are wanted as programs; they must not start on this machine.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get install -q -y --no-install-recommends "${missing[@]}"
