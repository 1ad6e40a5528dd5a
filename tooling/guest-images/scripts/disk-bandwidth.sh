# Reads and writes disks in turns, past the page cache, and prints how long each took.
#
#   disk-bandwidth.sh ROUNDS DEVICE...
#
# Each DEVICE is a device number such as 0.0.0001, or a PCI address such as 0001:00:00.0. A line is: DEVICE read|write BLOCK-SIZE COUNT
# HUNDREDTHS-OF-A-SECOND.
rounds=$1
shift

now() {
  read -r uptime rest </proc/uptime
  echo "${uptime%.*}${uptime#*.}"
}

# DEVICE read|write BLOCK-SIZE COUNT
measure() {
  disk=/dev/$(ls /sys/bus/*/devices/"$1"/virtio*/block)
  start=$(now)
  if [ "$2" = read ]; then
    dd if="$disk" of=/dev/null bs="$3" count="$4" iflag=direct 2>/dev/null
  else
    dd if=/dev/zero of="$disk" bs="$3" count="$4" oflag=direct conv=notrunc 2>/dev/null
  fi
  echo "$1 $2 $3 $4 $(($(now) - start))"
}

for round in $(seq "$rounds"); do
  for what in read write; do
    for device; do measure "$device" $what 4096 2048; done
    for device; do measure "$device" $what 1048576 128; done
  done
done
