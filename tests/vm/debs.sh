#!/usr/bin/env bash
# Downloads the packages of the virtual boards' systems, with everything they depend on, into target/vm/debs.
# Called by assemble.sh. Prints one path per line. Nothing is installed on this machine.
set -euo pipefail

cache=$1
shift # the packages wanted

# Tools of package management and their Perl: a system that is assembled by unpacking never runs them.
unneeded='^(perl.*|libperl.*|lib(number-compare|text-glob|file-find-rule)-perl|libgdbm.*|libdb5\.3|gcc-12-base|usrmerge|debconf|adduser'
unneeded+='|initramfs-tools.*|klibc-utils|libklibc|linux-base|ucf|sensible-utils|cpio|dpkg|libc-bin-data|libsemanage.*|libsepol2|lsb-base|runit-helper)$'

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
stamp=$cache/$(printf '%s\n' "$@" | sha256sum | cut -c1-16).list
if [[ ! -s $stamp ]]; then
  # An empty dpkg database makes apt resolve the whole closure, as for an empty machine.
  : >"$cache/empty-status"
  apt-get install --print-uris -y --no-install-recommends -o Dir::State::status="$cache/empty-status" "$@" |
    sed -n "s/^'[^']*' \([^ ]*\)_\([^_ ]*\)_[a-z0-9]*\.deb .*/\1 \2/p" |
    awk -v no="$unneeded" '$1 !~ no {gsub("%3a", ":", $2); print $1 "=" $2}' >"$stamp.wanted"
  [[ -s $stamp.wanted ]] || { echo "debs: apt resolved no package for: $*; do: apt-get update" >&2; exit 1; }
  mkdir -p "$stamp.new"
  (cd "$stamp.new" && xargs -a "$stamp.wanted" apt-get download -q 2>&1 | grep -v -e '^Get:' -e unsandboxed >&2 || true)
  want=$(wc -l <"$stamp.wanted")
  have=$(find "$stamp.new" -name '*.deb' | wc -l)
  ((want == have)) || { echo "debs: seen: $have packages, expected: $want; do: apt-get update, then again" >&2; exit 1; }
  mv "$stamp.new"/*.deb "$cache/"
  sed -e 's/:/%3a/g; s/=/_/' "$stamp.wanted" >"$stamp.names"
  mv "$stamp.names" "$stamp"
  rm -rf "$stamp.new" "$stamp.wanted"
fi
while read -r name; do
  ls "$cache/${name}"_*.deb
done <"$stamp"
