#!/bin/sh
# One small Ceph cluster with its S3 gateway, all in memory, for as long as the process $3 lives.
# Usage: s3-server.sh <directory> <gateway port> <process to live with> <monitor port>
set -eu
dir=$1 port=$2 owner=$3 monitor=$4
mkdir -p "$dir/mon" "$dir/osd" "$dir/rgw"
fsid=$(cat /proc/sys/kernel/random/uuid)
keyring=$dir/keyring
cat > "$dir/ceph.conf" <<CONF
[global]
fsid = $fsid
mon host = [v2:127.0.0.1:$monitor]
keyring = $keyring
log file = $dir/\$name.log
admin socket =
pid file =
run dir = $dir
auth allow insecure global id reclaim = false
mon data avail warn = 1
mon data avail crit = 0
mon allow pool size one = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
memstore device bytes = 2147483648
# A change of the cluster map waits a second by default, and the gateway makes a pool after the other.
paxos propose interval = 0.02
paxos min wait = 0.01
[mon.a]
mon data = $dir/mon
[osd.0]
osd data = $dir/osd
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:$port
rgw data = $dir/rgw
CONF
export CEPH_ARGS="--conf $dir/ceph.conf"

pids=
finish() {
  trap - EXIT
  # shellcheck disable=SC2086
  [ -z "$pids" ] || kill -9 $pids 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' TERM INT HUP

ceph-authtool -C -n mon. --gen-key --cap mon 'allow *' "$keyring" > /dev/null
for name in client.admin osd.0 client.rgw; do
  ceph-authtool -n $name --gen-key --cap mon 'allow *' --cap osd 'allow *' --cap mgr 'allow *' "$keyring"
done
ceph-mon --id a --mkfs --keyring "$keyring" --mon-initial-members a --fsid "$fsid"
ceph-mon -f --id a > /dev/null 2>&1 &
pids="$pids $!"
timeout 20 ceph osd create > /dev/null
ceph-osd --id 0 --mkfs > /dev/null 2>&1
ceph-osd -f --id 0 > /dev/null 2>&1 &
pids="$pids $!"
radosgw -f -n client.rgw > /dev/null 2>&1 &
pids="$pids $!"
timeout 30 radosgw-admin -n client.rgw user create --uid test --display-name test \
  --access-key TESTKEY --secret 'test/secret+key' > /dev/null 2>&1
echo ready > "$dir/ready"
while kill -0 "$owner" 2> /dev/null; do sleep 0.5; done
