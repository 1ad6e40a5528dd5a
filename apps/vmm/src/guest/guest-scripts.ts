/**
 * The shell programs of the default guest, for busybox ash. README.md beside this file describes the protocol that
 * {@link RUN_SCRIPT} speaks; names of ports and words on the control port are in run-protocol.ts.
 */

/** `/init`: the kernel's first program. Sets up the guest, chooses what to do in it and becomes busybox init. */
export const INIT_SCRIPT = `#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
/bin/busybox --install -s

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o nosuid,noexec,gid=5,mode=0620 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev,mode=1777 tmpfs /dev/shm
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr
# The kernel calls the console of the SCLP's line mode ttyS0, and its device sclp_line0.
[ ! -c /dev/sclp_line0 ] || ln -sf sclp_line0 /dev/ttyS0
for name in poweroff reboot halt; do ln -sf /etc/zarch/shutdown /sbin/$name; done

mode=shell
console=
hostname=zarch
for word in $(cat /proc/cmdline); do
  case $word in
    zarch.run | zarch.run=1) mode=run ;;
    zarch.console=*) console=\${word#*=} ;;
    zarch.hostname=*) hostname=\${word#*=} ;;
  esac
done
hostname "$hostname"
ip link set lo up

# Drivers of what is there now, and those of what may be plugged in later.
[ ! -d /sys/bus/pci/devices ] || modprobe -a -q $(cat /sys/bus/pci/devices/*/modalias 2>/dev/null)
modprobe -a -q virtio_console virtio_blk $(cat /sys/bus/virtio/devices/*/modalias 2>/dev/null)

{
  echo '::ctrlaltdel:/sbin/poweroff'
  echo '::shutdown:/etc/zarch/unmount'
  if [ $mode = run ]; then
    echo '::once:/etc/zarch/run'
  else
    # The console that /dev/console stands for is the last in the list.
    [ -n "$console" ] || for console in $(cat /sys/class/tty/console/active); do :; done
    echo "$console::once:/etc/zarch/shell"
  fi
} >/etc/inittab
exec /bin/busybox init
`;

/** `/etc/zarch/shell`: a shell on the console, without login. Its end is the end of the guest. */
export const SHELL_SCRIPT = `#!/bin/sh
export HOME=/root USER=root LOGNAME=root SHELL=/bin/sh
cd /root
for word in $(cat /proc/cmdline); do
  case $word in
    zarch.size=*)
      size=\${word#*=}
      stty rows \${size%x*} cols \${size#*x}
      ;;
  esac
done
cat /etc/motd
/bin/sh -l
exec /sbin/poweroff
`;

/** `/etc/zarch/unmount`: no disk keeps anything unwritten. */
export const UNMOUNT_SCRIPT = `#!/bin/sh
sync
# The latest mount first.
grep '^/dev/' /proc/mounts | tac | while read -r device directory rest; do
  umount "$directory" 2>/dev/null || mount -o remount,ro "$directory"
done
sync
`;

/** `/etc/zarch/shutdown`, under the names poweroff, reboot and halt: end all programs, unmount, and ask the machine. */
export const SHUTDOWN_SCRIPT = `#!/bin/sh
action=\${0##*/}
# With options the caller means busybox' own command (poweroff -f).
[ $# -eq 0 ] || exec /bin/busybox "$action" "$@"
trap '' TERM HUP INT
kill -TERM -1
tries=0
while [ $tries -lt 40 ]; do
  others=
  for process in /proc/[0-9]*; do
    # A kernel thread has no program.
    [ -e $process/exe ] || continue
    [ $process = /proc/1 ] || [ $process = /proc/$$ ] || others=yes
  done
  [ -n "$others" ] || break
  tries=$((tries + 1))
  usleep 25000
done
kill -KILL -1
/etc/zarch/unmount
exec /bin/busybox "$action" -f
`;

/** `/etc/zarch/run`: runs the command that the host sends over the control port. */
export const RUN_SCRIPT = `#!/bin/sh
work=/run/zarch
mkdir -p $work

give_up() {
  echo "zarch run: $*" >/dev/console
  exec /sbin/poweroff -f
}

# Sets the variable $1 to the device of the port with the name $2.
find_port() {
  for port in /sys/class/virtio-ports/*; do
    name=
    [ -e $port/name ] && read -r name <$port/name
    if [ "$name" = "$2" ]; then
      eval $1=/dev/\${port##*/}
      [ -c /dev/\${port##*/} ] && return
    fi
  done
  return 1
}

tries=0
until find_port stdin org.zarch.stdin && find_port stdout org.zarch.stdout &&
  find_port stderr org.zarch.stderr && find_port control org.zarch.control; do
  tries=$((tries + 1))
  [ $tries -lt 250 ] || give_up 'found no virtio console ports org.zarch.stdin, .stdout, .stderr and .control'
  usleep 20000
done

exec 3<>$control
echo 'zarch-guest 1' >&3
read -r verb length <&3
[ "$verb" = run ] || give_up "expected the request to run a command, not '$verb'"
head -c "$length" <&3 >$work/command

# Between command and ports are pipes, since a port cannot be opened a second time (as /dev/stdout is, for instance)
# and does not say when its reader has gone.
mkfifo $work/stdin $work/stdout $work/stderr
cat <$stdin >$work/stdin 3>&- &
input=$!
cat <$work/stdout >$stdout 3>&- &
output=$!
cat <$work/stderr >$stderr 3>&- &
errors=$!

while read -r verb argument; do
  [ "$verb" = signal ] && read -r group <$work/group && kill -$argument -$group
done <&3 2>/dev/null &

cd /
export HOME=/root USER=root LOGNAME=root SHELL=/bin/sh TERM=dumb
leader='echo $$ >/run/zarch/group; . /run/zarch/command'
run_command() {
  (exec setsid /bin/sh -c "$leader" zarch) <$work/stdin >$work/stdout 2>$work/stderr 3>&-
}
# The redirection is for this shell's own words about a command that a signal ended.
run_command 2>/dev/null
status=$?

# What the command left running ends with it, so that its output ends too.
again=yes
while [ -n "$again" ]; do
  again=
  for process in /proc/[0-9]*; do
    process=\${process#/proc/}
    case " 1 $$ $output $errors " in *" $process "*) continue ;; esac
    [ -e /proc/$process/exe ] && kill -KILL $process 2>/dev/null && again=yes
  done
  # A process may need a moment to end, one that waits for a disk a long one.
  [ -z "$again" ] || usleep 1000
done
wait $output $errors

/etc/zarch/unmount
echo "exit $status" >&3
while read -r verb rest <&3; do
  [ "$verb" = bye ] && break
done
exec /sbin/poweroff -f
`;

/** `/etc/profile`: for the interactive shell. */
export const PROFILE = `export PATH=/bin:/sbin:/usr/bin:/usr/sbin
PS1='\\h:\\w\\$ '
# busybox' own commands of these names would take two seconds longer.
poweroff() { /sbin/poweroff "$@"; }
reboot() { /sbin/reboot "$@"; }
halt() { /sbin/halt "$@"; }
`;
