# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
#
# What the commands of this folder share: messages, the cache, apt with lists
# of its own, and where a kernel and its parts are found. Sourced, never run;
# the caller has set $here to this folder.

top=$(cd "$here/../.." && pwd)
jobs=${JOBS:-2}
me=${0##*/}

# What others print is read in one language, and the guest's nobody reads our files.
LC_ALL=C
export LC_ALL
umask 022

say() {
	printf '%s: %s\n' "$me" "$*" >&2
}

# die [-STATUS] MESSAGE...: the default status, 125, is "usage or set-up".
die() {
	case $1 in
	-[0-9]*) status=${1#-}; shift ;;
	*) status=125 ;;
	esac
	say "$*"
	exit "$status"
}

cache=${MAPS_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
[ -n "$cache" ] || die "HOME is not set: name a folder for what is downloaded, MAPS_CACHE=/var/tmp/maps"
[ -n "${MAPS_CACHE:-}" ] || cache=$cache/maps

# Neither kbuild nor the kselftest makefiles can have such a path.
for folder in "$top" "$cache"; do
	case $folder in
	*[[:space:]\'\"\`\$\#%:\;\&\|\<\>\(\)\[\]*?\\,]*)
		[ "$folder" = "$top" ] && remedy="move this checkout" || remedy="name another folder in MAPS_CACHE="
		die "no kernel module can be built in a folder of this name: $folder: $remedy (letters, digits and /._+-=@~ are safe)"
		;;
	esac
done

# trouble FOLDER [WORDS]: why nothing can be written there, and what to do about it;
# WORDS where that cannot be seen.
trouble() {
	near=$1
	until [ -e "$near" ]; do
		near=$(dirname "$near")
	done
	free=$(df -Pk "$near" 2>/dev/null | awk 'NR == 2 { print $4 }')
	case $1 in
	"$cache"*) remedy="another folder can be named in MAPS_CACHE=" ;;
	"$top"*) remedy="clone the repository to where you may write" ;;
	*) remedy="another folder can be named in TMPDIR=" ;;
	esac
	if [ ! -d "$near" ]; then
		echo "$near is not a folder; $remedy"
	elif [ "$near" = / ] || [ ! -w "$near" ]; then
		echo "$1 is not there, or cannot be written to; $remedy"
	elif [ "${free:-1024}" -lt 1024 ]; then
		echo "$near is full ($free KiB are left); $remedy"
	else
		echo "${2:-what failed is said above}"
	fi
}

# make_folder FOLDER: so that it can be written to.
make_folder() {
	{ mkdir -p "$1" && [ -w "$1" ]; } 2>/dev/null || die "cannot write to $1: $(trouble "$1")"
}

# Before something is fetched: apt can wait for ever when the disk fills.
need_cache() {
	make_folder "$cache"
	free=$(df -Pk "$cache" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge 256 ] ||
		die "$cache is too full: what is fetched needs 256 MiB there, and $free are left; another folder can be named in MAPS_CACHE="
}

# make_tmp: sets tmp to a new folder.
make_tmp() {
	tmp=$(mktemp -d 2>/dev/null) || die "cannot make a temporary folder: $(trouble "${TMPDIR:-/tmp}")"
}

# set_up_ended STATUS FOLDER...: for a trap on EXIT of what only sets things up: any
# failure that nobody has explained is one of the set-up, and is perhaps for want of
# room in one of the folders.
set_up_ended() {
	status=$1
	shift
	case $status in
	0 | 125) return ;;
	esac
	words=
	for folder; do
		words=$(trouble "$folder" "$words")
	done
	die "the set-up failed ($status): $words"
}

# Debian's name of this machine's architecture.
host_arch() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) echo arm64 ;;
	i?86) echo i386 ;;
	armv7*) echo armhf ;;
	ppc64le) echo ppc64el ;;
	mips64) echo mips64el ;;
	*) uname -m ;;
	esac
}

# The code name of the Debian release that this machine runs, or nothing.
host_release() {
	(
		[ -r /etc/os-release ] && . /etc/os-release
		[ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-sid}"
	) || :
}

# Sets mirror and security to the Debian archives that this machine's own apt
# sources name; MIRROR= and SECURITY= in the environment come first.
find_mirrors() {
	mirror=${MIRROR:-}
	security=${SECURITY:-}
	[ -z "$mirror" ] || return 0
	command -v apt-get >/dev/null ||
		die "no apt here: name a kernel yourself (KERNEL= KDIR= KSRC=), or a Debian mirror (MIRROR=) and install apt"
	targets=$(index_targets)
	if [ -z "$targets" ]; then
		# A fresh machine has no lists yet: read the sources into ours.
		make_folder "$cache/apt/host/lists/partial"
		make_folder "$cache/apt/host/archives/partial"
		set -- -o "Dir::State::lists=$cache/apt/host/lists" \
			-o "Dir::Cache=$cache/apt/host" -o APT::Sandbox::User=root
		status=0
		locked apt-host apt-get "$@" -qq -o APT::Update::Error-Mode=any update >&2 || status=$?
		targets=$(index_targets "$@")
		[ "$status" = 0 ] || [ -n "$targets" ] ||
			die "cannot read what this machine's apt sources name: $(trouble "$cache/apt/host" "$no_network")"
	fi
	mirror=$(echo "$targets" | awk '$2 == "Debian" { print $1; exit }')
	security=$(echo "$targets" | awk '$2 == "Debian-Security" { print $1; exit }')
	[ -n "$mirror" ] ||
		die "this machine's apt sources name no Debian mirror: give one as MIRROR=, or a kernel as KERNEL= KDIR= KSRC="
}

index_targets() {
	# shellcheck disable=SC2016 # apt expands these
	apt-get "$@" indextargets --format '$(REPO_URI) $(LABEL)' 'Identifier: Packages'
}

no_network="is there a network? apt's own words are above. Behind a proxy, set http_proxy=. Then run this again"

# apt_open RELEASE ARCH: apt lists of our own for another release or machine.
# Afterwards, apt_get and apt_cache use them. Needs no root.
apt_open() {
	apt_root=$cache/apt/$1-$2
	apt_arch=$2
	have_lists || locked "apt-$1-$2" make_lists "$1" "$2" >&2
}

have_lists() {
	[ -s "$apt_root/ready" ] || return 1
	for list in "$apt_root"/lists/*_Packages*; do
		[ ! -s "$list" ] || return 0
	done
	return 1
}

# The folder is whole when the file "ready" is there, which comes last.
make_lists() {
	! have_lists || return 0
	need_cache
	find_mirrors
	rm -rf "$apt_root"
	make_folder "$apt_root/lists/partial"
	make_folder "$apt_root/archives/partial"
	mkdir "$apt_root/none"
	: >"$apt_root/status"
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	signed=
	[ ! -r "$keyring" ] || signed="[signed-by=$keyring] "
	{
		echo "deb $signed$mirror ${1%-backports} main"
		case $1 in
		sid | experimental) ;;
		*-backports)
			echo "deb $signed$mirror $1 main"
			;;
		*)
			echo "deb $signed$mirror $1-updates main"
			[ -z "$security" ] || echo "deb $signed$security $1-security main"
			;;
		esac
	} >"$apt_root/sources.list"
	cat >"$apt_root/apt.conf" <<-EOF
	#clear APT::Update;
	#clear APT::Architectures;
	#clear DPkg;
	APT::Architecture "$2";
	APT::Architectures { "$2"; };
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::Retries "3";
	Dir::State "$apt_root";
	Dir::State::lists "$apt_root/lists";
	Dir::State::status "$apt_root/status";
	Dir::Cache "$apt_root";
	Dir::Etc::sourcelist "$apt_root/sources.list";
	Dir::Etc::sourceparts "$apt_root/none";
	Dir::Etc::preferences "$apt_root/none/preferences";
	Dir::Etc::preferencesparts "$apt_root/none";
	EOF
	say "reading the package lists of Debian $1 ($2)"
	update_lists || {
		# A mirror may keep lists of rarer machines that do not match.
		grep -Eq 'Hash Sum mismatch|unexpected size' "$apt_root/update.log" ||
			die "cannot read the package lists of Debian $1 ($2): $(trouble "$apt_root" "$no_network")"
		say "the lists of updates to $1 ($2) do not match the mirror's own sums: going without"
		sed -i '/-\(updates\|security\) main$/d' "$apt_root/sources.list"
		update_lists || die "cannot read the package lists of Debian $1 ($2)"
	}
	echo yes >"$apt_root/ready"
	have_lists || die "the mirror has no package lists of Debian $1 ($2)"
}

# Without the option, apt-get succeeds when it has fetched nothing.
update_lists() {
	apt_get -o APT::Update::Error-Mode=any update 2>"$apt_root/update.log" || {
		cat "$apt_root/update.log" >&2
		return 1
	}
}

apt_get() {
	apt-get -c "$apt_root/apt.conf" -qq "$@"
}

apt_cache() {
	apt-cache -c "$apt_root/apt.conf" "$@"
}

# apt_unpack DIR PACKAGE[=VERSION]...: download and unpack into DIR.
apt_unpack() {
	to=$1
	shift
	mkdir -p "$to/.deb"
	say "fetching $*"
	for wanted; do
		(cd "$to/.deb" && apt_fetch "$wanted") || die "cannot fetch $wanted: $(trouble "$to" "$no_network")"
	done
	for deb in "$to"/.deb/*.deb; do
		dpkg-deb -x "$deb" "$to" || die "cannot unpack ${deb##*/}: $(trouble "$to")"
	done
	rm -r "$to/.deb"
}

# The lists of a release keep the images of older kernels and drop the headers;
# the pool keeps both, but then no list vouches for them.
apt_fetch() {
	[ ! -e "$cache/kept/$1.deb" ] || {
		mv "$cache/kept/$1.deb" .
		return
	}
	known=$(apt_cache show "$1" 2>/dev/null) || known=
	if [ -n "$known" ]; then
		apt_get download "$1" >&2 || { update_lists && apt_get download "$1"; } >&2
		return
	fi
	arch_part=_$apt_arch
	case $1 in
	*-common* | linux-source*) arch_part=_all ;;
	esac
	find_mirrors
	file=$(echo "$1" | tr '=' _)$arch_part.deb
	say "$1 is in no list any more: from the mirror's pool, unsigned"
	/usr/lib/apt/apt-helper -c "$apt_root/apt.conf" -qq download-file \
		"${mirror%/}/pool/main/l/linux/$file" "$file" >&2
}

# in_chroot ROOT COMMAND...: with the cache and the build folder where they are
# outside. The mounts are in a name space of their own, and go with it.
in_chroot() {
	root=$1
	shift
	mkdir -p "$root$cache" "$root$top/build"
	# shellcheck disable=SC2016 # for the inner shell
	set -- unshare --mount --pid --fork sh -euc '
		root=$1 cache=$2 build=$3
		shift 3
		mount -t proc proc "$root/proc"
		mount --bind "$cache" "$root$cache"
		mount --bind "$build" "$root$build"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 chroot "$root" "$@"
		' in_chroot "$root" "$cache" "$top/build" "$@"
	if [ "$(id -u)" != 0 ]; then
		shift
		set -- unshare --map-root-user --map-auto "$@"
	fi
	"$@"
}

# locked NAME COMMAND...: run a function while nobody else does, so that two
# runs at once fetch or build a thing once.
locked() {
	make_folder "$cache/lock"
	(
		flock -w 5 9 || {
			say "another run has $1 in hand: waiting for it"
			flock 9
		}
		shift
		"$@"
	) 9>"$cache/lock/$1"
}

debug_kernels="kasan, lockdep, kcsan, gcov, gcov-newest"

is_debug_kernel() {
	case ", $debug_kernels," in
	*", $1,"*) ;;
	*) return 1 ;;
	esac
}

# find_kernel NAME|PATH ARCH: sets k_name (for folders of ours), k_version,
# k_image, k_modules (a root for modprobe -d, or nothing) and k_headers (how to
# get KDIR). A path is an image file, or a kernel tree that has been built.
find_kernel() {
	k_checkers=
	if is_debug_kernel "$1"; then
		tree=$("$here/debug-kernel" "$1") || exit
		find_kernel_path "$tree" "$2"
		k_checkers=$1
		return
	fi
	case $1 in
	*/*) find_kernel_path "$1" "$2" ;;
	*)
		k_dir=$("$here/fetch" kernel --kernel "$1" --arch "$2") || exit
		k_release=$(cat "$k_dir/release")
		k_image=$k_dir/vmlinuz
		k_modules=$k_dir
		k_version=$(cat "$k_dir/version")
		k_name=$2-${k_dir##*/}
		;;
	esac
}

find_kernel_path() {
	k_release=
	[ -e "$1" ] || die "no kernel at $1"
	if [ -d "$1" ]; then
		k_dir=$(cd "$1" && pwd)
		k_version=$(cat "$k_dir/include/config/kernel.release") ||
			die "$1 is not a kernel tree that has been built"
		k_image=$(tree_image "$k_dir")
		grep -q '^CONFIG_VIRTIO_CONSOLE=y' "$k_dir/.config" ||
			die "the kernel in $1 needs VIRTIO_PCI=y and VIRTIO_CONSOLE=y: its modules are not looked for"
		k_modules=
		k_name=$2-tree-$(echo "$k_dir" | cksum | tr ' ' -)
	else
		k_dir=
		k_image=$(readlink -f "$1")
		k_version=$(image_version "$k_image")
		[ -n "$k_version" ] || die "$1 is no kernel image for x86, and of no other machine is one taken by its path: give a built tree"
		# Its modules lie beside it, as in the cache, or are installed.
		for k_modules in "$(dirname "$k_image")" / ''; do
			[ ! -d "$k_modules/lib/modules/$k_version" ] || break
		done
		k_name=$2-$k_version-$(echo "$k_image" | cksum | tr ' ' -)
	fi
}

# Where a kernel tree leaves what a boot loader wants.
tree_image() {
	for image in arch/x86/boot/bzImage arch/arm64/boot/Image arch/arm/boot/zImage \
		arch/riscv/boot/Image arch/s390/boot/bzImage vmlinux; do
		[ -e "$1/$image" ] && echo "$1/$image" && return
	done
	die "no kernel image in $1"
}

# The x86 boot header points at the version (Documentation/arch/x86/boot.rst).
image_version() {
	[ "$(dd if="$1" bs=1 skip=514 count=4 2>/dev/null)" = HdrS ] || return 0
	at=$(od -An -tu2 -j 526 -N 2 "$1" | tr -d ' ')
	dd if="$1" bs=1 skip=$((at + 512)) count=128 2>/dev/null | tr '\0' '\n' |
		awk 'NR == 1 { print $1 }'
}

# KDIR of the kernel that find_kernel found: the environment's comes first.
find_headers() {
	if [ -n "${KDIR:-}" ]; then
		echo "$KDIR"
	elif [ -n "$k_dir" ] && [ -e "$k_dir/Module.symvers" ]; then
		echo "$k_dir"
	elif [ -z "$k_dir" ]; then
		echo "/lib/modules/$k_version/build"
	else
		"$here/fetch" headers --kernel "$1" --arch "$2"
	fi
}

# find_machine ARCH: what QEMU is given for it, and the prefix of its compiler.
# The processor is spelled out, so that counts are the same with every version
# of QEMU. amd64: the plainest one, plus what the tests are to meet (pages of
# 2 MiB and 1 GiB, supervisor access prevention, fast string operations). The
# 32-bit ones have more memory than the kernel maps: some of it is highmem.
# no_timer_check: on a busy host the timer may well miss its test. m_clock: what
# keeps time where the guest would measure its TSC wrong, and notsc, without which
# the scheduler and the watchdogs still go by it.
find_machine() {
	m_bus=virtio-serial-pci
	m_drivers="virtio_pci virtio_console"
	m_append=
	m_clock=
	m_console=ttyS0
	m_tty=hvc0
	m_memory=512M
	m_max_cpus=64
	case $1 in
	amd64)
		m_package=qemu-system-x86
		m_qemu=qemu-system-x86_64
		m_cross=x86_64-linux-gnu-
		m_machine=q35
		m_cpu=qemu64,+smep,+smap,+umip,+erms,+fsgsbase,+rdrand,+rdtscp,+pdpe1gb,+ssse3,+sse4.1,+sse4.2,+popcnt
		m_append="tsc=reliable no_timer_check"
		m_clock="clocksource=hpet notsc"
		;;
	i386)
		m_package=qemu-system-x86
		m_qemu=qemu-system-i386
		m_cross=i686-linux-gnu-
		m_machine=q35
		m_cpu=qemu32,+pae,+nx,+smep,+erms,+rdrand
		m_append="tsc=reliable no_timer_check"
		m_clock="clocksource=hpet notsc"
		m_memory=1200M
		;;
	arm64)
		m_package=qemu-system-arm
		m_qemu=qemu-system-aarch64
		m_cross=aarch64-linux-gnu-
		m_machine=virt
		m_cpu=cortex-a76
		m_console=ttyAMA0
		;;
	armhf)
		m_package=qemu-system-arm
		m_qemu=qemu-system-arm
		m_cross=arm-linux-gnueabihf-
		m_machine=virt,highmem=off
		m_cpu=cortex-a15
		m_console=ttyAMA0
		m_memory=1200M
		;;
	riscv64)
		m_package=qemu-system-misc
		m_qemu=qemu-system-riscv64
		m_cross=riscv64-linux-gnu-
		m_machine=virt
		m_cpu=rv64
		;;
	ppc64el)
		m_package=qemu-system-ppc
		m_qemu=qemu-system-ppc64
		m_cross=powerpc64le-linux-gnu-
		m_machine=pseries
		m_cpu=power9
		m_console=hvc0
		m_tty=hvc1
		m_memory=2G
		;;
	s390x)
		m_package=qemu-system-misc
		m_qemu=qemu-system-s390x
		m_cross=s390x-linux-gnu-
		m_machine=s390-ccw-virtio
		m_cpu=qemu
		m_console=ttysclp0
		m_bus=virtio-serial-ccw
		m_drivers=virtio_console
		;;
	mips64el)
		m_package=qemu-system-mips
		m_qemu=qemu-system-mips64el
		m_cross=mips64el-linux-gnuabi64-
		m_machine=malta
		m_max_cpus=1
		m_cpu=5KEf
		;;
	*)
		die "no machine of the architecture $1: it is amd64, arm64, armhf, i386, mips64el, ppc64el, riscv64 or s390x"
		;;
	esac
}

# KVM only where the processor has it, whatever /dev/kvm says.
kvm_usable() {
	[ "$1" = "$(host_arch)" ] && [ -w /dev/kvm ] || return 1
	case $1 in
	amd64 | i386) grep -Eqw 'vmx|svm' /proc/cpuinfo ;;
	*) return 0 ;;
	esac
}
