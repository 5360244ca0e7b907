// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that misbehaves on request, for the test of tools/vm/run: at load,
 * or at unload.
 */
#include <linux/module.h>

enum { REFUSE = 1, PIN, WARN_AT_LOAD, WARN_AT_UNLOAD };

static int mode;
module_param(mode, int, 0);
MODULE_PARM_DESC(mode, "1 refuse to load, 2 refuse to unload, 3 warn at load, 4 warn at unload");

static int __init provoke_init(void)
{
	if (mode == REFUSE)
		return -EINVAL;
	if (mode == PIN)
		__module_get(THIS_MODULE);
	WARN(mode == WARN_AT_LOAD, "provoked\n");
	return 0;
}

static void __exit provoke_exit(void)
{
	WARN(mode == WARN_AT_UNLOAD, "provoked\n");
}

module_init(provoke_init);
module_exit(provoke_exit);

MODULE_DESCRIPTION("Misbehaves on request");
MODULE_LICENSE("GPL");
