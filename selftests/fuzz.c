// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer with a model: random walks over everything that a process can do
 * with a mapping of the device, in which every errno, signal and byte is
 * predicted. See fuzz.h for how it is built.
 *
 *	fuzz [--seed N] [--ops N] [--episode N] [--workers PxT] [--device NAME]
 *	     [--module FILE] [--save FILE] [--replay FILE] [--trace]
 *
 * Without options: a test of 50,000 operations, by one walker and by several.
 * The first difference is shortened to the fewest steps that show it; they are
 * printed, and --replay carries such a list out.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest.h"
#include "fuzz.h"
#include "held.h"
#include "maps_module.h"

#define WORKERS_MAX	64
#define SHOWN		50	/* steps of a list; --save has all of them */
#define REPLAY_MAX	100000
#define STUCK_SECONDS	20	/* without a step: it will never end */
#define TRIAL_SECONDS	3	/* the same, while shortening */

/* Far from where the kernel puts what it has to find a place for. */
#if UINTPTR_MAX > 0xffffffffUL
#define ARENA_BASE	0x2000000000UL
#else
#define ARENA_BASE	0x60000000UL
#endif

static struct {
	unsigned long long seed;
	long		ops;
	int		episode;
	int		processes;
	int		threads;
	int		only;
	const char	*module;
	const char	*save;
	const char	*replay;
	bool		trace;
} options = { .seed = 1, .ops = 50000, .episode = 5000, .processes = 1, .threads = 1, .only = -1 };

static const char usage[] = "[--seed N] [--ops N] [--episode N] [--workers PxT] [--device NAME]";
static const char usage2[] = "[--module FILE] [--save FILE] [--replay FILE] [--trace]";

static struct track *tracks[WORKERS_MAX];
static unsigned char *devices[WORKERS_MAX];
static int workers;
static int kmsg = -1;
static char why[500];
static int trials;

static void *shared_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		ksft_exit_fail_msg("mmap of %zu bytes: %s\n", size, strerror(errno));
	return at;
}

static size_t device_size(void)
{
	return (size_t)facts.npages * facts.page;
}

/* The kernel's own voice: what it says during an episode must be nothing. */

static void kmsg_skip(void)
{
	if (kmsg >= 0)
		lseek(kmsg, 0, SEEK_END);
}

static bool is_complaint(const char *line)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "Bad page", "Bad rss", "Oops", "refcount_t",
		"general protection", "unable to handle", "UBSAN", "KASAN", "page dumped",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* Reads on to the end; false, with the line in why[], at the first complaint. */
static bool kmsg_quiet(void)
{
	char record[2048];
	bool quiet = true;
	ssize_t n;
	char *text;

	if (kmsg < 0)
		return true;
	for (;;) {
		n = read(kmsg, record, sizeof(record) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return quiet;
		record[n] = 0;
		text = strchr(record, ';');
		if (!text || !quiet || !is_complaint(text))
			continue;
		text[strcspn(text, "\n")] = 0;
		snprintf(why, sizeof(why), "the kernel's log: %.400s", text + 1);
		quiet = false;
	}
}

/* A fresh buffer for each trial, where we are told which module to load. */

static void reload_module(void)
{
	static char parameters[1024];
	int err;

	if (!options.module)
		return;
	if (!*parameters)
		module_parameters(parameters, sizeof(parameters));
	err = module_unload();
	if (err && err != ENOENT)
		ksft_exit_fail_msg("unloading maps: %s\n", strerror(err));
	err = module_load(options.module, parameters);
	if (err)
		ksft_exit_fail_msg("loading %s: %s\n", options.module, strerror(err));
}

/* Every page as a fresh one: the stamp, low byte first, and zeroes. */
static void fresh_device(unsigned char *bytes)
{
	int i, j;

	memset(bytes, 0, device_size());
	for (i = 0; i < facts.npages; i++)
		for (j = 0; j < 4; j++)
			bytes[(size_t)i * facts.page + j] = facts.stamp >> 8 * j;
}

/* What nobody has written to yet; false, with the page in why[], if it is not. */
static bool device_is_fresh(void)
{
	int fd = open(strategies[0].node, O_RDONLY | O_CLOEXEC);
	unsigned char *page = malloc(facts.page);
	off_t at;
	int i;

	fresh_device(devices[0]);
	for (i = 0; i < facts.npages && !*why; i++) {
		at = (off_t)i * facts.page;
		if (pread(fd, page, facts.page, at) != (ssize_t)facts.page ||
		    memcmp(page, devices[0] + at, facts.page))
			snprintf(why, sizeof(why), "page %d is not fresh after loading", i);
	}
	free(page);
	close(fd);
	return !*why;
}

static void reset_device(void)
{
	int fd = open(strategies[0].node, O_RDWR | O_CLOEXEC);
	size_t done;
	ssize_t n;
	int i;

	for (i = 0; i < workers; i++)
		fresh_device(devices[i]);
	for (done = 0; done < device_size(); done += n) {
		n = pwrite(fd, devices[0] + done, device_size() - done, done);
		if (n <= 0)
			ksft_exit_fail_msg("writing %s: %s\n", strategies[0].node, strerror(errno));
	}
	close(fd);
}

/* Lists of steps, written. */

static void print_step(FILE *to, const struct step *step)
{
	const struct kind *kind = &kinds[step->kind];
	const char *const *words;
	int i;

	fprintf(to, "    %s", kind->name);
	for (i = 0; i < STEP_ARGS && kind->args[i]; i++) {
		words = words_of(kind->args[i]);
		if (words)
			fprintf(to, " %s=%s", kind->args[i], words[step->arg[i]]);
		else
			fprintf(to, " %s=%d", kind->args[i], step->arg[i]);
	}
	fprintf(to, "\n");
}

/* Each step before it is carried out: the machine may not live to tell. */
static void trace_step(const struct step *step)
{
	print_step(stdout, step);
	fflush(stdout);
}

/* A walker: its own arena, slots and lane; the track is its parent's, too. */

static void *private_memory(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		_exit(90);
	return at;
}

static unsigned char *arena_of(int worker)
{
	size_t align = facts.huge ? facts.huge * facts.page : facts.page;
	size_t size = (facts.slots * facts.page + align - 1) / align * align;

	return (unsigned char *)ARENA_BASE + worker * (size + align);
}

static void walk_init(struct walk *w, int worker)
{
	size_t scratch = device_size() + 4 * facts.page + facts.slots;
	int i;

	memset(w, 0, sizeof(*w));
	w->track = tracks[worker];
	w->device = devices[worker];
	w->arena = arena_of(worker);
	w->copies = private_memory((size_t)facts.slots * facts.page);
	w->scratch = private_memory(scratch);
	w->slots = private_memory(facts.slots * sizeof(*w->slots));
	w->vma_end = private_memory(facts.slots * sizeof(*w->vma_end));
	w->mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	w->only = options.only;
	w->crowded = options.threads > 1 && workers > 1;
	for (i = 0; i < FDS; i++)
		w->fd[i] = -1;
	if (pipe2(w->pipe, O_CLOEXEC | O_NONBLOCK))
		_exit(92);
	w->lane = facts.page / workers * worker;
	w->width = facts.page / workers;
}

static void *walk_main(void *arg)
{
	int worker = (int)(intptr_t)arg;
	struct walk w;

	walk_init(&w, worker);
	w.trace = options.trace ? trace_step : NULL;
	if (steps_run(&w))
		steps_finish(&w);
	return NULL;
}

static int process_main(int process)
{
	int first = process * options.threads;
	pthread_t threads[WORKERS_MAX];
	int i;

	if (options.threads == 1 || workers == 1)
		walk_main((void *)(intptr_t)first);
	for (i = 0; options.threads > 1 && workers > 1 && i < options.threads; i++)
		if (pthread_create(&threads[i], NULL, walk_main, (void *)(intptr_t)(first + i)))
			return 91;
	for (i = 0; options.threads > 1 && workers > 1 && i < options.threads; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* The watch: whoever makes no step for too long is ended, and that is a find. */

static void on_tick(int sig)
{
	(void)sig;
}

static long steps_made(void)
{
	long made = 0;
	int i;

	for (i = 0; i < workers; i++)
		made += __atomic_load_n(&tracks[i]->at, __ATOMIC_RELAXED);
	return made;
}

static void end_process(pid_t *pids, int processes, pid_t pid, int status)
{
	int i;

	for (i = 0; i < processes; i++) {
		if (pids[i] != pid)
			continue;
		pids[i] = 0;
		if ((!WIFEXITED(status) || WEXITSTATUS(status)) && !*why)
			snprintf(why, sizeof(why), "a walker ended with status %#x", status);
	}
}

static void kill_all(const pid_t *pids, int processes)
{
	int i;

	for (i = 0; i < processes; i++)
		if (pids[i])
			kill(-pids[i], SIGKILL);
}

static void watch(pid_t *pids, int processes, int seconds)
{
	long made = -1;
	int status, idle = 0;
	pid_t pid;

	/* To the last orphan: while one lives, it may hold the device. */
	for (;;) {
		pid = waitpid(-1, &status, 0);
		if (pid > 0) {
			end_process(pids, processes, pid, status);
			continue;
		}
		if (errno == ECHILD)
			return;
		idle = made == steps_made() ? idle + 1 : 0;
		made = steps_made();
		if (idle == seconds) {
			snprintf(why, sizeof(why), "a step that never ends");
			kill_all(pids, processes);
		}
	}
}

static void start_watching(void)
{
	struct itimerval second = { { 1, 0 }, { 1, 0 } };
	struct sigaction action = { .sa_handler = on_tick };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &second, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* One episode: fresh device, all workers walk. True if nothing differed. */
static bool episode(int processes, int seconds)
{
	pid_t pids[WORKERS_MAX];
	long before;
	int i;

	/* Or each walker inherits what is not written yet, and writes it, too. */
	fflush(stdout);
	*why = 0;
	kmsg_skip();
	reload_module();
	if (options.module && !device_is_fresh())
		return false;
	reset_device();
	before = held();
	for (i = 0; i < processes; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			ksft_exit_fail_msg("fork: %s\n", strerror(errno));
		if (!pids[i]) {
			setpgid(0, 0);
			_exit(process_main(i));
		}
		setpgid(pids[i], pids[i]);
	}
	watch(pids, processes, seconds);
	for (i = 0; i < workers; i++)
		if (tracks[i]->failed)
			snprintf(why, sizeof(why), "%.399s", tracks[i]->why);
	if (!*why && held_down_to(before) > before)
		snprintf(why, sizeof(why), "%ld references to the buffer are left", held());
	if (!*why && options.module && module_unload())
		snprintf(why, sizeof(why), "the module cannot be unloaded");
	return kmsg_quiet() && !*why;
}

/* Lists of steps, read. */

static bool parse_value(const char *name, const char *text, __s32 *value)
{
	const char *const *words = words_of(name);
	char *end;

	if (!words) {
		*value = strtol(text, &end, 10);
		return end != text && !*end;
	}
	for (*value = 0; words[*value]; ++*value)
		if (!strcmp(words[*value], text))
			return true;
	return false;
}

/* "name=value": the value goes to the argument's place. */
static bool parse_arg(char *word, struct step *step)
{
	const char *const *args = kinds[step->kind].args;
	char *text = strchr(word, '=');
	int i;

	if (!text)
		return false;
	*text++ = 0;
	for (i = 0; i < STEP_ARGS && args[i]; i++)
		if (!strcmp(args[i], word))
			return parse_value(word, text, &step->arg[i]);
	return false;
}

static bool parse_step(char *line, struct step *step)
{
	char *word = strtok(line, " \t\n");

	memset(step, 0, sizeof(*step));
	while (strcmp(kinds[step->kind].name, word))
		if (++step->kind == nr_kinds)
			return false;
	while ((word = strtok(NULL, " \t\n")))
		if (!parse_arg(word, step))
			return false;
	return true;
}

static int read_steps(const char *path, struct step *steps, int max)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "r") : stdin;
	char line[512], copy[512];
	int n = 0;

	if (!file)
		ksft_exit_fail_msg("%s: %s\n", path, strerror(errno));
	while (n < max && fgets(line, sizeof(line), file)) {
		strcpy(copy, line);
		if (line[strspn(line, " \t\n")] == 0 || line[0] == '#')
			continue;
		if (!parse_step(copy, &steps[n++]))
			ksft_exit_fail_msg("%s: not a step: %s", path, line);
	}
	fclose(file);
	return n;
}

/* Shortening: leave steps out as long as a difference is left. */

/* True if these steps still differ; *n becomes how many it took to see it. */
static bool still_differs(const struct step *steps, int *n)
{
	struct track *track = tracks[0];

	memmove(track->steps, steps, *n * sizeof(*steps));
	track->limit = *n;
	track->at = 0;
	track->replay = true;
	track->failed = false;
	trials++;
	if (episode(1, TRIAL_SECONDS))
		return false;
	if (track->at < *n)
		*n = track->at;
	return true;
}

static void without(struct step *to, const struct step *from, int n, int first, int count)
{
	memcpy(to, from, first * sizeof(*to));
	memcpy(to + first, from + first + count, (n - first - count) * sizeof(*to));
}

static int leave_out(struct step *steps, struct step *spare, int n)
{
	int chunk, first, count, rest;

	for (chunk = n / 2; chunk; chunk /= 2) {
		for (first = 0; first < n;) {
			count = chunk < n - first ? chunk : n - first;
			without(spare, steps, n, first, count);
			rest = n - count;
			if (!still_differs(spare, &rest)) {
				first += chunk;
				continue;
			}
			memcpy(steps, spare, rest * sizeof(*steps));
			n = rest;
		}
	}
	return n;
}

static __s32 smallest(const char *arg)
{
	return !strcmp(arg, "pages") || !strcmp(arg, "size") || !strcmp(arg, "len");
}

/* The smallest numbers that still do it. */
static int simplify(struct step *steps, int n)
{
	const char *const *args;
	int i, j, same;
	__s32 was;

	for (i = 0; i < n; i++) {
		args = kinds[steps[i].kind].args;
		for (j = 0; j < STEP_ARGS && args[j]; j++) {
			was = steps[i].arg[j];
			if (was <= smallest(args[j]))
				continue;
			steps[i].arg[j] = smallest(args[j]);
			same = n;
			if (still_differs(steps, &same))
				n = same;
			else
				steps[i].arg[j] = was;
		}
	}
	return n;
}

static int shorten(struct step *steps, int n)
{
	struct step *spare = calloc(n + 1, sizeof(*spare));
	int before;

	do {
		before = n;
		n = leave_out(steps, spare, n);
	} while (n < before);
	n = simplify(steps, n);
	n = leave_out(steps, spare, n);
	free(spare);
	return n;
}

static void save_steps(const struct step *steps, int n)
{
	FILE *file = options.save ? fopen(options.save, "w") : NULL;
	int first = n > SHOWN ? n - SHOWN : 0;
	int i;

	if (first)
		ksft_print_msg("the last %d of %d:\n", SHOWN, n);
	for (i = first; i < n; i++)
		print_step(stdout, &steps[i]);
	for (i = 0; file && i < n; i++)
		print_step(file, &steps[i]);
	if (file)
		fclose(file);
}

/* Alone in the arena, does the walk that saw the difference see it again? */
static void explain(int worker, long done, int number)
{
	struct track *track = tracks[worker];
	int n = track->at, all = track->at, was = workers;
	struct step *steps;

	ksft_print_msg("after %ld operations: %s\n", done, why);
	ksft_print_msg("seed %llu, episode %d, worker %d of %d, step %d\n",
		       options.seed, number, worker, was, n);
	fflush(stdout);
	if (options.trace)
		return;
	steps = calloc(n + 1, sizeof(*steps));
	memcpy(steps, track->steps, n * sizeof(*steps));
	workers = 1;
	trials = 0;
	if (!still_differs(steps, &n)) {
		workers = was;
		ksft_print_msg("the walk alone does not show it: it takes the other workers\n");
		save_steps(steps, all);
	} else {
		n = shorten(steps, n);
		all = n;
		still_differs(steps, &n);
		ksft_print_msg("%d steps show it (%d trials): %s\n", all, trials, why);
		save_steps(steps, all);
	}
	workers = was;
	free(steps);
}

static __u64 mix(__u64 seed, int number, int worker)
{
	return seed * 0x9e3779b97f4a7c15ULL + (__u64)number * 0xd1342543de82ef95ULL +
	       (__u64)worker * 0x2545f4914f6cdd1dULL;
}

/* @ops operations by @processes times @threads walkers; true without a difference. */
static bool fuzz(const char *name, long ops, int processes, int threads)
{
	int steps, number, i;
	struct timespec from, to;
	long done = 0;

	workers = processes * threads;
	options.threads = threads;
	ksft_print_msg("%s: seed %llu\n", name, options.seed);
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (number = 0; done < ops; number++) {
		for (i = 0; i < workers; i++) {
			steps = (ops - done + workers - 1) / workers;
			tracks[i]->limit = steps < options.episode ? steps : options.episode;
			tracks[i]->at = 0;
			tracks[i]->replay = false;
			tracks[i]->failed = false;
			tracks[i]->rng = mix(options.seed, number, i);
		}
		if (options.trace)
			ksft_print_msg("episode %d\n", number);
		if (!episode(processes, STUCK_SECONDS)) {
			for (i = 0; i < workers - 1 && !tracks[i]->failed; i++)
				;
			explain(tracks[i]->failed ? i : 0, done + steps_made(), number);
			return false;
		}
		done += steps_made();
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	to.tv_sec -= from.tv_sec;
	ksft_print_msg("%s: %ld operations, 0 differences, %ld s\n", name, done,
		       (long)to.tv_sec);
	return true;
}

static bool replay(void)
{
	struct step *steps = calloc(REPLAY_MAX, sizeof(*steps));
	int n = read_steps(options.replay, steps, REPLAY_MAX);
	int all = n;

	workers = 1;
	if (!still_differs(steps, &n)) {
		ksft_print_msg("%d steps, no difference\n", all);
		return true;
	}
	ksft_print_msg("step %d of %d: %s\n", n, all, why);
	return false;
}

static int strategy_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_strategies; i++)
		if (!strcmp(strategies[i].name, name))
			return i;
	ksft_exit_fail_msg("--device %s: there is no such strategy\n", name);
	return -1;
}

static void parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "seed", 1, NULL, 's' }, { "ops", 1, NULL, 'o' }, { "episode", 1, NULL, 'e' },
		{ "workers", 1, NULL, 'w' }, { "device", 1, NULL, 'd' }, { "module", 1, NULL, 'm' },
		{ "save", 1, NULL, 'S' }, { "replay", 1, NULL, 'r' }, { "trace", 0, NULL, 't' },
		{ NULL, 0, NULL, 0 }
	};
	const char *ops = getenv("FUZZ_OPS");
	int c;

	/* The kselftest runner gives no arguments. */
	if (ops && *ops)
		options.ops = strtol(ops, NULL, 0);
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 's')
			options.seed = strtoull(optarg, NULL, 0);
		else if (c == 'o')
			options.ops = strtol(optarg, NULL, 0);
		else if (c == 'e')
			options.episode = strtol(optarg, NULL, 0);
		else if (c == 'w' && sscanf(optarg, "%dx%d", &options.processes,
					    &options.threads) == 2)
			continue;
		else if (c == 'd')
			options.only = strategy_named(optarg);
		else if (c == 'm')
			options.module = optarg;
		else if (c == 'S')
			options.save = optarg;
		else if (c == 'r')
			options.replay = optarg;
		else if (c == 't')
			options.trace = true;
		else
			ksft_exit_fail_msg("usage: fuzz %s %s\n", usage, usage2);
	}
	if (options.processes < 1 || options.threads < 1 || options.episode < 1 ||
	    options.processes * options.threads > WORKERS_MAX)
		ksft_exit_fail_msg("--workers PxT: from 1x1 to %d in all\n", WORKERS_MAX);
}

static void need(bool there, const char *what)
{
	if (!there)
		ksft_exit_skip("%s\n", what);
}

static void allocate(void)
{
	int room = (options.replay ? REPLAY_MAX : options.episode) + 1;
	size_t track = sizeof(struct track) + room * sizeof(struct step);
	unsigned char *all;
	int i;

	/* One mapping each: a fork, and a look at the layout, cost by the mapping. */
	track = (track + facts.page - 1) / facts.page * facts.page;
	all = shared_memory(WORKERS_MAX * (track + device_size()));
	for (i = 0; i < WORKERS_MAX; i++) {
		tracks[i] = (struct track *)(all + i * track);
		devices[i] = all + WORKERS_MAX * track + i * device_size();
	}
}

int main(int argc, char **argv)
{
	bool given = argc > 1;
	int p, t;

	ksft_print_header();
	parse_options(argc, argv);
	p = options.processes;
	t = options.threads;
	need(!geteuid(), "not root: locking, forcing and the kernel's log need it");
	need(!access(strategies[0].node, R_OK | W_OK), "no /dev/maps0: load maps.ko");
	facts_learn();
	need(facts.npages >= 3, "the buffer has fewer than three pages");
	allocate();
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	steps_init();
	start_watching();

	if (options.replay) {
		ksft_set_plan(1);
		ksft_test_result(replay(), "replay %s\n", options.replay);
	} else if (given) {
		ksft_set_plan(1);
		ksft_test_result(fuzz("walk", options.ops, p, t), "fuzz %dx%d\n", p, t);
	} else {
		ksft_set_plan(2);
		ksft_test_result(fuzz("one walker", options.ops / 5 * 4, 1, 1), "one_walker\n");
		ksft_test_result(fuzz("processes and threads", options.ops / 5, 2, 2),
				 "processes_and_threads\n");
	}
	reload_module();
	reset_device();
	ksft_exit(!ksft_get_fail_cnt() && !ksft_get_error_cnt());
}
