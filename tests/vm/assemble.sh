#!/usr/bin/env bash
# Assembles the systems of the virtual boards from Debian packages, without debootstrap, mounts or loop devices:
#   OUT/installer     the tree that `pimaster nfs prepare --from` turns into the NFS root (busybox init, sshd, e2fsprogs)
#   OUT/disk.img      the environment to deploy: MBR, FAT boot partition, ext4 root (systemd, sshd off, no host keys, user pi)
# Usage: assemble.sh [OUT]   (default target/vm). Done once; again only when one of these scripts changes.
# Runs as root, so that the files of both systems belong to root.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-target/vm}
mkdir -p "$out"
out=$(cd "$out" && pwd)
((EUID == 0)) || { echo "assemble: seen: not root; expected: root, to own the systems' files" >&2; exit 1; }

kernel_package=linux-image-cloud-amd64
common=(base-files bash debianutils busybox-static e2fsprogs kmod openssh-server util-linux)
installer=("${common[@]}")
deployed=("${common[@]}" mount sudo systemd systemd-sysv udev)
modules=(virtio_pci virtio_net virtio_rng nfsv3 nfs overlay vfat nls_ascii nls_cp437 crc32c_generic loop)

# Unpacks packages into a tree with the merged /usr of Debian 12.
unpack() {
  local root=$1 directory
  shift
  mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root"/{etc,proc,sys,dev,run,tmp,root,home,mnt,var/log,var/lib,boot/firmware}
  for directory in bin sbin lib lib64; do ln -s "usr/$directory" "$root/$directory"; done
  local deb
  for deb in $("$here/debs.sh" "$out/debs" "$@"); do
    dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C "$root" \
      --exclude './usr/share/doc' --exclude './usr/share/man' --exclude './usr/share/locale' --exclude './usr/share/info' \
      --exclude './usr/share/lintian' --exclude './usr/share/bash-completion' --exclude './lib/udev/hwdb.d' \
      --exclude './etc/init.d' --exclude './usr/share/zoneinfo' --exclude './usr/lib/x86_64-linux-gnu/gconv'
  done
  chmod 1777 "$root/tmp"
  chmod 0700 "$root/root"
  # Tools that were left out come from busybox.
  local applet
  for applet in $(busybox_of "$root" --list); do
    [[ -e $root/usr/bin/$applet || -e $root/usr/sbin/$applet || -L $root/usr/bin/$applet ]] ||
      ln -s busybox "$root/usr/bin/$applet"
  done
  ldconfig -r "$root"
}

busybox_of() { "$1/bin/busybox" "${@:2}"; }

# What the packages' own scripts would have written.
accounts() {
  local root=$1
  cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
messagebus:x:100:102::/nonexistent:/usr/sbin/nologin
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
pi:x:1000:1000:,,,:/home/pi:/bin/bash
END
  cat >"$root/etc/group" <<'END'
root:x:0:
daemon:x:1:
adm:x:4:pi
tty:x:5:
disk:x:6:
kmem:x:15:
dialout:x:20:pi
cdrom:x:24:
tape:x:26:
sudo:x:27:pi
audio:x:29:
video:x:44:
shadow:x:42:
utmp:x:43:
users:x:100:pi
input:x:101:
messagebus:x:102:
kvm:x:103:
render:x:104:
sgx:x:105:
lp:x:7:
systemd-network:x:998:
systemd-journal:x:999:
pi:x:1000:
nogroup:x:65534:
END
  local user
  for user in root daemon nobody messagebus systemd-network sshd pi; do echo "$user:*:19700:0:99999:7:::"; done >"$root/etc/shadow"
  chown 0:42 "$root/etc/shadow"
  chmod 0640 "$root/etc/shadow"
  install -d -o 1000 -g 1000 -m 0700 "$root/home/pi"
}

settings() {
  local root=$1 name=$2 kind
  echo "$name" >"$root/etc/hostname"
  printf '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.1\t%s\n' "$name" >"$root/etc/hosts"
  printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
  printf '/bin/sh\n/bin/bash\n' >"$root/etc/shells"
  cp "$root/usr/share/openssh/sshd_config" "$root/etc/ssh/sshd_config"
  mkdir -p "$root/etc/ssh/sshd_config.d" "$root/etc/pam.d"
  for kind in auth account password session; do
    printf '%s required pam_unix.so\n' "$kind" >"$root/etc/pam.d/common-$kind"
  done
  cp "$root/etc/pam.d/common-session" "$root/etc/pam.d/common-session-noninteractive"
  [[ -e $root/usr/bin/sh || -L $root/usr/bin/sh ]] || ln -s bash "$root/usr/bin/sh"
}

# The subset of the kernel's modules that these machines use, with their dependencies.
kernel() {
  local root=$1 version=$2 path module
  mkdir -p "$root/lib/modules/$version"
  cp "$out/kernel/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$version/"
  for module in "${modules[@]}"; do
    modprobe -d "$out/kernel" -S "$version" --ignore-install --show-depends "$module"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | sort -u | while read -r path; do
    install -D -m 0644 "$path" "$root/lib/modules/$version/${path#*"/lib/modules/$version/"}"
  done
  depmod -b "$root" "$version"
}

initramfs() {
  local version=$1 target=$2 tree=$out/initramfs
  rm -rf "$tree"
  mkdir -p "$tree"/{bin,sbin,etc,lib}
  cp "$out/installer.new/bin/busybox" "$tree/bin/busybox"
  ln -s ../bin/busybox "$tree/sbin/modprobe"
  install -m 0755 "$here/files/initramfs-init" "$tree/init"
  install -m 0755 "$here/files/udhcpc.script" "$tree/etc/udhcpc.script"
  kernel "$tree" "$version"
  (cd "$tree" && find . | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 | gzip -6n) >"$target"
}

# A boot partition as the firmware wants it. The firmware is played by the test: its own files are stand-ins.
boot_files() {
  local boot=$1 cmdline=$2 name
  mkdir -p "$boot/overlays"
  cp "$vmlinuz" "$boot/vmlinuz-vm"
  cp "$out/initrd.img" "$boot/initrd-vm.img"
  printf '# Boot configuration of a virtual board.\narm_64bit=1\nkernel=vmlinuz-vm\ninitramfs initrd-vm.img followkernel\n' >"$boot/config.txt"
  echo "$cmdline" >"$boot/cmdline.txt"
  for name in start4.elf fixup4.dat bcm2711-rpi-4-b.dtb bcm2712-rpi-5-b.dtb overlays/overlay_map.dtb; do
    echo "stand-in for $name: the test plays the firmware" >"$boot/$name"
  done
}

make_installer() {
  local root=$out/installer.new
  rm -rf "$root"
  unpack "$root" "${installer[@]}"
  accounts "$root"
  settings "$root" raspberrypi
  install -m 0644 "$here/files/inittab" "$root/etc/inittab"
  install -D -m 0755 "$here/files/rcS" "$root/etc/init.d/rcS"
  ln -sf ../bin/busybox "$root/usr/sbin/init"
  kernel "$root" "$version"
  printf 'proc /proc proc defaults 0 0\nPARTUUID=11111111-01 /boot/firmware vfat defaults 0 2\nPARTUUID=11111111-02 / ext4 defaults,noatime 0 1\n' >"$root/etc/fstab"
}

make_disk() {
  local root=$out/deployed.new boot=$out/bootfs.new image=$out/disk.img.new id=5eedca4d
  rm -rf "$root" "$boot" "$image"
  unpack "$root" "${deployed[@]}"
  accounts "$root"
  settings "$root" raspberrypi
  kernel "$root" "$version"
  printf 'pi ALL=(ALL) NOPASSWD: ALL\n' >"$root/etc/sudoers.d/010_pi-nopasswd"
  chmod 0440 "$root/etc/sudoers.d/010_pi-nopasswd"
  printf 'proc /proc proc defaults 0 0\nPARTUUID=%s-01 /boot/firmware vfat defaults 0 0\nPARTUUID=%s-02 / ext4 defaults,noatime 0 1\n' $id $id >"$root/etc/fstab"
  : >"$root/etc/machine-id"
  printf '[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n' >"$root/etc/systemd/network/20-wired.network"
  # As Raspberry Pi OS: sshd is installed, not enabled, and has no host keys. Units that a test machine need not wait for are off.
  local unit
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
  ln -s /lib/systemd/system/systemd-networkd.service "$root/etc/systemd/system/multi-user.target.wants/"
  for unit in systemd-networkd-wait-online systemd-timesyncd systemd-pstore getty@tty1 serial-getty@ttyS0 systemd-hwdb-update \
    e2scrub_reap fstrim.timer systemd-tmpfiles-clean.timer; do
    [[ $unit == *.* ]] || unit=$unit.service
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
  ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
  boot_files "$boot" "console=ttyS0,115200 root=PARTUUID=$id-02 rootfstype=ext4 fsck.repair=yes rootwait net.ifnames=0 quiet"

  local boot_mib=36 root_mib
  root_mib=$(($(du -sm --apparent-size "$root" | cut -f1) * 11 / 10 + 12))
  truncate -s $((4 + boot_mib + root_mib))M "$image"
  printf 'label: dos\nlabel-id: 0x%s\nstart=4MiB, size=%dMiB, type=c\nstart=%dMiB, type=83\n' \
    $id $boot_mib $((4 + boot_mib)) | sfdisk -q "$image"
  mkfs.vfat -F 32 -s 1 -n BOOTFS --offset $((4 * 2048)) "$image" $((boot_mib * 1024)) >/dev/null 2>&1
  mcopy -s -i "$image@@$((4 * 1048576))" "$boot"/* ::
  mke2fs -q -t ext4 -b 4096 -L rootfs -d "$root" -E offset=$(((4 + boot_mib) * 1048576)) "$image" $((root_mib))M
  rm -rf "$root" "$boot"
}

stamp=$(cat "$here/assemble.sh" "$here/debs.sh" "$here"/files/* | sha256sum | cut -c1-16)
if [[ -e $out/assembled-$stamp && -d $out/installer && -s $out/disk.img ]]; then
  echo "assemble: $out is up to date"
  exit 0
fi
started=$SECONDS
rm -rf "$out/kernel" "$out"/assembled-*
mkdir -p "$out/kernel"
for deb in $("$here/debs.sh" "$out/debs" $kernel_package | grep '/linux-image-[0-9]'); do dpkg-deb -x "$deb" "$out/kernel"; done
vmlinuz=$(echo "$out"/kernel/boot/vmlinuz-*)
version=${vmlinuz##*/vmlinuz-}
depmod -b "$out/kernel" "$version"
make_installer
initramfs "$version" "$out/initrd.img"
boot_files "$out/installer.new/boot/firmware" "console=serial0,115200 root=PARTUUID=11111111-02 rootwait"
make_disk
rm -rf "$out/installer"
mv "$out/installer.new" "$out/installer"
mv "$out/disk.img.new" "$out/disk.img"
rm -rf "$out/initramfs" "$out/kernel"
touch "$out/assembled-$stamp"
echo "assemble: installer $(du -sm "$out/installer" | cut -f1) MB, disk.img $(du -m --apparent-size "$out/disk.img" | cut -f1) MB ($(du -m "$out/disk.img" | cut -f1) MB used), kernel $version, $((SECONDS - started)) s"
