// SPDX-License-Identifier: GPL-2.0-only
/*
 * lesson: takes the steps of the live page, in the kernel that runs there.
 *
 *	lesson STEP [STRATEGY [MODULE]]	take one step
 *	lesson all			take all of them
 *	lesson				for each such line of standard input, take that step
 *
 * A step is a process that maps the device and touches it. For each step, one line
 * of JSON tells what the process called and what it got, what it has mapped
 * before and after, and what the kernel did in between. maps.ko and tables.ko are
 * loaded; nobody else traces. MODULE is a file in /lib, without .ko: maps, or the
 * same module with a mistake in it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../view/picture.h"

#define PAGES	16
#define STAMP	0xaabbccddU
#define WRITTEN	0x11111111U

#define PATIENCE	3	/* seconds that an access may take */
#define TOLD		300	/* lines of the trace that are told */

#define WALK	"/sys/kernel/debug/tables/walk"
#define REFS	"/sys/kernel/debug/tables/refs"
#define TRACING	"/sys/kernel/tracing/instances/lesson/"

/*
 * What the process does, a word each: mp, mr, ms map 16 pages (private, private
 * and read-only, shared), m1 maps 16 times one page; r3 reads page 3, w3 writes
 * to it, r0-7 reads eight; d0-7 drops them (MADV_DONTNEED), u0 unmaps page 0, g4
 * grows the mapping by four pages, p makes it writable; f forks, and c3 is a
 * write to page 3 by the child. The setup is not traced, nor told of.
 */
struct step {
	const char *name;
	const char *strategy;
	const char *setup;
	const char *actions;
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static const struct step steps[] = {
	{ "question",	"remap_pfn_unchecked",	"",			"mr r0" },
	{ "checked",	"remap_pfn",		"",			"mr" },
	{ "shared",	"remap_pfn",		"",			"ms r0-15" },
	{ "page-by-page", "remap_pfn",		"",			"m1 r0-15" },
	{ "readonly",	"remap_pfn_readonly",	"",			"mr r0-15 p" },
	{ "handler",	"fault",		"",			"mr" },
	{ "read",	"fault",		"mp",			"r3" },
	{ "write",	"fault",		"mp r0-7",		"w5 w9" },
	{ "shared-write", "fault",		"ms r0-7",		"w5" },
	{ "fork",	"fault",		"mp r0-7 w5",		"f c3" },
	{ "dontneed",	"fault",		"mp r0-7 w5",		"d0-15 r5" },
	{ "unmap",	"fault",		"mp r0-7 w5",		"u0 r8" },
	{ "mremap",	"fault",		"mp r0-7 w5",		"g4" },
	{ "past-end",	"fault",		"mp r0-7 w5 g4",	"r15 r16" },
};

/* One call of the process, and what it got. */
struct record {
	enum { CALL, DIED, END } kind;
	char	call[120];
	char	result[40];
	pid_t	child;
};

static size_t page_size;

/*
 * The process. It sends a record after each action, and goes on when it is told
 * to: then only is it looked at.
 */
static struct {
	const char	*device;
	int		go;		/* a byte arrives here */
	int		records;	/* and records leave here */
	struct record	record;
	char		*map;
	size_t		npages;
	pid_t		child;
	int		to_child;
	int		from_child;
} process;

static void wait_for_go(void)
{
	char byte;

	if (read(process.go, &byte, 1) != 1)
		_exit(1);
}

static void send_record(int kind)
{
	process.record.kind = kind;
	if (write(process.records, &process.record, sizeof(process.record)) < 0)
		_exit(1);
}

static void set_errno_result(void)
{
	snprintf(process.record.result, sizeof(process.record.result), "%s",
		 strerrorname_np(errno));
}

/* The record goes first; then the signal comes again, and kills. */
static void on_signal(int sig)
{
	snprintf(process.record.result, sizeof(process.record.result), "SIG%s",
		 sigabbrev_np(sig));
	signal(sig, SIG_DFL);
	send_record(DIED);
	wait_for_go();
	raise(sig);
}

static void *map_pages(int prot, int flags, size_t first, size_t n, void *at)
{
	bool writes = prot & PROT_WRITE && flags & MAP_SHARED;
	int fd = open(process.device, writes ? O_RDWR : O_RDONLY);
	void *map;

	if (fd < 0)
		return MAP_FAILED;
	map = mmap(at, n * page_size, prot, flags, fd, first * page_size);
	close(fd);
	return map;
}

static bool map_whole(char kind)
{
	int prot = kind == 'r' ? PROT_READ : PROT_READ | PROT_WRITE;
	int flags = kind == 's' ? MAP_SHARED : MAP_PRIVATE;

	snprintf(process.record.call, sizeof(process.record.call),
		 "mmap(NULL, %d pages, %s, %s, fd, 0)", PAGES,
		 prot & PROT_WRITE ? "PROT_READ | PROT_WRITE" : "PROT_READ",
		 kind == 's' ? "MAP_SHARED" : "MAP_PRIVATE");
	process.npages = PAGES;
	process.map = map_pages(prot, flags, 0, PAGES, NULL);
	return process.map != MAP_FAILED;
}

static bool map_singly(void)
{
	size_t i;

	snprintf(process.record.call, sizeof(process.record.call),
		 "%d times mmap(next, 1 page, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, next)",
		 PAGES);
	process.npages = PAGES;
	process.map = mmap(NULL, PAGES * page_size, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; process.map != MAP_FAILED && i < PAGES; i++)
		if (map_pages(PROT_READ, MAP_PRIVATE | MAP_FIXED, i, 1,
			      process.map + i * page_size) == MAP_FAILED)
			return false;
	return process.map != MAP_FAILED;
}

static bool map(char kind)
{
	bool mapped = kind == '1' ? map_singly() : map_whole(kind);

	if (mapped)
		snprintf(process.record.result, sizeof(process.record.result), "%p",
			 (void *)process.map);
	else
		set_errno_result();
	return mapped;
}

static void touch(bool writes, size_t first, size_t last)
{
	volatile unsigned int *word;
	unsigned int seen = 0;
	size_t i, same = 0;

	if (first == last)
		snprintf(process.record.call, sizeof(process.record.call), "%s page %zu",
			 writes ? "write" : "read", first);
	else
		snprintf(process.record.call, sizeof(process.record.call), "read pages %zu to %zu",
			 first, last);

	for (i = first; i <= last; i++) {
		word = (unsigned int *)(process.map + i * page_size);
		if (writes)
			*word = WRITTEN;
		seen = *word;
		same += seen == STAMP;
	}
	if (first == last)
		snprintf(process.record.result, sizeof(process.record.result), "[%08x]", seen);
	else
		snprintf(process.record.result, sizeof(process.record.result),
			 "%zu times [%08x]", same, STAMP);
}

static void set_result(bool done)
{
	if (done)
		strcpy(process.record.result, "0");
	else
		set_errno_result();
}

static void drop(size_t first, size_t last)
{
	snprintf(process.record.call, sizeof(process.record.call),
		 "madvise(pages %zu to %zu, MADV_DONTNEED)", first, last);
	set_result(!madvise(process.map + first * page_size, (last - first + 1) * page_size,
			    MADV_DONTNEED));
}

static void unmap(size_t page)
{
	snprintf(process.record.call, sizeof(process.record.call), "munmap(page %zu)", page);
	set_result(!munmap(process.map + page * page_size, page_size));
}

static void make_writable(void)
{
	strcpy(process.record.call, "mprotect(PROT_READ | PROT_WRITE)");
	set_result(!mprotect(process.map, process.npages * page_size, PROT_READ | PROT_WRITE));
}

static void grow_by(size_t pages)
{
	char *map = mremap(process.map, process.npages * page_size,
			   (process.npages + pages) * page_size, MREMAP_MAYMOVE);

	snprintf(process.record.call, sizeof(process.record.call),
		 "mremap(%zu pages, %zu pages, MREMAP_MAYMOVE)", process.npages,
		 process.npages + pages);
	if (map == MAP_FAILED) {
		set_errno_result();
		return;
	}
	process.map = map;
	process.npages += pages;
	snprintf(process.record.result, sizeof(process.record.result), "%p", (void *)map);
}

/* The child writes to the pages that it is told, until it is killed. */
static _Noreturn void be_child(int from, int to)
{
	unsigned char page;

	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	while (read(from, &page, 1) == 1) {
		*(volatile unsigned int *)(process.map + page * page_size) = WRITTEN;
		if (write(to, &page, 1) != 1)
			break;
	}
	_exit(1);
}

static void fork_child(void)
{
	int to[2], from[2];

	strcpy(process.record.call, "fork()");
	if (pipe(to) || pipe(from)) {
		set_errno_result();
		return;
	}
	process.child = fork();
	if (!process.child) {
		close(to[1]);
		close(from[0]);
		be_child(to[0], from[1]);
	}
	close(to[0]);
	close(from[1]);
	process.to_child = to[1];
	process.from_child = from[0];
	process.record.child = process.child;
	strcpy(process.record.result, "a child");
}

static void write_in_child(unsigned char page)
{
	snprintf(process.record.call, sizeof(process.record.call), "the child: write page %u",
		 page);
	if (write(process.to_child, &page, 1) == 1 && read(process.from_child, &page, 1) == 1)
		snprintf(process.record.result, sizeof(process.record.result), "[%08x]", WRITTEN);
	else
		strcpy(process.record.result, "it is killed");
}

/* False when there is nothing to go on with. */
static bool act(const char *word)
{
	size_t first = 0, last = 0;

	if (sscanf(word + 1, "%zu-%zu", &first, &last) < 2)
		last = first;
	switch (*word) {
	case 'm':
		return map(word[1]);
	case 'r':
	case 'w':
		touch(*word == 'w', first, last);
		break;
	case 'd':
		drop(first, last);
		break;
	case 'u':
		unmap(first);
		break;
	case 'g':
		grow_by(first);
		break;
	case 'p':
		make_writable();
		break;
	case 'f':
		fork_child();
		break;
	case 'c':
		write_in_child(first);
		break;
	}
	return true;
}

/* The actions in @text; each but the last is gone on from at once. */
static bool act_all(const char *text)
{
	char words[64], *word, *rest = words;

	snprintf(words, sizeof(words), "%s", text);
	while ((word = strsep(&rest, " "))) {
		if (*word && !act(word)) {
			send_record(CALL);
			return false;
		}
		if (*word)
			send_record(CALL);
	}
	return true;
}

static _Noreturn void be_process(const struct step *step)
{
	bool on;

	/* Its own pages cause no page fault from here on. */
	mlockall(MCL_CURRENT);
	signal(SIGBUS, on_signal);
	signal(SIGSEGV, on_signal);
	signal(SIGALRM, on_signal);

	wait_for_go();
	on = act_all(step->setup);
	send_record(END);
	wait_for_go();
	/* An access that faults again and again ends by this. */
	alarm(PATIENCE);
	if (on)
		act_all(step->actions);
	alarm(0);
	send_record(END);
	pause();
	_exit(1);
}

/*
 * Tracing: the events of maps.ko, the addresses of page faults, and these functions
 * of the kernel.
 */
static const char *const functions[] = {
	"do_mmap", "mmap_region", "__vm_munmap", "unmap_region", "__split_vma",
	"do_mprotect_pkey*", "__do_sys_mremap", "move_page_tables", "do_madvise",
	"madvise_vma_behavior", "zap_page_range_single", "zap_pte_range",
	"copy_page_range", "exc_page_fault", "handle_mm_fault", "do_fault",
	"do_read_fault", "do_cow_fault", "do_shared_fault", "do_wp_page", "wp_page_copy",
	"wp_page_reuse", "__do_fault", "finish_fault", "do_set_pte", "force_sig_fault",
	"remap_pfn_range", "remap_vmalloc_range", "vm_insert_page", "vm_insert_pages", "maps_*",
};

/* As the shell's >: some files of tracefs are emptied by it. */
static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t length = strlen(text);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, length) == length;
	close(fd);
	return done;
}

static void trace_setting(const char *name, const char *text)
{
	char path[120];

	snprintf(path, sizeof(path), TRACING "%s", name);
	if (!write_file(path, text))
		err(1, "%s to %s", text, path);
}

/* A kernel that does not have one of the functions does without. */
static void open_trace(void)
{
	size_t i;
	int fd;

	if (mkdir(TRACING, 0700) && errno != EEXIST)
		err(1, "%s", TRACING);
	trace_setting("tracing_on", "0");
	trace_setting("buffer_size_kb", "64");
	trace_setting("options/context-info", "0");
	trace_setting("options/event-fork", "1");
	trace_setting("options/function-fork", "1");
	trace_setting("events/maps/enable", "1");
	trace_setting("events/exceptions/page_fault_user/enable", "1");

	fd = open(TRACING "set_ftrace_filter", O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return;
	for (i = 0; i < NR(functions); i++)
		dprintf(fd, "%s\n", functions[i]);
	close(fd);
	trace_setting("current_tracer", "function");
}

static void trace_process(pid_t pid)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", (int)pid);
	trace_setting("set_event_pid", number);
	trace_setting("set_ftrace_pid", number);
	trace_setting("trace", "\n");
	trace_setting("tracing_on", "1");
}

/* What is told: JSON, of one line. */
static void put_trace(FILE *out)
{
	FILE *trace = fopen(TRACING "trace", "re");
	const char *sep = "";
	char line[512];
	int told = 0;

	fputs("\"trace\": [", out);
	while (trace && told < TOLD && fgets(line, sizeof(line), trace)) {
		if (*line == '#')
			continue;
		line[strcspn(line, "\n")] = '\0';
		fputs(sep, out);
		write_string(line + strspn(line, " "), out);
		sep = ", ";
		told++;
	}
	if (trace)
		fclose(trace);
	fputs("]", out);
}

static long references(uint64_t frame)
{
	int fd = open(REFS, O_RDONLY | O_CLOEXEC);
	uint64_t refs = 0;

	if (fd < 0 || pread(fd, &refs, sizeof(refs), frame * sizeof(refs)) != sizeof(refs))
		err(1, "%s", REFS);
	close(fd);
	return refs;
}

static void put_line_of_walk(FILE *out, const char *line)
{
	unsigned long address, frame;
	char flags[8] = "";
	int level;

	if (sscanf(line, "table %d %lx %lx", &level, &address, &frame) == 3) {
		fprintf(out, "{\"level\": %d, \"address\": \"0x%lx\", \"frame\": \"0x%lx\"}",
			level, address, frame);
	} else if (sscanf(line, "page %lx %lx %7s", &address, &frame, flags) == 3) {
		fprintf(out, "{\"address\": \"0x%lx\", \"frame\": \"0x%lx\", ", address, frame);
		fprintf(out, "\"flags\": \"%s\", \"refs\": %ld}", flags, references(frame));
	}
}

static void put_tables(FILE *out, const struct view *view)
{
	const char *sep = "";
	char text[128];
	FILE *walk;
	size_t i;

	fputs("\"tables\": [", out);
	for (i = 0; i < view->nmappings; i++) {
		snprintf(text, sizeof(text), "%d 0x%lx 0x%lx", (int)view->pid,
			 view->mappings[i].start, view->mappings[i].end);
		if (!write_file(WALK, text))
			err(1, "%s to %s", text, WALK);
		walk = fopen(WALK, "re");
		if (!walk)
			err(1, "%s", WALK);
		while (fgets(text, sizeof(text), walk)) {
			fputs(sep, out);
			put_line_of_walk(out, text);
			sep = ", ";
		}
		fclose(walk);
	}
	fputs("]", out);
}

static void put_device(FILE *out, const struct view *view)
{
	size_t i;

	fputs("\"device\": [", out);
	for (i = 0; view->frames && i < view->npages; i++)
		fprintf(out, "%s{\"frame\": \"0x%llx\", \"refs\": %ld}", i ? ", " : "",
			(unsigned long long)view->frames[i], references(view->frames[i]));
	fputs("]", out);
}

/*
 * A new page of a process waits for its place in the list of pages in a batch, with
 * a reference; unmap_region() empties the batch. The counts are the mappings' then.
 */
static void drain_batch(void)
{
	void *page = mmap(NULL, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page, page_size))
		err(1, "mmap");
}

static void put_view(FILE *out, const char *key, pid_t pid)
{
	struct view view = { 0 };

	drain_batch();
	fprintf(out, "\"%s\": ", key);
	if (!pid || !read_view(&view, pid)) {
		fputs("null, ", out);
		return;
	}
	fputs("{\"view\": ", out);
	write_json(&view, out);
	fputs(", ", out);
	put_tables(out, &view);
	fputs(", ", out);
	put_device(out, &view);
	fputs("}, ", out);
	free_view(&view);
}

/* The records of a part of the step, until its end. */
struct part {
	pid_t	child;
	bool	died;
};

static struct part put_records(FILE *out, const char *key, int from)
{
	struct part part = { 0 };
	const char *sep = "";
	struct record record;

	fprintf(out, "\"%s\": [", key);
	while (read(from, &record, sizeof(record)) == sizeof(record) && record.kind != END) {
		fprintf(out, "%s{\"call\": ", sep);
		write_string(record.call, out);
		fputs(", \"result\": ", out);
		write_string(record.result, out);
		fputs("}", out);
		sep = ", ";
		if (record.child)
			part.child = record.child;
		part.died = record.kind == DIED;
		if (part.died)
			break;
	}
	fputs("], ", out);
	return part;
}

/* What another step wrote into the buffer goes. */
static void reset_buffer(void)
{
	const unsigned char stamp[] = { 0xdd, 0xcc, 0xbb, 0xaa };
	int fd = open("/dev/maps0", O_WRONLY | O_CLOEXEC);
	size_t i;

	for (i = 0; i < PAGES; i++)
		if (pwrite(fd, stamp, sizeof(stamp), i * page_size) != sizeof(stamp))
			err(1, "/dev/maps0");
	close(fd);
}

static const char *end_of(pid_t pid, bool died)
{
	static char name[16];
	int status;

	if (!died)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!died)
		return "alive";
	snprintf(name, sizeof(name), "SIG%s", sigabbrev_np(WTERMSIG(status)));
	return name;
}

static void take_step(FILE *out, const struct step *step, const char *strategy)
{
	char device[64];
	int go[2], records[2];
	struct part setup, part = { 0 };
	struct utsname uts;
	bool died;
	pid_t pid;

	reset_buffer();
	snprintf(device, sizeof(device), "/dev/maps%s%s", strcmp(strategy, "fault") ? "-" : "0",
		 strcmp(strategy, "fault") ? strategy : "");
	if (pipe2(go, O_CLOEXEC) || pipe2(records, O_CLOEXEC))
		err(1, "pipe");
	fflush(out);
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		close(go[1]);
		process.device = device;
		process.go = go[0];
		process.records = records[1];
		be_process(step);
	}
	close(go[0]);
	close(records[1]);

	uname(&uts);
	fprintf(out, "{\"step\": \"%s\", \"strategy\": \"%s\", \"device\": \"%s\", ",
		step->name, strategy, device);
	fprintf(out, "\"kernel\": \"%s\", ", uts.release);
	if (write(go[1], "", 1) != 1)
		err(1, "the process");
	setup = put_records(out, "setup", records[0]);
	put_view(out, "before", pid);

	trace_process(pid);
	if (!setup.died) {
		if (write(go[1], "", 1) != 1)
			err(1, "the process");
		part = put_records(out, "actions", records[0]);
	} else {
		fputs("\"actions\": [], ", out);
	}
	trace_setting("tracing_on", "0");
	put_view(out, "after", pid);
	put_view(out, "child", part.child);
	put_trace(out);

	died = setup.died || part.died;
	if (died && write(go[1], "", 1) != 1)
		err(1, "the process");
	if (part.child)
		kill(part.child, SIGKILL);
	fprintf(out, ", \"end\": \"%s\"}", end_of(pid, died));
	close(go[1]);
	close(records[0]);
}

static void answer(const struct step *step, const char *strategy)
{
	size_t length;
	char *text, *at;
	FILE *out = open_memstream(&text, &length);

	take_step(out, step, *strategy ? strategy : step->strategy);
	fclose(out);
	for (at = text; (at = strchr(at, '\n')); )
		*at = ' ';
	puts(text);
	fflush(stdout);
	free(text);
}

/* Puts the module @name in the place of the one that is loaded. */
static void load_module(const char *name)
{
	static char loaded[40] = "maps";
	char path[64];
	int fd;

	if (!strcmp(name, loaded))
		return;
	snprintf(path, sizeof(path), "/lib/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || syscall(SYS_delete_module, "maps", O_NONBLOCK) ||
	    syscall(SYS_finit_module, fd, "", 0))
		err(1, "%s", path);
	close(fd);
	snprintf(loaded, sizeof(loaded), "%s", name);
	/* Its events and functions are new to the tracer. */
	open_trace();
}

static bool answer_to(const char *name, const char *strategy, const char *module)
{
	bool all = !strcmp(name, "all"), found = false;
	size_t i;

	load_module(*module ? module : "maps");
	for (i = 0; i < NR(steps); i++) {
		if (!all && strcmp(steps[i].name, name))
			continue;
		answer(&steps[i], strategy);
		found = true;
	}
	return found;
}

int main(int argc, char **argv)
{
	char line[128], name[40], strategy[40], module[40];

	page_size = sysconf(_SC_PAGESIZE);
	open_trace();
	if (argc > 1)
		return !answer_to(argv[1], argc > 2 ? argv[2] : "", argc > 3 ? argv[3] : "");

	while (fgets(line, sizeof(line), stdin)) {
		*strategy = *module = '\0';
		if (sscanf(line, "%39s %39s %39s", name, strategy, module) >= 1 &&
		    !answer_to(name, strategy, module))
			puts("{\"error\": \"no such step\"}");
		fflush(stdout);
	}
	return 0;
}
