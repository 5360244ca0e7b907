#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# with_module.sh COMMAND [ARG]...: loads the module, runs COMMAND, unloads the
# module. The exit status is COMMAND's, or 1 when it printed "not ok" and yet
# succeeded, as the runner of older kernels does:
#
#	maps/with_module.sh ./run_kselftest.sh -c maps
#
# The module is the file that MAPS_KO names, or the one that modprobe finds;
# MAPS_PARAMS are its parameters. Already loaded, it is used as it is and stays.
# Skips (status 4) when not root, and when there is no module.

skip() {
	echo "TAP version 13"
	echo "1..0 # SKIP $*"
	exit 4
}

# shellcheck disable=SC2086 # MAPS_PARAMS is a list of words
load() {
	if [ -n "$MAPS_KO" ]; then
		insmod "$MAPS_KO" $MAPS_PARAMS
	elif modprobe -n maps 2>/dev/null; then
		modprobe maps $MAPS_PARAMS
	else
		skip "no module maps (install it, or name the file: MAPS_KO=)"
	fi
}

if [ $# = 0 ]; then
	echo "usage: $0 COMMAND [ARG]..." >&2
	exit 1
fi
[ "$(id -u)" = 0 ] || skip "only root may load a module"

loaded=
if [ ! -d /sys/module/maps ]; then
	load || exit 1
	loaded=yes
fi

# The status of COMMAND, which is on the near side of the pipe, is said last.
{
	"$@"
	echo "with_module: status $?"
} | awk '
	/^with_module: status [0-9]+$/ { status = $3; next }
	/^not ok / { failed = 1 }
	{ print; fflush() }
	END { exit status ? status : failed }'
status=$?

if [ -n "$loaded" ] && ! rmmod maps; then
	echo "# the module could not be unloaded"
	[ $status != 0 ] || status=1
fi
exit $status
