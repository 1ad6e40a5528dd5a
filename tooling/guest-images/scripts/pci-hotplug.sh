# With an ext4 disk as /dev/vda: waits for disks that come and go as /dev/vdb, and prints what it saw of them.
functions() {
  echo "functions after $1:" $(ls /sys/bus/pci/devices)
}

until_there() {
  until [ -b /dev/vdb ]; do usleep 20000; done
}

until_gone() {
  while [ -b /dev/vdb ]; do usleep 20000; done
}

mount -t ext4 /dev/vda /mnt
functions boot
echo ready

until_there
functions plugging
cat /dev/vdb >/mnt/copy
sync
echo 3 >/proc/sys/vm/drop_caches
echo "plugged $(md5sum </dev/vdb) $(md5sum </mnt/copy)"
echo eject
until_gone
# Linux removes the function right after the disk.
usleep 500000
functions ejection

echo again
until_there
echo "translated $(cut -c34 </sys/block/vdb/device/features) $(md5sum </dev/vdb)"
dd if=/dev/zero of=/dev/vdb bs=65536 count=4 conv=fsync 2>/dev/null
# With requests in flight, Linux 6.1 would wait for them for ever.
echo pull
until_gone
echo "pulled; other disk $(md5sum </mnt/copy)"
umount /mnt
dmesg -r | sed 's/^/log /'
exit 0
