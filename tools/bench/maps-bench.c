// SPDX-License-Identifier: GPL-2.0-only
/*
 * maps-bench: measures every work with every subject at every size, and prints
 * rows. On a processor with a counter of instructions it counts those, else
 * nanoseconds; under QEMU's -icount shift=0 a nanosecond is an instruction.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS	16
#define MAX_ROUNDS	256
#define RUN_COST	8000000
#define STATUS		"/proc/self/status"
#define ROLLUP		"/proc/self/smaps_rollup"

struct options {
	unsigned int	runs;
	size_t		max_pages;
	const char	*subjects;
	const char	*skipped;
	const char	*works;
	const char	*unit;
	const char	*from;
	enum { TABLE, CSV, JSON } format;
};

static const char usage[] =
	"maps-bench [OPTION]...: what a mapped page costs\n"
	"  --subjects A,B  only these (a prefix will do)\n"
	"  --skip A,B      not these subjects\n"
	"  --works A,B     only these\n"
	"  --max-pages N   no larger sizes (262144)\n"
	"  --runs N        of which the median is taken, at most 16 (5); what takes long gets fewer\n"
	"  --unit WORD     what a nanosecond is called; instructions under QEMU's -icount\n"
	"  --from FILE     measure nothing, read rows that --csv wrote\n"
	"  --csv | --json  instead of a table for people\n"
	"  --list          name the subjects and works\n";

static int counter = -1;

/* Instructions of this process and its children, where they can be counted. */
static void open_counter(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.inherit = 1,
	};

	counter = syscall(SYS_perf_event_open, &attr, 0, -1, -1,
			  PERF_FLAG_FD_CLOEXEC);
}

static uint64_t now(void)
{
	struct timespec time;
	uint64_t count;

	if (counter >= 0 && read(counter, &count, sizeof(count)) == sizeof(count))
		return count;
	clock_gettime(CLOCK_MONOTONIC_RAW, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static long faults_so_far(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return self.ru_minflt + self.ru_majflt + children.ru_minflt +
	       children.ru_majflt;
}

/* What it costs to look at the clock twice. */
static uint64_t cost_of_clock(void)
{
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < 100; i++) {
		const uint64_t start = now(), cost = now() - start;

		if (cost < least)
			least = cost;
	}
	return least;
}

static uint64_t clock_cost;

/*
 * A field of a file, in kB. Rss comes from smaps_rollup, which walks the page
 * tables: the counter in status lags behind.
 */
static long kb_in(const char *path, const char *field)
{
	FILE *file = fopen(path, "r");
	const size_t length = strlen(field);
	char line[128];
	long kb = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, length) && line[length] == ':')
			kb = atol(line + length + 1);
	if (file)
		fclose(file);
	return kb;
}

/* A strategy that maps nothing lets the first access die. */
static sigjmp_buf died;

static void on_death(int sig)
{
	siglongjmp(died, sig);
}

static bool do_steps(struct run *run, const step *steps)
{
	size_t i;

	for (i = 0; i < 4 && steps[i]; i++)
		if (!steps[i](run))
			return false;
	return true;
}

struct sample {
	double cost;
	double faults;
};

static bool measure_once(struct run *run, struct sample *sample)
{
	const struct work *work = run->work;
	uint64_t start, cost;
	long faults;
	bool done;

	if (!do_steps(run, work->before))
		return false;
	faults = faults_so_far();
	start = now();
	done = do_steps(run, work->timed);
	cost = now() - start;
	sample->faults = faults_so_far() - faults;
	sample->cost = cost > clock_cost ? cost - clock_cost : 0;
	return done && do_steps(run, work->after);
}

/*
 * The same once with a look at the memory before it ends; a first run also
 * finds out what cannot be done at all.
 */
static bool rehearse(struct run *run, struct row *row)
{
	const struct work *work = run->work;
	const long page_tables = kb_in(STATUS, "VmPTE");
	const long rss = kb_in(ROLLUP, "Rss");
	const step *lists[] = { work->before, work->timed, work->after };
	step all[12], last;
	size_t i, j, n = 0;

	for (i = 0; i < 3; i++)
		for (j = 0; j < 4 && lists[i][j]; j++)
			all[n++] = lists[i][j];
	last = all[n - 1];
	for (i = 0; i + 1 < n; i++)
		if (!all[i](run))
			return false;
	row->page_tables = kb_in(STATUS, "VmPTE") - page_tables;
	row->rss = kb_in(ROLLUP, "Rss") - rss;
	return last(run);
}

static int by_value(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), by_value);
	return count % 2 ? values[count / 2] :
			   (values[count / 2 - 1] + values[count / 2]) / 2;
}

/*
 * The mean of the middle half. A median would jump where every third round is a
 * little dearer, because an allocator fetches the next piece; a mean would count
 * what the kernel does on the way now and then, a tick, or memory that waited to
 * be freed.
 */
static double middle_mean(double *values, unsigned int count)
{
	const unsigned int cut = count / 4;
	double sum = 0;
	unsigned int i;

	qsort(values, count, sizeof(*values), by_value);
	for (i = cut; i < count - cut; i++)
		sum += values[i];
	return sum / (count - 2 * cut);
}

/*
 * What is quick is done many times over in a run; what takes long is done in
 * fewer runs.
 */
static unsigned int rounds_for(uint64_t cost)
{
	const uint64_t rounds = RUN_COST / (cost + 1);

	return rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
}

static unsigned int runs_for(const struct options *options, uint64_t cost)
{
	if (cost <= 8 * RUN_COST)
		return options->runs;
	return cost <= 64 * RUN_COST ? 2 : 1;
}

static bool measure_run(struct run *run, unsigned int rounds,
			struct sample *sample)
{
	double costs[MAX_ROUNDS], faults[MAX_ROUNDS];
	struct sample once;
	unsigned int i;

	for (i = 0; i < rounds; i++) {
		if (!measure_once(run, &once))
			return false;
		costs[i] = once.cost;
		faults[i] = once.faults;
	}
	sample->cost = middle_mean(costs, rounds);
	sample->faults = middle_mean(faults, rounds);
	return true;
}

static bool measure_all(struct run *run, const struct options *options,
			struct row *row)
{
	double costs[MAX_RUNS], faults[MAX_RUNS];
	struct sample sample;
	unsigned int i, rounds;
	uint64_t cost = now();

	if (!rehearse(run, row))
		return false;
	cost = now() - cost;
	if (cost < RUN_COST) {
		/* Most of it was the look at the memory: once more without. */
		cost = now();
		if (!measure_once(run, &sample))
			return false;
		cost = now() - cost;
	}
	rounds = rounds_for(cost);
	row->runs = runs_for(options, cost);
	for (i = 0; i < row->runs; i++) {
		if (!measure_run(run, rounds, &sample))
			return false;
		costs[i] = sample.cost;
		faults[i] = sample.faults;
	}
	row->cost = median(costs, row->runs);
	row->least = costs[0];
	row->most = costs[row->runs - 1];
	row->faults = median(faults, row->runs);
	return true;
}

/* Fills the row, with a note in place of figures where there are none. */
static void measure(struct run *run, const struct options *options,
		    struct row *row)
{
	int sig = sigsetjmp(died, 1);

	if (!sig && measure_all(run, options, row))
		return;
	row->runs = 0;
	snprintf(row->note, sizeof(row->note), "%s",
		 sig ? sigabbrev_np(sig) : strerrorname_np(errno));
	if (run->map != MAP_FAILED && run->map)
		munmap(run->map, run->pages * run->page);
}

static void shuffle(uint32_t *order, size_t count)
{
	uint32_t random = 1;
	size_t i;

	for (i = 0; i < count; i++) {
		size_t other;

		random = random * 1664525 + 1013904223;
		other = random % (i + 1);
		order[i] = order[other];
		order[other] = i;
	}
}

/* Is @name, or its beginning up to a slash, one of "a,b,c"? */
static bool in_list(const char *list, const char *name)
{
	size_t word;

	for (; list; list = list[word] ? list + word + 1 : NULL) {
		word = strcspn(list, ",");
		if (!strncmp(list, name, word) &&
		    (!name[word] || name[word] == '/'))
			return true;
	}
	return false;
}

static bool chosen(const char *list, const char *name)
{
	return !list || in_list(list, name);
}

/*
 * An address with free room on both sides, and aligned to the largest page: what
 * mmap() costs depends by a tenth on the neighbours, and what a huge page saves
 * on the address. Everything is mapped there. NULL (anywhere) in small address
 * spaces.
 */
static void *find_room(void)
{
	const size_t room = (size_t)(sizeof(void *) > 4) << 32, align = room / 4;
	char *start = mmap(NULL, room, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (!room || start == MAP_FAILED)
		return NULL;
	munmap(start, room);
	return start + align - (uintptr_t)start % align;
}

/*
 * What a run needs besides: allocated once and for the largest size, so that
 * nothing else is different from size to size.
 */
static bool prepare(struct run *run)
{
	run->room = find_room();
	run->page = sysconf(_SC_PAGESIZE);
	run->copy = calloc(1, run->page);
	run->order = malloc(sizes[nr_sizes - 1] * sizeof(*run->order));
	return run->copy && run->order;
}

static bool measure_size(struct rows *rows, const struct options *options,
			 const struct run *prepared,
			 const struct subject *subject, size_t size)
{
	struct run run = *prepared;
	size_t i;

	run.subject = subject;
	run.pages = sizes[size];
	run.fd = -1;
	if (subject->open)
		run.fd = subject->open(subject, run.pages * run.page);
	shuffle(run.order, run.pages);
	for (i = 0; i < nr_works; i++) {
		const struct work *work = &works[i];
		struct row *row;

		if (!(work->sizes >> size & 1) ||
		    !chosen(options->works, work->name))
			continue;
		row = add_row(rows);
		if (!row)
			return false;
		snprintf(row->subject, sizeof(row->subject), "%s",
			 subject->name);
		snprintf(row->buffer, sizeof(row->buffer), "%s",
			 subject->buffer);
		snprintf(row->kind, sizeof(row->kind), "%s",
			 kind_names[subject->kind]);
		snprintf(row->work, sizeof(row->work), "%s", work->name);
		row->pages = run.pages;
		run.work = work;
		run.map = NULL;
		if (subject->open && run.fd < 0)
			snprintf(row->note, sizeof(row->note), "%s",
				 strerrorname_np(errno));
		else
			measure(&run, options, row);
	}
	if (run.fd >= 0)
		close(run.fd);
	return true;
}

static bool read_ticks(unsigned long long *busy, unsigned long long *idle)
{
	unsigned long long user, nice, system;
	FILE *file = fopen("/proc/stat", "r");
	bool done = file && fscanf(file, "cpu %llu %llu %llu %llu", &user,
				   &nice, &system, idle) == 4;

	if (done)
		*busy = user + nice + system;
	if (file)
		fclose(file);
	return done;
}

/* A kernel that has just booted is still busy with itself, for a while. */
static void wait_until_idle(void)
{
	const struct timespec pause = { .tv_nsec = 500000000 };
	unsigned long long busy, idle, was_busy, was_idle;
	int i;

	for (i = 0; i < 60 && read_ticks(&was_busy, &was_idle); i++) {
		nanosleep(&pause, NULL);
		if (!read_ticks(&busy, &idle))
			break;
		if ((busy - was_busy) * 20 < idle - was_idle)
			return;
	}
	fprintf(stderr, "maps-bench: the machine is busy: counts are not exact\n");
}

static bool measure_subjects(struct rows *rows, const struct options *options)
{
	struct sigaction action = { .sa_handler = on_death };
	struct run run = { 0 };
	struct subject *subjects;
	size_t i, j, count = find_subjects(&subjects);
	time_t start = time(NULL);

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (!prepare(&run))
		return false;
	open_counter();
	clock_cost = cost_of_clock();
	wait_until_idle();
	for (i = 0; i < count; i++) {
		const struct subject *subject = &subjects[i];
		const size_t before = rows->count;

		if (!chosen(options->subjects, subject->name) ||
		    in_list(options->skipped, subject->name))
			continue;
		for (j = 0; j < nr_sizes; j++)
			if (sizes[j] <= subject->max_pages &&
			    sizes[j] <= options->max_pages &&
			    !measure_size(rows, options, &run, subject, j))
				return false;
		fprintf(stderr, "maps-bench: %zu of %zu: %s, %s: %zu rows, %ld s\n",
			i + 1, count, subject->name, subject->buffer,
			rows->count - before, (long)(time(NULL) - start));
	}
	free(run.copy);
	free(run.order);
	free(subjects);
	return true;
}

static void list(void)
{
	struct subject *subjects;
	size_t i, count = find_subjects(&subjects);

	for (i = 0; i < count; i++)
		printf("subject %s (%s)\n", subjects[i].name,
		       kind_names[subjects[i].kind]);
	for (i = 0; i < nr_works; i++)
		printf("work %s: %s\n", works[i].name, works[i].what);
	free(subjects);
}

static const struct option long_options[] = {
	{ "subjects", required_argument, NULL, 's' },
	{ "skip", required_argument, NULL, 'k' },
	{ "works", required_argument, NULL, 'w' },
	{ "max-pages", required_argument, NULL, 'm' },
	{ "runs", required_argument, NULL, 'r' },
	{ "unit", required_argument, NULL, 'u' },
	{ "from", required_argument, NULL, 'f' },
	{ "csv", no_argument, NULL, 'c' },
	{ "json", no_argument, NULL, 'j' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

/* Returns the exit status for an answer that needs no measurement, or -1. */
static int parse(struct options *options, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		switch (option) {
		case 's':
			options->subjects = optarg;
			break;
		case 'k':
			options->skipped = optarg;
			break;
		case 'w':
			options->works = optarg;
			break;
		case 'm':
			options->max_pages = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			options->runs = strtoul(optarg, NULL, 0);
			break;
		case 'u':
			options->unit = optarg;
			break;
		case 'f':
			options->from = optarg;
			break;
		case 'c':
			options->format = CSV;
			break;
		case 'j':
			options->format = JSON;
			break;
		case 'l':
			list();
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind == argc && options->runs >= 1 && options->runs <= MAX_RUNS)
		return -1;
	fputs(usage, stderr);
	return 2;
}

static bool get_rows(struct rows *rows, const struct options *options)
{
	FILE *file;
	bool done;

	if (!options->from)
		return measure_subjects(rows, options);
	file = fopen(options->from, "r");
	done = file && read_csv(rows, file);
	if (file)
		fclose(file);
	return done;
}

int main(int argc, char **argv)
{
	struct options options = { .runs = 5, .max_pages = SIZE_MAX };
	struct rows rows = { 0 };
	int status = parse(&options, argc, argv);

	if (status >= 0)
		return status;
	if (!get_rows(&rows, &options)) {
		perror(options.from ?: "maps-bench");
		return 1;
	}
	if (!options.unit)
		options.unit = counter >= 0 ? "instructions" : "nanoseconds";
	if (options.format == CSV)
		write_csv(&rows, stdout);
	else if (options.format == JSON)
		write_json(&rows, options.unit, stdout);
	else
		write_table(&rows, options.unit, stdout);
	free(rows.row);
	return rows.count ? 0 : 1;
}
