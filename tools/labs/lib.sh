# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What "make lab" and its check share: compile a grader, run it over a module in
# a booted machine, and say what the kernel's complaints mean. Sourced; the
# caller has set $here to this folder.

top=$(cd "$here/../.." && pwd)
labs=$top/Documentation/labs
me=${0##*/}

die() {
	printf '%s: %s\n' "$me" "$*" >&2
	exit 125
}

# The learner's file for user space that belongs to a lab, without its .c.
extra_of() {
	case $1 in
	3) echo ways ;;
	5) echo predictions ;;
	esac
}

# make_grader N OUT [SOURCE]
make_grader() {
	n=$1
	out=$2
	shift 2
	"$top/tools/vm/setup" gcc libc6-dev
	gcc -std=gnu11 -O2 -Wall -Wextra -static -D_GNU_SOURCE -I"$here" \
		-I"$labs/given" -o "$out" "$here/grade.c" "$here/grade$n.c" "$@"
}

# The grader announces each criterion before it tries it. Keep only the
# announcement that the kernel did not let it come back from.
report() {
	awk '
	/^  trying  / { trying = $0; next }
	{ print; if (/^  (passed|FAILED)  /) trying = "" }
	END {
		if (trying == "")
			exit
		sub(/^  trying  /, "  FAILED  ", trying)
		print trying
		print "          seen: the kernel never came back from it."
	}'
}

# What the kernel complained of: our own check of the counts says it best, else
# the report by which tools/vm/run gave up, its last line.
complaint() {
	grep -m 1 -o 'lab: page .* is held .*' "$1" ||
		sed -n '$s/^run: \(\[ *[0-9.]*\] *\)\{0,1\}\(\[ *[TC][0-9]*\] *\)\{0,1\}//p' "$1.err"
}

# where LOG KO: the line of the module's own source that the first complaint
# leads to, as "FILE:LINE FUNCTION"; nothing if it leads nowhere in there.
where() {
	name=$(basename "$2" .ko)
	grep -E '(RIP: [0-9]+:| )[a-z_0-9.]+\+0x[0-9a-f]+/0x[0-9a-f]+ \['"$name"'\]' "$1" |
		grep -v ' ? ' |
		sed -E 's/.*[: ]([a-z_0-9.]+)\+(0x[0-9a-f]+)\/.*/\1 \2/' |
		while read -r symbol offset; do
			place=$(objdump -t "$2" | awk -v s="$symbol" '$NF == s && $3 == "F" { print $1, $4 }')
			[ -n "$place" ] || continue
			# A call's return address is behind it: the byte before is inside.
			address=$((0x${place% *} + offset))
			grep -q "RIP: [0-9]*:$symbol+$offset/" "$1" || address=$((address - 1))
			addr2line -f -i -e "$2" -j "${place#* }" "$(printf '0x%x' "$address")" |
				awk -v file="/$name.c:" '
				NR % 2 { function_name = $0; next }
				index($0, file) { sub(/ \(.*/, ""); sub(/.*\//, ""); print $0, function_name; exit }' |
				grep . && break
		done
}

# explain STATUS LOG KO SOURCE
explain() {
	case $1 in
	200) echo "The machine did not boot, or went down: see $2" ;;
	201) echo "The machine hung, and was stopped." ;;
	206) echo "The module refused to load." ;;
	207) echo "The module could not be unloaded: something still holds it." ;;
	esac
	words=$(complaint "$2")
	echo "The virtual machine's kernel said: $words"

	code=
	line=$(where "$2" "$3")
	if [ -n "$line" ]; then
		number=${line#*:}
		number=${number%% *}
		echo "It came to that from lab.c, line $number, in ${line##* }():"
		code=$(sed -n "${number}s/^[[:space:]]*//p" "$4")
		echo "    $code"
	fi
	awk -F '\t' -v words="$words in: $code" '
	!/^#/ && words ~ $1 { print "That is: " $2; exit }' "$here/explanations" |
		fold -s -w 80
}

# grade KO GRADER SOURCE LOG: prints the report; fails unless all passed.
grade() {
	status=0
	"$top/tools/vm/run" --module "$1" --add "$2" --log "$4" --timeout 120 -- \
		"./$(basename "$2")" >"$4.out" 2>"$4.err" || status=$?
	report <"$4.out"
	case $status in
	0 | 1) return "$status" ;;
	125) cat "$4.err" >&2; exit 125 ;;
	esac
	echo
	explain "$status" "$4" "$1" "$3"
	return 1
}
