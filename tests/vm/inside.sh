#!/usr/bin/env bash
# Runs a command in a rack of its own: fresh network, mount and process namespaces with a bridge, two or more boards' links, and an
# NFS server. Whatever happens to the command or to its parent, nothing that was started inside survives it.
# Usage (as root): inside.sh RUN_DIR COMMAND ARG...
#
#   br0 10.77.0.1/24   pimaster's interface; nfs-ganesha and rpcbind answer here
#   tapN               QEMU of board N
#   namespace boardN   eth0 has the MAC of board N (dc:a6:32:77:00:0N): the firmware of board N speaks from here
#
# BOARDS: how many (2). NFS=off: without the NFS server. RUN_DIR: logs of rpcbind and ganesha, configuration of ganesha.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
boards=${BOARDS:-2}
address=10.77.0.1

enter() {
  ((EUID == 0)) || { echo "inside: seen: not root; expected: root, for namespaces and NFS; do: run as root" >&2; exit 1; }
  local tool
  for tool in qemu-system-x86_64 ganesha.nfsd rpcbind ip unshare setpriv python3; do
    command -v "$tool" >/dev/null || { echo "inside: seen: no $tool; do: scripts/setup test" >&2; exit 1; }
  done
  [[ -c /dev/net/tun ]] || { echo "inside: seen: no /dev/net/tun; expected: the tun module, for QEMU's network" >&2; exit 1; }
  mkdir -p "$1"
  # Killed when the caller ends; --kill-child then ends process 1 of the namespace and with it all others.
  exec setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child=KILL --mount-proc "$0" --in "$@"
}

network() {
  local n
  sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip link set lo up
  ip link add br0 type bridge stp_state 0 forward_delay 0
  ip address add $address/24 brd + dev br0
  ip link set br0 up
  for ((n = 1; n <= boards; n++)); do
    ip tuntap add "tap$n" mode tap
    ip link set "tap$n" master br0 up
    ip netns add "board$n"
    ip link add "fw$n" type veth peer name eth0 netns "board$n"
    ip link set "fw$n" master br0 up
    ip -n "board$n" link set eth0 address "dc:a6:32:77:00:0$n"
    ip -n "board$n" link set lo up
  done
}

# Waits until a TCP port answers; a server that ends first is a failure.
await() {
  local pid=$1 port=$2 what=$3 log=$4
  until (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null; do
    kill -0 "$pid" 2>/dev/null || { echo "inside: $what ended:" >&2; tail -n 20 "$log" >&2; exit 1; }
    sleep 0.1
  done
}

nfs_server() {
  local run=$1
  mkdir -p /run/pmvm /run/ganesha /run/rpcbind
  ln -sfn "$run" /run/pmvm/log
  rpcbind -w -f -h $address >"$run/rpcbind.log" 2>&1 &
  await $! 111 rpcbind "$run/rpcbind.log"
  python3 "$here/exportfs" --initial
  : >"$run/ganesha.log"
  ganesha.nfsd -F -f /run/pmvm/ganesha.conf -L "$run/ganesha.log" -p /run/pmvm/ganesha.pid >>"$run/ganesha.log" 2>&1 &
  await $! 20048 nfs-ganesha "$run/ganesha.log"
}

inside() {
  local run
  run=$(cd "$1" && pwd)
  shift
  mount -t tmpfs -o mode=0755 run /run
  mount -t tmpfs -o mode=0755 nfs /var/lib/nfs
  network
  [[ ${NFS-} == off ]] || nfs_server "$run"
  # Not exec: process 1 stays this shell, which reaps what others leave behind.
  "$@" &
  wait $!
}

if [[ ${1-} == --in ]]; then
  shift
  inside "$@"
else
  enter "$@"
fi
