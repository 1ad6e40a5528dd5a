# Reads and writes disks through the guest's virtio-blk driver, all at the same time, and prints what it saw.
#
#   virtio-disks.sh HALF DEVICE...
#
# Each DEVICE is a device number such as 0.0.0001, or a PCI address such as 0001:00:00.0. The host filled the first HALF KiB of its
# disk; the second HALF KiB are ours.
# A line is: DEVICE WORD VALUE..., with offsets and lengths in bytes and MD5 sums of what was read, or was meant to be written.
half=$1
shift

sum() {
  md5sum | cut -d ' ' -f 1
}

# DISK BLOCK-SIZE OFFSET LENGTH [FLAG]: the sum of a part of the disk, read in blocks of that size.
read_sum() {
  dd if="$1" bs="$2" skip="$(($3 / $2))" count="$(($4 / $2))" iflag="${5-direct}" 2>/dev/null | sum
}

exercise() {
  set -e
  device=$1
  block=$(ls /sys/bus/*/devices/"$device"/virtio*/block)
  disk=/dev/$block
  bytes=$((half * 1024))
  echo "$device features $(cat "/sys/block/$block/device/features")"
  echo "$device requests $(cat "/sys/block/$block/mq/0/nr_tags")"

  # What the host wrote: one request after the other, of every size from 4 KiB up, then many at a time by read-ahead.
  # (With 512 bytes busybox' dd falls back to the page cache.)
  for size in 512 4096 65536 524288; do
    length=$((size < 4096 ? bytes / 8 : bytes))
    echo "$device read 0 $length $(read_sum "$disk" $size 0 $length)"
  done
  echo "$device read 0 $bytes $(read_sum "$disk" 131072 0 $bytes fullblock)"

  # Four writers at a time, each in its own eighths of our half, while a reader keeps the queue mixed.
  dd if=/dev/urandom of="/tmp/$device" bs=65536 count=$((bytes / 65536)) 2>/dev/null
  at=0
  jobs=
  for writer in 512,direct,1 4096,direct,1 65536,direct,2 131072,,4; do
    IFS=, read -r size flag eighths <<END
$writer
END
    length=$((bytes / 8 * eighths))
    offset=$((bytes + at))
    # Without a flag: through the page cache.
    dd if="/tmp/$device" of="$disk" bs=$size skip=$((at / size)) seek=$((offset / size)) count=$((length / size)) \
      ${flag:+oflag=$flag} conv=notrunc,fsync 2>/dev/null &
    jobs="$jobs $!"
    echo "$device write $offset $length $(dd if="/tmp/$device" bs=512 skip=$((at / 512)) count=$((length / 512)) 2>/dev/null | sum)"
    at=$((at + length))
  done
  dd if="$disk" of=/dev/null bs=16384 count=$((bytes / 16384)) iflag=direct 2>/dev/null &
  for job in $jobs $!; do wait "$job"; done

  blockdev --flushbufs "$disk"
  echo "$device back $bytes $bytes $(read_sum "$disk" 32768 $bytes $bytes)"
  rm "/tmp/$device"
  echo "$device done"
}

for device; do
  exercise "$device" >"/tmp/$device.out" 2>&1 &
done
wait
for device; do cat "/tmp/$device.out"; done
echo "kernel release $(uname -r)"
dmesg | grep -iE 'I/O error|virtio.*(bad|fail|error)|broken|Call Trace|BUG|WARNING' | sed 's/^/kernel complaint /'
exit 0
