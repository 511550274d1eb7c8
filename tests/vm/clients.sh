#!/usr/bin/env bash
# Assembles what the firmware of ordinary machines boots, from Debian packages:
#   OUT/vmlinuz, OUT/initrd   a kernel, and a system that asks for its address with klibc's ipconfig, tells what it has, and powers off
#   OUT/linux.efi             both in one EFI program, with their command line (systemd's EFI stub)
#   OUT/payload.sha256        the digest that the system tells if its files arrived whole
# Usage: clients.sh [OUT] [DEBS]   (default target/vm/clients target/vm/debs). Done once; again only when one of these scripts changes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-target/vm/clients}
debs=${2:-target/vm/debs}
stub=/usr/lib/systemd/boot/efi/linuxx64.efi.stub
cmdline='console=ttyS0 quiet net.ifnames=0 panic=-1'

need() { [[ -e $1 ]] || { echo "clients: seen: no $1; do: install the Debian package $2 (scripts/setup test)" >&2; exit 1; }; }
need $stub systemd-boot-efi
need /usr/bin/objcopy binutils
need /usr/lib/klibc/bin/ipconfig klibc-utils
need /bin/busybox busybox-static

mkdir -p "$out"
out=$(cd "$out" && pwd)
stamp=$out/assembled-$(cat "$0" "$here/debs.sh" "$here/files/client-init" | sha256sum | cut -c1-16)
[[ ! -e $stamp ]] || exit 0
rm -rf "${out:?}"/*
kernel=$out/kernel tree=$out/tree
mkdir -p "$kernel" "$tree"/{bin,lib,modules}
for deb in $("$here/debs.sh" "$debs" linux-image-cloud-amd64 | grep '/linux-image-[0-9]'); do dpkg-deb -x "$deb" "$kernel"; done
vmlinuz=$(echo "$kernel"/boot/vmlinuz-*)
depmod -b "$kernel" "${vmlinuz##*/vmlinuz-}"

cp /bin/busybox /usr/lib/klibc/bin/ipconfig "$tree/bin/"
cp /lib/klibc-*.so "$tree/lib/"
install -m 0755 "$here/files/client-init" "$tree/init"
# In the order in which they can be loaded.
for module in virtio_pci virtio_net; do
  modprobe -d "$kernel" -S "${vmlinuz##*/vmlinuz-}" --ignore-install --show-depends $module
done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r path; do
  cp "$path" "$tree/modules/$(printf %02d "$(find "$tree/modules" -type f | wc -l)")-${path##*/}"
done
# Nothing makes this shorter, so that every block counts.
head -c 4000000 /dev/urandom >"$tree/payload"
sha256sum <"$tree/payload" | cut -d ' ' -f 1 >"$out/payload.sha256"

(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$out/initrd"
cp "$vmlinuz" "$out/vmlinuz"
echo "$cmdline" >"$out/cmdline"
objcopy --add-section .cmdline="$out/cmdline" --change-section-vma .cmdline=0x30000 \
  --add-section .linux="$out/vmlinuz" --change-section-vma .linux=0x2000000 \
  --add-section .initrd="$out/initrd" --change-section-vma .initrd=0x3000000 $stub "$out/linux.efi"
printf '#!ipxe\nkernel vmlinuz %s\ninitrd initrd\nboot\n' "$cmdline" >"$out/boot.ipxe"
rm -rf "$kernel" "$tree"
touch "$stamp"
