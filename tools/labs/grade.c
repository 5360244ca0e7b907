// SPDX-License-Identifier: GPL-2.0-only
/*
 * grade MODULE.ko: loads the module in the booted machine, runs the criteria of
 * one lab (grade1.c to grade8.c), unloads it, and prints for each criterion:
 * passed, or what was seen instead and what to do.
 *
 * Exits with 0 if all passed, 1 if not, 2 if moreover the machine can judge no
 * other module: the kernel reported an error, or has freed a page that is in use,
 * or cannot unload the module. If a process hangs in the kernel, it puts the stacks
 * into the kernel's log and resets the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grade.h"
#include "program.h"

/*
 * A probe takes milliseconds, and gets two seconds. After the first that hangs,
 * the others get less: a grading ends within half a minute.
 */
#define PROBE_MS	2000
#define LATER_MS	500
#define KILL_MS		1000
#define ACCESS_MS	250

/* A probe's words to the grader; shared with the child that runs it. */
static struct report {
	char step[256];
	char seen[512];
	char look[512];
	char note[256];
	bool unanswered;
} *report;

static const char *module;
static long patience = PROBE_MS;
static int printed_fd, kmsg_fd;

void step(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->step, sizeof(report->step), format, args);
	va_end(args);
}

void saw(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->seen, sizeof(report->seen), format, args);
	va_end(args);
	_exit(1);
}

void saw_because(const char *look, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(report->seen, sizeof(report->seen), format, args);
	va_end(args);
	snprintf(report->look, sizeof(report->look), "%s", look);
	_exit(1);
}

void no_answer(const char *seen)
{
	report->unanswered = true;
	saw("%s", seen);
}

void note(const char *text)
{
	snprintf(report->note, sizeof(report->note), "%s", text);
}

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

int open_node(const char *path, int flags)
{
	int fd;

	step("opening %s", path);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		saw("%s cannot be opened: %s", path, strerror(errno));
	return fd;
}

const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* "mmap() of 2 pages from page 0 on, MAP_SHARED", with large numbers in hex. */
static const char *mmap_call(size_t npages, int flags, uint64_t pgoff)
{
	static char text[128];

	snprintf(text, sizeof(text),
		 pgoff < 1 << 16 ? "mmap() of %zu page%s from page %llu on, %s" :
				   "mmap() of %zu page%s from page %#llx on, %s",
		 npages, plural(npages), (unsigned long long)pgoff,
		 flags & MAP_SHARED ? "MAP_SHARED" : "MAP_PRIVATE");
	return text;
}

static void *map_quietly(int fd, size_t npages, int prot, int flags,
			 uint64_t pgoff)
{
	step("calling %s", mmap_call(npages, flags, pgoff));
	return mmap64(NULL, npages * page_size(), prot, flags, fd,
		      pgoff * page_size());
}

char *map(int fd, size_t npages, int prot, int flags, uint64_t pgoff)
{
	char *address = map_quietly(fd, npages, prot, flags, pgoff);

	if (address == MAP_FAILED)
		saw("%s, returned %s (%s)", mmap_call(npages, flags, pgoff),
		    strerrorname_np(errno), strerror(errno));
	return address;
}

uint32_t word(const char *map, size_t page, size_t index)
{
	const volatile unsigned char *byte;

	byte = (const unsigned char *)map + page * page_size() + index * 4;
	step("reading page %zu of the mapping", page);
	return byte[0] | byte[1] << 8 | byte[2] << 16 | (uint32_t)byte[3] << 24;
}

char device_byte(size_t offset)
{
	int fd = open_node("/dev/lab", O_RDONLY);
	char byte;

	step("calling read() on /dev/lab");
	if (pread(fd, &byte, 1, offset) != 1)
		saw("read() of /dev/lab fails: %s", strerror(errno));
	close(fd);
	return byte;
}

const char *signal_name(int signal)
{
	switch (signal) {
	case SIGBUS: return "SIGBUS, a bus error";
	case SIGSEGV: return "SIGSEGV, a segmentation fault";
	case SIGKILL: return "SIGKILL";
	case SIGXFSZ: return "SIGXFSZ: it prints without an end";
	case SIGALRM: return "the same page fault, again and again";
	default: return strsignal(signal);
	}
}

static sigjmp_buf escape;

static void on_signal(int signal)
{
	siglongjmp(escape, signal);
}

int dies(volatile char *byte)
{
	static const int signals[] = { SIGBUS, SIGSEGV, SIGALRM };
	struct sigaction action = { .sa_handler = on_signal }, old[3];
	struct itimerval limit = { .it_value.tv_usec = ACCESS_MS * 1000 };
	static const struct itimerval none;
	size_t i;
	int signal;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, &old[i]);
	setitimer(ITIMER_REAL, &limit, NULL);

	signal = sigsetjmp(escape, 1);
	if (!signal)
		(void)*byte;

	setitimer(ITIMER_REAL, &none, NULL);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	return signal;
}

void expect_page(const char *map, size_t i, size_t pgoff)
{
	uint32_t stamp = word(map, i, 0), number = word(map, i, 1);

	if (stamp == LAB_SECRET)
		saw("page %zu of the mapping is somebody else's: it begins with %08x", i,
		    stamp);
	if (stamp != LAB_STAMP)
		saw("page %zu of the mapping begins with %08x, not %08x: it is not the buffer's",
		    i, stamp, LAB_STAMP);
	if (number != pgoff)
		saw("page %zu of the mapping is page %u of the buffer, and should be page %zu",
		    i, number, pgoff);
}

void expect_pages(const char *map, size_t npages, size_t pgoff)
{
	size_t i;

	for (i = 0; i < npages; i++)
		expect_page(map, i, pgoff + i);
}

void expect_device_pages(const char *map, size_t npages, size_t pgoff)
{
	unsigned long frame, device;
	size_t i;

	for (i = 0; i < npages; i++) {
		expect_page(map, i, pgoff + i);
		frame = frame_of(map + i * page_size());
		device = device_frame(pgoff + i, false);
		if (frame && frame != device)
			saw_because("map the buffer's own page: a copy does not show later writes",
				    "page %zu of the mapping is a copy, in frame %lx; the buffer's is in %lx",
				    i, frame, device);
	}
}

void expect_refused(const char *path, size_t npages, int flags, uint64_t pgoff)
{
	int fd = open_node(path, O_RDONLY);

	if (map_quietly(fd, npages, PROT_READ, flags, pgoff) != MAP_FAILED)
		saw("%s, succeeded; it should return EINVAL",
		    mmap_call(npages, flags, pgoff));
	if (errno != EINVAL)
		saw("%s, returned %s; it should return EINVAL",
		    mmap_call(npages, flags, pgoff), strerrorname_np(errno));
	close(fd);
}

void expect_far_refused(const char *path, size_t npages)
{
	static const uint64_t far[] = {
		1ull << 31, 1ull << 32, (1ull << 32) - 1, 1ull << 40, 1ull << 50,
	};
	size_t i;

	/* A 32-bit process cannot ask for all of them: 32 bits of pages. */
	for (i = 0; i < ARRAY_SIZE(far); i++)
		if (far[i] <= (SIZE_MAX >> 12)) {
			expect_refused(path, 1, MAP_SHARED, far[i]);
			expect_refused(path, npages, MAP_SHARED, far[i]);
		}
}

#define SYSFS "/sys/class/misc/lab/"

static FILE *open_sysfs(const char *path, const char *mode)
{
	FILE *file = fopen(path, mode);

	if (!file)
		saw("%s cannot be opened: %s", path, strerror(errno));
	return file;
}

long page_count(size_t pgoff)
{
	FILE *file = open_sysfs(SYSFS "counts", "r");
	long count = -1;
	size_t i;

	for (i = 0; i <= pgoff; i++)
		if (fscanf(file, "%ld", &count) != 1)
			saw("there is no reference count of page %zu", i);
	fclose(file);
	return count;
}

unsigned long device_frame(size_t pgoff, bool by_lab)
{
	FILE *file = open_sysfs(SYSFS "frames", "r");
	unsigned long frame[2] = { 0 };
	size_t i;

	for (i = 0; i <= pgoff; i++)
		if (fscanf(file, "%lx %lx", &frame[0], &frame[1]) != 2)
			saw("there is no frame of page %zu", i);
	fclose(file);
	return frame[by_lab];
}

void fail_remap(int calls)
{
	FILE *file = open_sysfs(SYSFS "fail_remap", "w");

	fprintf(file, "%d", calls);
	if (fclose(file))
		saw("remap_pfn_range() cannot be made to fail: %s",
		    strerror(errno));
}

void set_present(bool present)
{
	FILE *file = open_sysfs(SYSFS "present", "w");

	fprintf(file, "%d", present);
	if (fclose(file))
		saw("the device cannot be unplugged: %s", strerror(errno));
}

int failures_left(void)
{
	FILE *file = open_sysfs(SYSFS "fail_remap", "r");
	int left = -1;

	if (fscanf(file, "%d", &left) != 1)
		saw("%s cannot be read", SYSFS "fail_remap");
	fclose(file);
	return left;
}

/*
 * Documentation/admin-guide/mm/pagemap.rst: bit 63 present, 0 to 54 the frame.
 * A VM_PFNMAP mapping has none there.
 */
unsigned long frame_of(const void *address)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (uintptr_t)address / page_size() * sizeof(entry)) !=
		      sizeof(entry))
		saw("/proc/self/pagemap cannot be read: %s", strerror(errno));
	close(fd);
	return entry >> 63 ? entry & ((1ull << 55) - 1) : 0;
}

/* VmFlags, as in Documentation/filesystems/proc.rst. */
bool has_vm_flag(const void *address, const char *flag)
{
	FILE *file = open_sysfs("/proc/self/smaps", "r");
	unsigned long start, end;
	bool inside = false, found = false;
	char line[256];

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			inside = start <= (uintptr_t)address &&
				 (uintptr_t)address < end;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			found = strstr(line, flag);
	}
	fclose(file);
	return found;
}

long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

size_t read_areas(pid_t pid, struct area areas[MAX_AREAS])
{
	char path[32], line[512];
	struct area *area;
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = open_sysfs(path, "r");
	while (n < MAX_AREAS && fgets(line, sizeof(line), file)) {
		area = &areas[n];
		area->path[0] = 0;
		if (sscanf(line, "%lx-%lx %7s %lx %*s %*s %63s", &area->start,
			   &area->end, area->perms, &area->offset,
			   area->path) >= 4)
			n++;
	}
	fclose(file);
	return n;
}

const struct area *find_area(const struct area *areas, size_t n,
			     unsigned long address)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (areas[i].start <= address && address < areas[i].end)
			return &areas[i];
	return NULL;
}

/* Above the numbers that a program finds its files under. */
static int move_high(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, 10);

	close(fd);
	return high;
}

/*
 * As nobody, without a file but its own, killed with the probe. It is executed
 * by descriptor: the folder may be root's alone.
 */
static void run_program(const char *name, const char *argument, int fd,
			int answers, int resume)
{
	char *const argv[] = { (char *)name, (char *)argument, NULL };
	char *const envp[] = { NULL };
	const struct rlimit output = { 1 << 16, 1 << 16 };
	int file = move_high(open(name, O_RDONLY | O_CLOEXEC));

	fchmod(file, 0755);
	if (dup2(fd, PROGRAM_DEVICE) < 0 || dup2(answers, PROGRAM_ANSWERS) < 0 ||
	    dup2(resume, PROGRAM_RESUME) < 0 || dup2(printed_fd, 1) < 0 ||
	    dup2(printed_fd, 2) < 0)
		_exit(125);
	if (setrlimit(RLIMIT_FSIZE, &output) || setgid(65534) || setuid(65534) ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL))
		_exit(125);
	fexecve(file, argv, envp);
	_exit(125);
}

void start_program(struct program *program, const char *name, const char *file,
		   const char *argument, int fd)
{
	int to[2], from[2], resume, answers;

	step("starting %s", file);
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC))
		saw("no pipe: %s", strerror(errno));
	fd = move_high(fd);
	resume = move_high(to[0]);
	answers = move_high(from[1]);
	program->to = move_high(to[1]);
	program->from = move_high(from[0]);
	program->file = file;

	program->pid = fork();
	if (!program->pid)
		run_program(name, argument, fd, answers, resume);
	close(resume);
	close(answers);
	close(fd);
}

void resume_program(const struct program *program)
{
	signal(SIGPIPE, SIG_IGN);
	if (write(program->to, "", 1) != 1)
		step("resuming %s, which is gone", program->file);
}

static void saw_end(const struct program *program, const char *doing)
{
	int status;

	waitpid(program->pid, &status, 0);
	if (WIFSIGNALED(status))
		saw("%s: the program died of %s in %s", program->file,
		    signal_name(WTERMSIG(status)), doing);
	saw_because("your functions return to the program that calls them, and do not end it",
		    "%s: the program ended with status %d in %s",
		    program->file, WEXITSTATUS(status), doing);
}

void read_answer(struct program *program, const char *doing, char *line,
		 size_t size)
{
	long left = patience * 3 / 4;
	size_t len = 0;

	step("waiting for %s", doing);
	fcntl(program->from, F_SETFL, O_NONBLOCK);
	while (len + 1 < size) {
		ssize_t got = read(program->from, line + len, 1);

		if (!got)
			saw_end(program, doing);
		if (got == 1 && line[len++] == '\n')
			break;
		if (got == 1)
			continue;
		if (!left--)
			saw_because("look for a loop without an end, or a call that waits",
				    "%s: the program hangs in %s",
				    program->file, doing);
		usleep(1000);
	}
	line[len] = 0;
	line[strcspn(line, "\n")] = 0;
}

void end_program(const struct program *program)
{
	kill(program->pid, SIGKILL);
	waitpid(program->pid, NULL, 0);
}

/* Wait for @pid, at most @ms; false if it still runs. */
static bool wait_for(pid_t pid, int *status, long ms)
{
	for (; ms >= 0; ms--) {
		if (waitpid(pid, status, WNOHANG))
			return true;
		usleep(1000);
	}
	return false;
}

/* What /proc/PID/stat has on a process that does not end. */
struct activity {
	char		state;
	unsigned long	faults, user, system;
};

static struct activity activity_of(pid_t pid)
{
	struct activity activity = { .state = '?' };
	char path[32], line[512], *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file)
		return activity;
	if (fgets(line, sizeof(line), file)) {
		rest = strrchr(line, ')');
		if (rest)
			sscanf(rest + 1,
			       " %c %*d %*d %*d %*d %*d %*u %lu %*u %*u %*u %lu %lu",
			       &activity.state, &activity.faults,
			       &activity.user, &activity.system);
	}
	fclose(file);
	return activity;
}

/* The kernel function that a process sleeps in. */
static const char *wait_channel(pid_t pid)
{
	static char name[64];
	char path[32];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/wchan", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%63s", name) != 1 || !strcmp(name, "0"))
		strcpy(name, "the kernel");
	if (file)
		fclose(file);
	return name;
}

static const char *waits_for(pid_t pid)
{
	if (!strstr(wait_channel(pid), "folio_wait"))
		return "";
	return ", for a locked page: a fault handler returned 0 with its page locked";
}

/* Why does @pid not end? */
static void describe_hang(pid_t pid, char *text, size_t size)
{
	struct activity before = activity_of(pid), now;

	usleep(200 * 1000);
	now = activity_of(pid);
	if (now.faults > before.faults + 10)
		snprintf(text, size,
			 "no end: still %s. The same page fault is taken again and again, %lu times in 0.2 s",
			 report->step, now.faults - before.faults);
	else if (now.state == 'R' && now.user > before.user &&
		 now.system == before.system)
		snprintf(text, size, "no end: still %s. The program loops",
			 report->step);
	else if (now.state == 'R')
		snprintf(text, size,
			 "no end: still %s. The kernel loops, without page faults",
			 report->step);
	else
		snprintf(text, size, "no end: still %s. It waits in %s()%s",
			 report->step, wait_channel(pid), waits_for(pid));
}

/*
 * It cannot be killed: the stack of one that sleeps goes into the kernel's log,
 * else what the processors do.
 */
static void log_stacks(pid_t pid)
{
	char path[32], line[256];
	FILE *file, *log = fopen("/dev/kmsg", "w");

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	file = fopen(path, "r");
	if (file && log) {
		setlinebuf(log);
		fprintf(log, "grade: process %d cannot be killed; its stack:\n",
			pid);
		while (fgets(line, sizeof(line), file))
			fprintf(log, "grade: %s", line);
		fclose(file);
	}
	if (log)
		fclose(log);

	if (activity_of(pid).state != 'D') {
		file = fopen("/proc/sysrq-trigger", "w");
		if (file) {
			fputc('l', file);
			fclose(file);
		}
		usleep(300 * 1000);
	}
}

/* "lab_fault [lab]() returned" without the module's name. */
static void drop_module_name(char *text)
{
	char *from = strstr(text, " ["), *to = from ? strchr(from, ']') : NULL;

	if (to)
		memmove(from, to + 1, strlen(to + 1) + 1);
}

/*
 * The first complaint in the kernel's log since the last call: lab.h's, or else a
 * report of the kernel's.
 */
static bool complaint(char *text, size_t size)
{
	static const char * const reports[] = { "WARNING: ", "BUG: " };
	char record[2048], *message;
	bool by_lab = false;
	ssize_t len;
	size_t i;

	text[0] = 0;
	while ((len = read(kmsg_fd, record, sizeof(record) - 1)) > 0 ||
	       (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		record[len] = 0;
		message = strchr(record, ';');
		if (!message++)
			continue;
		message[strcspn(message, "\n")] = 0;
		if (!by_lab && !strncmp(message, "lab.h: ", 7)) {
			by_lab = true;
			snprintf(text, size, "%s", message + 7);
			drop_module_name(text);
		}
		for (i = 0; !text[0] && i < ARRAY_SIZE(reports); i++)
			if (!strncmp(message, reports[i], strlen(reports[i])))
				snprintf(text, size, "the kernel reported: %.200s",
					 message);
	}
	return text[0];
}

#define INDENT	16
#define WIDTH	80

/* Text behind a word, in lines that are broken between words. */
static void print_folded(const char *word, const char *text)
{
	size_t length = strlen(text);

	printf("%*s", INDENT, word);
	while (length > WIDTH - INDENT) {
		int end = WIDTH - INDENT;

		while (end > 1 && text[end] != ' ')
			end--;
		if (end == 1)
			end = strcspn(text, " ");
		if (!text[end])
			break;
		printf("%.*s\n%*s", end, text, INDENT, "");
		text += end + 1;
		length -= end + 1;
	}
	printf("%s\n", text);
}

/* What the learner's program printed, a few lines of it. */
static void print_printed(void)
{
	char text[400], *line = text, *next;
	ssize_t len = pread(printed_fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return;
	text[len] = 0;
	for (; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		printf("%*s%s\n", INDENT, "printed: ", line);
	}
}

/* What a probe leaves running dies with it: its group, and all of nobody's. */
static void end_leftovers(pid_t probe)
{
	pid_t pid;

	kill(-probe, SIGKILL);
	pid = fork();
	if (!pid) {
		if (!setuid(65534))
			kill(-1, SIGKILL);
		_exit(0);
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static unsigned int passed;
static bool hung, tainted;

/* A probe of lab 8 may leave the device unplugged. */
static void plug_in(void)
{
	FILE *file = fopen(SYSFS "present", "w");

	if (file) {
		fputc('1', file);
		fclose(file);
	}
}

static void judge(const struct criterion *criterion)
{
	char text[1024], complained[512], look[512];
	const char *seen = NULL;
	int status;
	pid_t pid;

	memset(report, 0, sizeof(*report));
	if (ftruncate(printed_fd, 0))
		perror("ftruncate");
	printf("  trying  %s\n", criterion->what);
	fflush(stdout);

	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(125);
	}
	if (!pid) {
		cpu_set_t cpu;

		/* The grader has the other processor, whatever happens to this one. */
		setpgid(0, 0);
		CPU_ZERO(&cpu);
		CPU_SET(1, &cpu);
		sched_setaffinity(0, sizeof(cpu), &cpu);
		criterion->probe();
		_exit(0);
	}

	snprintf(look, sizeof(look), "%s", criterion->look);
	if (!wait_for(pid, &status, patience)) {
		patience = LATER_MS;
		describe_hang(pid, text, sizeof(text));
		seen = text;
		kill(pid, SIGKILL);
		hung = !wait_for(pid, &status, KILL_MS);
		if (hung) {
			strcat(text, ". It cannot be killed");
			look[0] = 0;
			log_stacks(pid);
		}
	} else if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "the program died of %s, while %s",
			 signal_name(WTERMSIG(status)), report->step);
		seen = text;
	} else if (WEXITSTATUS(status)) {
		seen = report->seen;
		if (report->look[0])
			snprintf(look, sizeof(look), "%s", report->look);
		if (report->unanswered)
			look[strcspn(look, ":")] = 0;
	}
	if (!hung) {
		end_leftovers(pid);
		plug_in();
	}
	if (!hung && complaint(complained, sizeof(complained))) {
		seen = complained;
		tainted |= strstr(seen, "the kernel reported") ||
			   strstr(seen, " has -") || strstr(seen, " has 0 ");
		look[0] = 0;
	}

	printf("  %s  %s\n", seen ? "FAILED" : "passed", criterion->what);
	if (seen) {
		print_folded("seen: ", seen);
		if (look[0])
			print_folded("do: ", look);
	} else if (report->note[0]) {
		print_folded("note: ", report->note);
	}
	print_printed();
	fflush(stdout);
	passed += !seen;
}

/* -1 if the module is not loaded. */
static long use_count(void)
{
	FILE *file = fopen("/proc/modules", "r");
	char name[64];
	long count, found = -1;

	if (!file)
		return -1;
	while (fscanf(file, "%63s %*d %ld %*[^\n]", name, &count) == 2)
		if (!strcmp(name, module))
			found = count;
	fclose(file);
	return found;
}

/* Files that were closed are gone for sure when their process is. */
static void unload(void)
{
	step("unloading the module");
	if (!syscall(SYS_delete_module, module, O_NONBLOCK))
		return;
	if (errno == EWOULDBLOCK)
		saw("its use count is %ld, with no file open and nothing mapped",
		    use_count());
	saw("it cannot be unloaded: %s", strerror(errno));
}

static const struct criterion last = {
	"the module can be unloaded, and its pages are free again",
	"find what takes a reference to the module and never drops it (try_module_get(), get_file())",
	unload
};

static void load(const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	static char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	module = name;
	if (fd >= 0 && !syscall(SYS_finit_module, fd, "", 0))
		return;
	printf("  FAILED  the module loads\n");
	printf("%*s%s. See the kernel's log\n", INDENT, "seen: ",
	       strerror(errno));
	exit(1);
}

/* Nothing can be unloaded or ended any more: let the machine go. */
static void reset(void)
{
	FILE *file = fopen("/proc/sysrq-trigger", "w");

	fflush(stdout);
	usleep(500 * 1000);
	if (file) {
		fputc('b', file);
		fclose(file);
	}
	pause();
}

int main(int argc, char **argv)
{
	const unsigned int total = nr_criteria + 1;
	unsigned int i;
	cpu_set_t cpu;

	if (argc != 2) {
		fprintf(stderr, "usage: grade MODULE.ko\n");
		return 125;
	}
	printed_fd = move_high(memfd_create("printed", MFD_CLOEXEC));
	kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (printed_fd < 0 || kmsg_fd < 0 || report == MAP_FAILED) {
		perror("grade");
		return 125;
	}
	lseek(kmsg_fd, 0, SEEK_END);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_setaffinity(0, sizeof(cpu), &cpu);

	printf("%s\n\n  total   %u\n", lab_title, total);
	load(argv[1]);
	for (i = 0; i < nr_criteria && !hung; i++)
		judge(&criteria[i]);
	if (!hung) {
		judge(&last);
		tainted |= use_count() >= 0;
	}

	printf("\n%u of %u passed", passed, total);
	if (hung && i < total)
		printf(", %u not tried", total - i);
	printf("\n");
	if (hung)
		reset();
	return tainted ? 2 : passed != total;
}
