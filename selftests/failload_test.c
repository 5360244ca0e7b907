// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the module with every allocation that it takes made to fail, one at a
 * time: each load refuses and leaves nothing behind, or works, with all nodes but
 * one at least.
 *
 * MAPS_QUICK= in the environment begins where the module's own code does, and after
 * a hundred failures takes every tenth.
 */
#define _GNU_SOURCE
#include "failnth.h"
#include "percpu.h"

/*
 * Without memory for what tells the fields of a module's tracepoints, the kernel
 * warns, once, and goes on without them: event_define_fields() in
 * kernel/trace/trace_events.c. Whose a warning is, the kernel's log says.
 */
#define TAINT_WARN	(1LL << 9)

/* Allocations that a refusal takes, which come after the module's code. */
#define SLACK		30

FIXTURE(fail_load)
{
	char found[256];	/* the parameters that the module came with */
	long long tainted;
	const char *module;
	int fail_nth;
};

FIXTURE_VARIANT(fail_load)
{
	const char *params;
};

FIXTURE_VARIANT_ADD(fail_load, pages)
{
	.params = "npages=16 huge=never",
};

/* Room for two folios of 2 MiB and some single pages. */
FIXTURE_VARIANT_ADD(fail_load, folios)
{
	.params = "npages=1030 huge=auto",
};

FIXTURE_SETUP(fail_load)
{
	self->module = module_path();
	ASSERT_NE(NULL, self->module);
	self->fail_nth = open_failures();
	ASSERT_LE(0, self->fail_nth);
	self->tainted = tainted() | TAINT_WARN;
	module_parameters(self->found, sizeof(self->found));
	ASSERT_EQ(0, module_unload());
}

FIXTURE_TEARDOWN(fail_load)
{
	module_unload();
	EXPECT_EQ(0, module_load(self->module, self->found));
	EXPECT_EQ(self->tainted, tainted() | TAINT_WARN);
}

/* How many of the devices can be opened and read. */
static size_t working(void)
{
	struct target targets[MAX_DEVICES];
	size_t n = find_targets(targets), i, good = 0;
	char byte;
	int fd;

	for (i = 0; i < n; i++) {
		fd = open(targets[i].node, O_RDWR | O_CLOEXEC);
		good += read(fd, &byte, 1) == 1;
		close(fd);
	}
	return good;
}

/* What the kernel allocates before it asks the module, which refuses. */
static int before_module(int fail_nth, const char *module)
{
	int left;

	arm(fail_nth, MAX_FAILURES);
	if (!module_load(module, "npages=0"))
		return -1;
	left = left_of(fail_nth);
	disarm(fail_nth);
	return MAX_FAILURES - left;
}

/* That the next load gets further proves that the last one left nothing in its way. */
TEST_F_TIMEOUT(fail_load, every_allocation, 3600)
{
	const bool quick = getenv("MAPS_QUICK");
	int nth = 1, tried = 0, loaded = 0, err;
	bool injected = true;
	struct percpu percpu;
	size_t devices;

	/* Without a failure. */
	ASSERT_EQ(0, module_load(self->module, variant->params));
	devices = working();
	ASSERT_LT(0, devices);
	ASSERT_EQ(0, module_unload());

	if (quick)
		nth = before_module(self->fail_nth, self->module) - SLACK;
	ASSERT_LT(0, nth);

	ASSERT_TRUE(percpu_begin(&percpu)) TH_LOG(NO_PERCPU_EVENTS);
	while (injected && nth < MAX_FAILURES) {
		arm(self->fail_nth, nth);
		err = module_load(self->module, variant->params);
		injected = disarm(self->fail_nth);
		if (!err) {
			/* One failure takes one node, never the first: see maps_register(). */
			loaded++;
			ASSERT_LE(devices - 1, working())
				TH_LOG("failure %d: devices are missing", nth);
			ASSERT_EQ(0, access(MAPS_NODE, F_OK));
			ASSERT_EQ(0, module_unload());
		} else {
			ASSERT_TRUE(err == ENOMEM || err == EFAULT)
				TH_LOG("failure %d: %s", nth, strerror(err));
		}
		ASSERT_EQ(NULL, left_behind())
			TH_LOG("failure %d: %s is left", nth, left_behind());
		percpu_held(&percpu);
		tried++;
		nth += quick && tried > 100 ? 10 : 1;
	}
	EXPECT_GE(0, percpu_end(&percpu));
	TH_LOG("%s: %d failures, %d of them of no consequence",
	       variant->params, tried - 1, loaded - 1);
}

TEST_HARNESS_MAIN
