#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of tools/view/check: programs with known pages, looked at; what
# maps-view said goes out as an archive.
set -eu
mkdir /tmp/out
out=/tmp/out

# start NAME ARGUMENTS: toucher, until it is ready; its number in $pid.
start() {
	mkfifo "/tmp/$1"
	held=$1
	shift
	toucher "$@" <"/tmp/$held" >"/tmp/$held.ready" &
	pid=$!
	exec 9>"/tmp/$held"
	until [ -s "/tmp/$held.ready" ]; do
		kill -0 "$pid"
		usleep 20000
	done
}

if [ "$(cat /sys/class/maps/maps0/npages)" = 1024 ]; then
	start huge -n 1024 -s r0-1023
	maps-view -p "$pid" --letters >$out/huge
	tar -C $out -cf - .
	exit
fi

start private r0-7 w2 w5 g2
maps-view -p "$pid" --letters >$out/private
maps-view -p "$pid" --frames >$out/frames
maps-view -p "$pid" --json >$out/json
maps-view -p "$pid" --svg >$out/svg
cat /sys/kernel/debug/maps/frames >$out/debugfs
su nobody -s /bin/sh -c "/maps/maps-view -p $pid" >$out/refused 2>&1 || echo "status $?" >>$out/refused

start shared -s r0-7 w2 w5
maps-view -p "$pid" --letters >$out/shared

start remapped -d /dev/maps-remap_pfn -s
maps-view -p "$pid" --letters >$out/remapped

start dropped r0-7 w2 w5 d1-2
maps-view -p "$pid" --letters >$out/dropped

chmod 666 /dev/maps0
cp maps-view toucher /tmp
cat >/tmp/as-nobody <<'SCRIPT'
mkfifo /tmp/hold
/tmp/toucher r0-7 w2 w5 </tmp/hold >/tmp/nobody.ready &
exec 9>/tmp/hold
until [ -s /tmp/nobody.ready ]; do
	kill -0 $! || exit
	usleep 20000
done
/tmp/maps-view -p $! --letters >/tmp/out/nobody
/tmp/maps-view -p $! --json >/tmp/out/nobody.json
SCRIPT
chmod 777 $out /tmp
su nobody -s /bin/sh -c "sh /tmp/as-nobody"

maps-view -p 99999 >$out/absent 2>&1 || echo "status $?" >>$out/absent
maps-view --nonsense >$out/usage 2>&1 || echo "status $?" >>$out/usage
tar -C $out -cf - .
