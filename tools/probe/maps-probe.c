// SPDX-License-Identifier: GPL-2.0-only
/*
 * maps-probe: the command line, which probes may be asked, and the asking.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define EXIT_USAGE	2
#define EXIT_NOTHING	4

#define FB_MAJOR	29
#define MAX_NAMES	32

static const char usage[] =
	"usage: maps-probe NODE --length SIZE [--offset SIZE] [OPTION]...\n"
	"       maps-probe --fd NUMBER --length SIZE [--offset SIZE] [OPTION]...\n"
	"       maps-probe --subject NAME [OPTION]...\n"
	"       maps-probe --all [OPTION]...\n"
	"       maps-probe --list | --rules | --help\n"
	"  --length, --offset  of the memory, as mmap() takes them: 65536, 0x10000, 64K, 1M\n"
	"  --write             may write to the memory (its content is lost)\n"
	"  --unsafe            may touch what is behind the end and areas with VM_IO, probe block\n"
	"                      devices and framebuffers, and change the machine for a moment\n"
	"  --read-only         open the node read-only; without --write it always is\n"
	"  --one-open          open the node once: for a driver that lets nobody open it again\n"
	"  --only, --without PROBE\n"
	"                      ask only these probes, or all but these\n"
	"  --explain           print what each probe does\n"
	"  --tap, --json       print KTAP with a test for each rule, or JSON\n"
	"Exit status: 0 no rule is broken, 1 one is, 2 wrong usage, 4 nothing could be asked.\n";

static struct {
	const char	*node;
	const char	*setup;
	const char	*fd;
	const char	*length;
	const char	*offset;
	const char	*only[MAX_NAMES];
	const char	*without[MAX_NAMES];
	size_t		nr_only;
	size_t		nr_without;
	int		all;
	int		write;
	int		unsafe;
	int		read_only;
	int		one_open;
	int		explain;
	int		form;
} options;

/* The descriptor that was inherited, or opened once. */
static int kept_fd = -1;

static _Noreturn void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "maps-probe: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(EXIT_USAGE);
}

static unsigned long long size_of(const char *option, const char *text)
{
	unsigned long long size;
	char *end;

	if (!text)
		return 0;
	errno = 0;
	size = strtoull(text, &end, 0);
	if (*end && strchr("kKmMgG", *end)) {
		size <<= tolower(*end) == 'k' ? 10 : tolower(*end) == 'm' ? 20 : 30;
		end++;
	}
	if (errno || end == text || *end || !isdigit(*text))
		die("--%s %s: not a size (65536, 0x10000, 64K, 1M)", option, text);
	if (size % page_size())
		die("--%s %s: not a multiple of the page size, %zu", option, text, page_size());
	return size;
}

static int open_node(const struct subject *subject, struct target *t, int access)
{
	t->fd = open(subject->node, access | O_CLOEXEC | O_NONBLOCK);
	return t->fd < 0 ? -1 : 0;
}

static int open_kept(const struct subject *subject, struct target *t, int access)
{
	(void)subject;
	(void)access;
	t->fd = fcntl(kept_fd, F_DUPFD_CLOEXEC, 3);
	return t->fd < 0 ? -1 : 0;
}

/* A device whose content matters to others, or is seen on a screen, wants to be named twice. */
static void check_kind(const struct stat *st, const char *name)
{
	if (options.unsafe)
		return;
	if (S_ISBLK(st->st_mode))
		die("%s is a block device: not without --unsafe", name);
	if (S_ISCHR(st->st_mode) && major(st->st_rdev) == FB_MAJOR)
		die("%s is a framebuffer: not without --unsafe", name);
}

static struct subject subject_of_options(void)
{
	struct subject subject = { .open = open_node, .how = "" };
	int access = options.write && !options.read_only ? O_RDWR : O_RDONLY;
	struct stat st;

	if (options.fd) {
		char *end;

		kept_fd = strtol(options.fd, &end, 10);
		if (*end || end == options.fd || fcntl(kept_fd, F_GETFL) < 0)
			die("--fd %s: not an open descriptor", options.fd);
		access = fcntl(kept_fd, F_GETFL) & O_ACCMODE;
		if (access == O_WRONLY)
			die("--fd %s: cannot be read, so it cannot be mapped", options.fd);
		snprintf(subject.name, sizeof(subject.name), "descriptor %s", options.fd);
		fstat(kept_fd, &st);
	} else {
		snprintf(subject.name, sizeof(subject.name), "%s", options.node);
		if (strlen(options.node) >= sizeof(subject.node))
			die("%s: the path is too long", options.node);
		strcpy(subject.node, options.node);
		if (stat(options.node, &st))
			die("%s: %s", options.node, strerror(errno));
		if (S_ISDIR(st.st_mode))
			die("%s is a folder", options.node);
	}
	check_kind(&st, subject.name);
	if (options.one_open && !options.fd) {
		kept_fd = open(options.node, access | O_CLOEXEC | O_NONBLOCK);
		if (kept_fd < 0)
			die("%s: %s", options.node, strerror(errno));
	}
	if (kept_fd >= 0) {
		subject.open = open_kept;
		subject.traits |= access == O_RDONLY ? READ_ONLY : ANY_ACCESS;
	}
	subject.offset = (off_t)size_of("offset", options.offset);
	subject.length = size_of("length", options.length);
	if (!subject.length && S_ISREG(st.st_mode))
		subject.length = (st.st_size + page_size() - 1) & -page_size();
	if (!subject.length)
		die("%s: give the length of its memory, as in --length 64K", subject.name);
	return subject;
}

static bool is_named(const char * const *names, size_t nr, const char *name)
{
	while (nr--)
		if (!strcmp(names[nr], name))
			return true;
	return false;
}

/* What a probe needs that this subject, or the user, does not give; NULL if nothing. */
static const char *why_not(const struct probe *probe, const struct subject *subject, bool io)
{
	const unsigned int traits = subject->traits;

	if ((options.nr_only && !is_named(options.only, options.nr_only, probe->name)) ||
	    is_named(options.without, options.nr_without, probe->name))
		return "to be named";
	if (probe->does & WRITES && (!options.write || traits & READ_ONLY))
		return options.write ? "memory that can be written to" : "--write";
	if (probe->does & WRITES && traits & NO_STAMPS)
		return "pages that are not the kernel's own";
	if (probe->does & GOES_PAST && traits & ENDLESS)
		return "memory that has an end";
	if (probe->does & NEEDS_OFFSET && traits & COOKIE)
		return "an offset that is a place";
	if (probe->does & (READS_ONLY_FD | WRITES_ONLY_FD) && traits & ANY_ACCESS)
		return "a descriptor that can be opened read-only";
	if (probe->does & WRITES_ONLY_FD && !options.write)
		return "--write";
	if (probe->does & (CHANGES_MACHINE | GOES_PAST) && !options.unsafe)
		return "--unsafe";
	if (io && !options.unsafe && !(probe->does & LOOKS))
		return "--unsafe, since the mapping has VM_IO";
	return NULL;
}

static void ask_one(const struct probe *probe, const struct subject *subject, struct finding *f)
{
	ask_probe(probe, subject, &f->outcome);
	read_log(f->report, sizeof(f->report));
	if (*f->outcome.lacking)
		f->why_not = f->outcome.lacking;
	f->rule = judge(subject, probe, f);
}

/*
 * Is there something to ask, and has its mapping VM_IO? Looks only: nothing is
 * stamped before that is known.
 */
static bool begin(struct result *r, bool *io)
{
	struct subject only_look = *r->subject;
	struct outcome size, flags;

	only_look.traits |= READ_ONLY;
	ask_probe(&property_probes[0], &only_look, &size);
	ask_probe(&property_probes[1], &only_look, &flags);
	*io = !strncmp(flags.word, "io", 2) || strstr(flags.word, " io");
	if (size.word[0] == '(' || !strcmp(size.word, "?"))
		snprintf(r->skipped, sizeof(r->skipped), "cannot be set up: %s", size.word);
	else if (flags.word[0] == '(' && !options.write)
		snprintf(r->skipped, sizeof(r->skipped), "cannot be mapped: %s", flags.word);
	return !*r->skipped;
}

/* Returns whether the subject broke a rule; *asked grows if anything was asked. */
static bool probe_subject(const struct subject *given, size_t *asked)
{
	static struct result result;
	struct subject subject = *given;
	size_t i;
	bool io;

	result = (struct result){ .subject = &subject };
	if (!options.write || options.read_only)
		subject.traits |= READ_ONLY;
	if (begin(&result, &io)) {
		if (io && !options.unsafe)
			subject.traits |= NO_STAMPS;
		for (i = 0; i < nr_probes; i++) {
			struct finding *f = &result.findings[i];

			f->rule = NO_RULE;
			f->why_not = why_not(probes[i], &subject, io);
			if (!f->why_not)
				ask_one(probes[i], &subject, f);
			result.asked += !f->why_not;
			result.broken += f->rule != NO_RULE;
		}
	}
	show_result(options.form, &result, options.explain);
	*asked += result.asked;
	return result.broken;
}

static void list_setups(void)
{
	size_t i;

	for (i = 0; i < nr_setups; i++)
		printf("%-20s %s\n", setups[i]->name, setups[i]->how);
}

static void list_rules(void)
{
	size_t i;

	for (i = 0; i < NR_RULES; i++) {
		printf("%s\n", rules[i].name);
		print_rule(&rules[i]);
	}
}

static const struct subject *find_setup(const char *name)
{
	size_t i;

	for (i = 0; i < nr_setups; i++)
		if (!strcmp(setups[i]->name, name))
			return setups[i];
	die("--subject %s: no such set-up (see --list)", name);
}

static void add_name(const char **names, size_t *nr, const char *name)
{
	size_t i;

	for (i = 0; i < nr_probes && strcmp(probes[i]->name, name); i++)
		;
	if (i == nr_probes)
		die("%s: no such probe", name);
	if (*nr == MAX_NAMES)
		die("too many names of probes");
	names[(*nr)++] = name;
}

/* A probe that takes our module away has nothing to ask of others. */
static void drop_ours(void)
{
	size_t i, left = 0;

	for (i = 0; i < nr_probes; i++)
		if (!(probes[i]->does & OURS))
			probes[left++] = probes[i];
	nr_probes = left;
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "subject", required_argument, NULL, 's' },
		{ "fd", required_argument, NULL, 'f' },
		{ "length", required_argument, NULL, 'l' },
		{ "offset", required_argument, NULL, 'o' },
		{ "only", required_argument, NULL, 'O' },
		{ "without", required_argument, NULL, 'w' },
		{ "all", no_argument, &options.all, true },
		{ "write", no_argument, &options.write, true },
		{ "unsafe", no_argument, &options.unsafe, true },
		{ "read-only", no_argument, &options.read_only, true },
		{ "one-open", no_argument, &options.one_open, true },
		{ "explain", no_argument, &options.explain, true },
		{ "tap", no_argument, &options.form, TAP },
		{ "json", no_argument, &options.form, JSON },
		{ "list", no_argument, NULL, 'L' },
		{ "rules", no_argument, NULL, 'R' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	const char *values[128] = { };
	int option;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) != -1) {
		if (option == '?')
			exit(EXIT_USAGE);
		if (option == 'O')
			add_name(options.only, &options.nr_only, optarg);
		if (option == 'w')
			add_name(options.without, &options.nr_without, optarg);
		values[option] = optarg ?: "";
	}
	if (values['L'] || values['R'] || values['h']) {
		if (values['L'])
			list_setups();
		if (values['R'])
			list_rules();
		if (values['h'])
			fputs(usage, stdout);
		exit(0);
	}
	options.setup = values['s'];
	options.fd = values['f'];
	options.length = values['l'];
	options.offset = values['o'];
	if (optind < argc)
		options.node = argv[optind++];
	if (optind < argc)
		die("one node at a time: %s", argv[optind]);
	if (!!options.node + !!options.setup + !!options.fd + options.all != 1)
		die("name a node, or give one of --fd, --subject and --all (see --help)");
	if ((options.length || options.offset) && (options.setup || options.all))
		die("a set-up knows its own length and offset");
}

int main(int argc, char **argv)
{
	size_t asked = 0, i;
	bool broken = false;

	drop_ours();
	add_probes(property_probes);
	add_probes(release_probes);
	parse(argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	watch_log();

	if (options.all) {
		show_begin(options.form);
		for (i = 0; i < nr_setups; i++)
			broken |= probe_subject(setups[i], &asked);
	} else {
		struct subject subject = options.setup ? *find_setup(options.setup) :
							 subject_of_options();

		show_begin(options.form);
		broken = probe_subject(&subject, &asked);
	}
	show_end(options.form);
	return broken ? 1 : asked ? 0 : EXIT_NOTHING;
}
