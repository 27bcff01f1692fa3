#!/bin/bash
# The promise of the README on a machine that has nothing: a fresh Debian 12 in a folder, `git clone`, `make demo`,
# and the same again, which must start within seconds.
#
#   tests/packaging/bare_debian.sh [make target...]      default: demo; more targets (`demo test`) run in this order
#
# Needs root, debootstrap, network, 4 GB (20 GB and half an hour with `test`). What the machine has in the way of
# mirrors, proxies and certificates is passed on. KEEP=1 leaves the folder for a look; ROOT=folder uses (and keeps) one.
set -euo pipefail
cd "$(dirname "$0")/../.."
source_tree=$PWD
targets=("${@:-demo}")

skip() { echo "skipped: $1"; exit 77; }
[ "$(id -u)" = 0 ] || skip "a fresh Debian root takes root rights"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
# Mounts made below vanish with this process, however it ends.
if [ -z "${LITEBENCH_UNSHARED:-}" ]; then
  unshare --mount true 2>/dev/null || skip "this machine does not allow mount namespaces"
  LITEBENCH_UNSHARED=1 exec unshare --mount "$0" "$@"
fi

root=${ROOT:-$(mktemp -d "${TMPDIR:-/tmp}/litebench-bare-XXXXXX")}
mkdir -p "$root"
chmod 755 "$root"   # apt downloads as a user of its own
remove_root() {
  for mounted in sys dev proc; do umount -l "$root/$mounted" 2>/dev/null || true; done
  rm -rf --one-file-system "$root"
}
if [ -z "${KEEP:-}${ROOT:-}" ]; then trap remove_root EXIT; fi

# The machine's own Debian mirror: whatever its apt would use for the main section of Debian 12.
mirror() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Identifier: Packages' |
    awk '$2 == "bookworm" && $3 == "main" {print $1; exit}'
}

copy_into() {   # copies files or folders that exist to the same place in the root
  for path in "$@"; do
    [ -e "$path" ] || continue
    mkdir -p "$root/$(dirname "$path")"
    cp -rL "$path" "$root/$(dirname "$path")/"
  done
}

inside() {   # runs a command in the root with nothing of this machine's environment but proxies and pip's settings
  local environment=() name
  while IFS='=' read -r name _; do environment+=("$name=${!name}"); done < <(
    env | grep -E '^(PIP_[A-Z_]+|https?_proxy|no_proxy|HTTPS?_PROXY|NO_PROXY|SSL_CERT_FILE)=')
  chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "${environment[@]}" "$@"
}

make_root() {
  [ ! -e "$root/etc/debian_version" ] || return 0
  local from
  from=$(mirror)
  [ -n "$from" ] || skip "apt on this machine knows no mirror of Debian 12"
  echo "== a fresh Debian 12 in $root"
  debootstrap --variant=minbase bookworm "$root" "$from" > "$root.log" 2>&1 || { tail -5 "$root.log"; exit 1; }
  rm -f "$root.log"
  rm -f "$root/etc/apt/sources.list"   # debootstrap's; the machine's take its place
  copy_into /etc/apt/{sources.list,sources.list.d,apt.conf,apt.conf.d,preferences.d,trusted.gpg.d,keyrings} \
    /usr/share/keyrings /usr/local/share/ca-certificates /etc/resolv.conf /etc/hosts /etc/pip.conf "$HOME/.config/pip"
  find "$root/etc/apt/sources.list.d" -type f ! -name '*debian*' -delete
}

mount_system() {
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
}

install_what_a_user_has() {
  inside apt-get update -qq
  inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    git make python3 ca-certificates > /dev/null 2>&1
  copy_into /etc/ssl/certs/ca-certificates.crt   # with the certificates of a proxy, if there is one
}

clone() {
  rm -rf "$root/srv/litebench"
  git -c safe.directory='*' -C "$source_tree" bundle create -q "$root/srv/litebench.bundle" HEAD
  inside git -c advice.detachedHead=false clone -q /srv/litebench.bundle /srv/litebench
}

timed_make() {   # target, log: prints make's output and then how long it took
  local start=$SECONDS
  inside make -C /srv/litebench "$1" 2>&1 | tee "$2"
  echo "== make $1: $((SECONDS - start)) s"
}

make_root
mount_system
install_what_a_user_has
clone
echo "== compilers before: $(inside sh -c 'command -v gcc g++ cmake clang' || echo none)"
for target in "${targets[@]}"; do
  timed_make "$target" "$root/root/$target.log"
  if [ "$target" = demo ] && ! grep -q '^VALID' "$root/root/demo.log"; then
    echo "FAILED: the demo's output has no VALID table"
    exit 1
  fi
  timed_make "$target-build" "$root/root/again.log"   # all that comes before the program itself starts
  timed_make "$target" "$root/root/again.log"
done
echo "PASSED"
