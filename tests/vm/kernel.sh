#!/usr/bin/env bash
# Builds a Linux that configures itself by its own `ip=dhcp`, which no kernel that Debian has built can: user-mode Linux, from Debian's source.
#   OUT/linux    the kernel, an ordinary program
#   OUT/initrd   a system that tells what the kernel was given, and powers off
# Usage: kernel.sh [OUT]   (default target/vm/kernel). Done once; again only when the source package or what it is built with changes.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-target/vm/kernel}
config=$here/files/kernel-config

need() { [[ -e $1 ]] || { echo "kernel: seen: no $1; do: install the Debian package $2 (scripts/setup test)" >&2; exit 1; }; }
source=$(printf '%s\n' /usr/src/linux-source-*.tar.xz | sort -V | tail -n 1)
need "$source" linux-source
need /usr/bin/flex flex
need /usr/bin/bison bison
need /usr/bin/bc bc
need /bin/busybox busybox-static

mkdir -p "$out"
out=$(cd "$out" && pwd)
package=$(basename "$source" .tar.xz)
version=$(dpkg-query -W -f '${Version}' "$package")
stamp=$out/built-$(cat "$0" "$config" "$here/files/kernel-init" - <<<"$package $version" | sha256sum | cut -c1-16)
[[ ! -e $stamp ]] || exit 0
started=$SECONDS
rm -rf "${out:?}"/*
tree=$out/tree code=$out/source build=$out/build
mkdir -p "$tree"/{bin,proc,dev} "$code" "$build"

cp /bin/busybox "$tree/bin/"
install -m 0755 "$here/files/kernel-init" "$tree/init"
(cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0) >"$out/initrd"

# Half of the source is code for other machines, of which the Kconfig files alone are read.
tar -xf "$source" -C "$code" --strip-components=1 --exclude='*/arch/[a-tv-wyz]*.[chS]' --exclude='*/boot/dts/*' --exclude='*/Documentation/*/*' \
  --exclude='*/drivers/gpu/*.[ch]' --exclude='*/drivers/net/*/*.[ch]' --exclude='*/drivers/media/*.[ch]' --exclude='*/sound/*.[ch]'
kernel() { make -s -C "$code" ARCH=um O="$build" "$@" >>"$out/build.log" 2>&1 || { tail -n 30 "$out/build.log" >&2; exit 1; }; }
kernel KCONFIG_ALLCONFIG="$config" allnoconfig
lost=$(grep '^CONFIG_' "$config" | grep -vxF -f "$build/.config" || true)
[[ -z $lost ]] || { echo "kernel: seen: no $lost in Linux $version; do: mend tests/vm/files/kernel-config" >&2; exit 1; }
kernel -j"$(nproc)" linux
cp "$build/linux" "$out/linux"
rm -rf "$tree" "$code" "$build"
touch "$stamp"
echo "kernel: Linux $version built in $((SECONDS - started)) s"
