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

# run_part COMMAND LOG: leaves status, and in LOG what COMMAND said. Once more if a
# guest died of its emulator (status 208 of tools/vm/run): LOG.tripped tells of it.
run_part() {
	rm -f "$2.tripped"
	status=0
	sh -c "$1" >"$2" 2>&1 </dev/null || status=$?
	if [ "$status" != 0 ] && grep -q '^run: the emulator tripped' "$2"; then
		mv "$2" "$2.tripped"
		status=0
		sh -c "$1" >"$2" 2>&1 </dev/null || status=$?
	fi
}

# count_tripped LOG.tripped...: a line about those, if there are any.
count_tripped() {
	[ ! -e "$1" ] || echo "$# parts were run once more, as the emulator had tripped: $*"
}

# closing: the last line; its status is the run's.
closing() {
	echo "$passed passed, $failed failed, 0 skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# For --allow where allocations are made to fail, what Linux 6.1 itself does wrong
# then: a warning when there is no memory for what tells the fields of a
# module's tracepoints, and the name of a class that it could not register.
# shellcheck disable=SC2034 # for those who source this
kernels_own='at kernel/trace/trace_events.c:.* event_define_fields|kmemleak: ([0-9]+ new suspected|suspected memory leak of .* __class_register )'
