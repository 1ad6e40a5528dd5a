# What the recorder of ring images (../rings) has done in the guest. What this prints begins with "==".
#
#   ring-load.sh features            the disks: device number, name, negotiated features
#   ring-load.sh warm DISK:COUNT...  COUNT requests, one after the other, on each disk
#   ring-load.sh ask DISK:KIND:SIZE:BLOCK...
#                                    requests all at the same time, KIND r or w: "== asked" when all are under way
word=$1
shift

warm() {
  left=$2
  while [ "$left" -gt 0 ]; do
    count=$((left < 512 ? left : 512))
    # busybox' dd does not do direct I/O with blocks of less than 4 KiB.
    dd if="$1" of=/dev/null bs=4096 count=$count iflag=direct 2>/dev/null
    left=$((left - count))
  done
}

case $word in
  features)
    for device in /sys/bus/ccw/devices/*/virtio*/block/*; do
      disk=${device##*/}
      number=${device#/sys/bus/ccw/devices/}
      echo "== disk ${number%%/*} $disk $(cat "/sys/block/$disk/device/features")"
      echo none >"/sys/block/$disk/queue/scheduler"
      # It stays open: the first to open a disk may read its partitions, and the others wait.
      sleep 1000000 <"/dev/$disk" &
      until [ "$(readlink "/proc/$!/fd/0")" = "/dev/$disk" ]; do usleep 10000; done
    done
    echo "== kernel $(uname -r)"
    ;;
  warm)
    for load; do
      # Block after block, and again from the start of the disk: O_DIRECT makes a request of each read.
      warm "/dev/${load%:*}" "${load#*:}" &
    done
    wait
    echo "== warm"
    ;;
  ask)
    disks=
    for request; do
      IFS=: read -r disk kind size block <<END
$request
END
      case $kind in
        r) dd if="/dev/$disk" of=/dev/null bs="$size" skip="$block" count=1 iflag=direct 2>/dev/null & ;;
        w) dd if=/dev/zero of="/dev/$disk" bs="$size" seek="$block" count=1 oflag=direct conv=notrunc 2>/dev/null & ;;
      esac
      case " $disks " in *" $disk "*) ;; *) disks="$disks $disk" ;; esac
    done
    until [ "$(for disk in $disks; do cat "/sys/block/$disk/inflight"; done | awk '{ n += $1 + $2 } END { print n }')" = $# ]; do
      usleep 100000
    done
    # A request counts before it is in the ring.
    sleep 1
    echo "== asked"
    wait
    echo "== answered"
    ;;
esac
