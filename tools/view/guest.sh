#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of tools/view/check: programs with known pages, looked at; what
# maps-view said goes out as an archive.
set -eu
mkdir /tmp/out
out=/tmp/out

if [ "$(cat /sys/class/misc/maps0/npages)" = 1024 ]; then
	pid=$(toucher -n 1024 -s r0-1023)
	maps-view -p "$pid" --letters >$out/huge
	tar -C $out -cf - .
	exit
fi

pid=$(toucher r0-7 w2 w5 g2)
maps-view -p "$pid" --letters >$out/private
maps-view -p "$pid" --frames >$out/frames
maps-view -p "$pid" --json >$out/json
maps-view -p "$pid" --svg >$out/svg
cat /sys/kernel/debug/maps/frames >$out/debugfs
su nobody -s /bin/sh -c "/maps/maps-view -p $pid" >$out/refused 2>&1 || echo "status $?" >>$out/refused

pid=$(toucher -s r0-7 w2 w5)
maps-view -p "$pid" --letters >$out/shared

pid=$(toucher -d /dev/maps-remap_pfn -s)
maps-view -p "$pid" --letters >$out/remapped

pid=$(toucher r0-7 w2 w5 d1-2)
maps-view -p "$pid" --letters >$out/dropped

chmod 666 /dev/maps0
cp maps-view toucher /tmp
chmod 777 $out
# shellcheck disable=SC2016 # nobody's shell expands it
su nobody -s /bin/sh -c '
	pid=$(/tmp/toucher r0-7 w2 w5) &&
	/tmp/maps-view -p "$pid" --letters >/tmp/out/nobody &&
	/tmp/maps-view -p "$pid" --json >/tmp/out/nobody.json'

maps-view -p 99999 >$out/absent 2>&1 || echo "status $?" >>$out/absent
maps-view --nonsense >$out/usage 2>&1 || echo "status $?" >>$out/usage

# shellcheck disable=SC2046 # one word each
kill $(pidof toucher)
while pidof toucher >/dev/null; do
	:
done
rmmod maps
maps-view >$out/unloaded 2>&1 || :
maps-view -p 1 >$out/unloaded-pid 2>&1 || :
tar -C $out -cf - .
