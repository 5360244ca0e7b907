# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# TAP lines and the closing line, for checks written in shell. Sourced.

passed=0
failed=0

# verdict STATUS NAME...: one result.
verdict() {
	status=$1
	shift
	if [ "$status" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) $*"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) $*"
	fi
}

# closing: the last line; its status is the run's.
closing() {
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
