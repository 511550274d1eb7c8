#!/usr/bin/env bash
# Tries the rack without pimaster: boots the installer tree over NFS, then the disk image from its own disk, and logs in to each by SSH.
# Prints the seconds of each. Usage (as root): tests/vm/prove.sh [OUT]   (default target/vm). The consoles are kept in OUT/prove.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
address=10.77.0.11
mac=dc:a6:32:77:00:01

outside() {
  local out
  out=$(mkdir -p "$1" && cd "$1" && pwd)
  "$here/assemble.sh" "$out"
  rm -rf "$out/prove"
  mkdir -p "$out/prove"
  exec env BOARDS=1 "$here/inside.sh" "$out/prove" "$0" --in "$out"
}

# Board 1: its kernel, initramfs and command line are files in $run.
board() {
  qemu-system-x86_64 -M q35 -accel tcg,thread=multi -cpu max -smp 1 -m 320 -nodefaults -nographic -no-reboot \
    -serial "file:$run/$1.console" -kernel "$run/vmlinuz-vm" -initrd "$run/initrd-vm.img" -append "$2" \
    -drive "if=none,id=card,file=$run/card.img,format=raw,discard=unmap,cache=unsafe" -device nvme,drive=card,serial=CARD1 \
    -netdev tap,id=net,ifname=tap1,script=no,downscript=no -device "virtio-net-pci,netdev=net,mac=$mac,romfile=" &
  qemu=$!
}

login() {
  local user=$1 limit=$((SECONDS + 90))
  shift
  until ssh -q -i "$run/key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o ConnectTimeout=2 \
    "$user@$address" "$@"; do
    ((SECONDS < limit)) || { tail -n 30 "$run"/*.console >&2; echo "prove: no login as $user in 90 s" >&2; exit 1; }
    sleep 0.3
  done
}

seconds_since() { printf '%d.%d' $((($(date +%s%N) - $1) / 1000000000)) $((($(date +%s%N) - $1) / 100000000 % 10)); }

# Asks the NFS server from the board's place in the network, at that address.
may_mount() {
  local said
  ip -n board1 address add "$1/24" dev eth0
  ip -n board1 link set eth0 up
  said=$(ip netns exec board1 "$here/exportfs" --may-mount "$run/nfsroot")
  ip -n board1 address flush dev eth0
  ip -n board1 link set eth0 down
  [[ $said == "$2" ]] || { echo "prove: may $1 mount the root? seen: $said, expected: $2" >&2; exit 1; }
}

prepare() {
  ssh-keygen -q -t ed25519 -N '' -f "$run/key"
  ssh-keygen -q -t ed25519 -N '' -f "$run/host"
  cp -a "$out/installer" "$run/nfsroot"
  install -m 0600 "$run/host" "$run/nfsroot/etc/ssh/ssh_host_ed25519_key"
  install -D -m 0600 "$run/key.pub" "$run/nfsroot/root/.ssh/authorized_keys"
  install -D -m 0755 "$here/files/plain-overlay-init" "$run/nfsroot/usr/lib/pimaster/overlay-init"

  local disk
  cp --sparse=always "$out/disk.img" "$run/card.img"
  truncate -s 512M "$run/card.img"
  disk="$run/card.img?offset=$(sfdisk -J "$run/card.img" | python3 -c 'import json,sys; print(json.load(sys.stdin)["partitiontable"]["partitions"][1]["start"] * 512)')"
  cat >"$run/edit" <<END
write $run/host /etc/ssh/ssh_host_ed25519_key
set_inode_field /etc/ssh/ssh_host_ed25519_key mode 0100600
mkdir /home/pi/.ssh
set_inode_field /home/pi/.ssh uid 1000
set_inode_field /home/pi/.ssh mode 040700
write $run/key.pub /home/pi/.ssh/authorized_keys
set_inode_field /home/pi/.ssh/authorized_keys uid 1000
symlink /etc/systemd/system/multi-user.target.wants/ssh.service /lib/systemd/system/ssh.service
END
  debugfs -w -f "$run/edit" "$disk" >"$run/edit.log" 2>&1
  e2fsck -fn "$disk" >>"$run/edit.log" 2>&1
}

inside() {
  local start boot=$run/nfsroot/boot/firmware
  prepare
  cat >"$run/udhcpd.conf" <<END
interface br0
start $address
end $address
lease_file /run/udhcpd.leases
option subnet 255.255.255.0
option hostname board1
static_lease $mac $address
END
  touch /run/udhcpd.leases
  "$run/nfsroot/bin/busybox" udhcpd -f -S "$run/udhcpd.conf" >"$run/udhcpd.log" 2>&1 &

  "$here/exportfs" -o ro,no_root_squash "$address:$run/nfsroot"
  may_mount 10.77.0.50 no
  may_mount $address yes
  cp "$boot/vmlinuz-vm" "$boot/initrd-vm.img" "$run/"
  start=$(date +%s%N)
  board installer "console=ttyS0 root=/dev/nfs nfsroot=10.77.0.1:$run/nfsroot,vers=3 ro ip=dhcp init=/usr/lib/pimaster/overlay-init"
  login root 'echo "on the installer: $(hostname), / is $(stat -f -c %T /), card $(blkid -o value -s PTUUID /dev/nvme0n1)"; touch /root/written; blkdiscard --version'
  echo "prove: installer over NFS, SSH after $(seconds_since "$start") s"
  kill $qemu
  wait $qemu || true
  [[ ! -e $run/nfsroot/root/written ]] || { echo "prove: the board wrote into the NFS root" >&2; exit 1; }
  "$here/exportfs" -u "$address:$run/nfsroot"
  may_mount $address no

  mcopy -n -o -i "$run/card.img@@4M" ::vmlinuz-vm ::initrd-vm.img ::cmdline.txt "$run/"
  start=$(date +%s%N)
  board disk "$(cat "$run/cmdline.txt")"
  login pi 'echo "on the disk: $(hostname), $(systemctl --version | head -n 1), / is $(findmnt -n -o SOURCE /), /boot/firmware is $(findmnt -n -o SOURCE /boot/firmware)"'
  echo "prove: disk image from its own disk, SSH after $(seconds_since "$start") s"
  kill $qemu
  wait $qemu || true
  rm -rf "$run/nfsroot" "$run/card.img"
}

if [[ ${1-} == --in ]]; then
  out=$2
  run=$out/prove
  inside
else
  outside "${1:-target/vm}"
fi
