# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# What "make lab" and its check share: compile a grader and the learner's
# program, run them over a module in a booted machine, and explain how that
# ended. Sourced; the caller has set $here to this folder.

top=$(cd "$here/../.." && pwd)
labs=$top/Documentation/labs
me=${0##*/}

# A grading ends in half a minute, whatever hangs: the grader gives up on a
# process after seconds. This is for a machine in which nothing runs any more.
seconds=25

# die [-STATUS] MESSAGE...
die() {
	case $1 in
	-[0-9]*) status=${1#-}; shift ;;
	*) status=125 ;;
	esac
	printf '%s: %s\n' "$me" "$*" >&2
	exit "$status"
}

# The learner's file for user space that belongs to a lab, without its .c.
extra_of() {
	case $1 in
	3) echo ways ;;
	5) echo predictions ;;
	esac
}

compile() {
	gcc -std=gnu11 -O2 -Wall -Wextra -static -D_GNU_SOURCE -I"$here" -I"$labs/given" -o "$@"
}

# make_grader N FOLDER: FOLDER/grade
make_grader() {
	"$top/tools/vm/setup" gcc libc6-dev
	compile "$2/grade" "$here/grade.c" "$here/grade$1.c"
}

# make_program N FOLDER SOURCE: the learner's part for user space, a program of
# its own: it cannot reach the grader.
make_program() {
	compile "$2/$(extra_of "$1")" "$here/program$1.c" "$3"
}

# The grader announces how many criteria there are, and each before it tries it.
# Keep only the announcement that the kernel did not let it come back from, and
# count if it could not.
report() {
	awk '
	/^  total   / { total = $2; next }
	/^  trying  / { trying = $0; next }
	{ print }
	/^  (passed|FAILED)  / { trying = ""; tried++; passed += $1 == "passed" }
	/^[0-9]+ of [0-9]+ passed/ { counted = 1 }
	END {
		if (trying != "") {
			sub(/^  trying  /, "  FAILED  ", trying)
			print trying
			print "          seen: the kernel never came back from it"
			tried++
		}
		if (!counted && total) {
			printf "\n%d of %d passed", passed, total
			print tried < total ? ", " total - tried " not tried" : ""
		}
	}'
}

# where LOG KO: the line of the module's own source that the first stack in the
# log leads to, as "FILE:LINE FUNCTION"; nothing if it leads nowhere in there.
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

# explain STATUS LOG KO SOURCE: what became of a machine that the grader did not
# end in order.
explain() {
	words=
	case $1 in
	200)
		if grep -q '^[0-9]* of [0-9]* passed' "$2.out"; then
			echo "A process hung in the kernel. The machine was stopped."
		else
			echo "The machine went down, and the kernel's log does not tell why."
		fi
		;;
	201) echo "Nothing ran any more in the machine; it was stopped after $seconds s." ;;
	*)
		# tools/vm/run ends with the report that made it give up.
		words=$(sed -n '$s/^run: \(\[ *[0-9.]*\] *\)\{0,1\}\(\[ *[TC][0-9]*\] *\)\{0,1\}//p' "$2.err")
		echo "The virtual machine's kernel reported: $words"
		;;
	esac

	code=
	line=$(where "$2" "$3")
	if [ -n "$line" ]; then
		number=${line#*:}
		number=${number%% *}
		echo "It was called from ${4#"$top/"}:$number, in ${line##* }():"
		code=$(sed -n "${number}s/^[[:space:]]*//p" "$4")
		echo "    $code"
	fi
	[ -z "$words" ] || awk -F '\t' -v words="$words in: $code" '
	!/^#/ && words ~ $1 { print $2; exit }' "$here/explanations" | fold -s -w 80 | sed 's/ $//'
}

# grade KO FOLDER SOURCE LOG: runs FOLDER/grade, with the learner's program that
# may be beside it; prints the report; fails unless all passed.
grade() {
	status=0
	set -- "$@" --add "$1" --add "$2/grade"
	for program in "$2/ways" "$2/predictions"; do
		[ ! -e "$program" ] || set -- "$@" --add "$program"
	done
	ko=$1 source=$3 log=$4
	shift 4
	"$top/tools/vm/run" --no-module "$@" --log "$log" --timeout "$seconds" -- \
		./grade "${ko##*/}" >"$log.out" 2>"$log.err" || status=$?
	report <"$log.out"
	case $status in
	0 | 1) return "$status" ;;
	2) return 1 ;;
	125) cat "$log.err" >&2; exit 125 ;;
	esac
	echo
	explain "$status" "$log" "$ko" "$source"
	return 1
}
