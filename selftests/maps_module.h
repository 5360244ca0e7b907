/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading and unloading the module from a test: where maps.ko is found, and
 * with which parameters it was loaded before the test began. A program that finds
 * no module loads it, with what it needs, and unloads it when it ends.
 */
#ifndef MAPS_MODULE_H
#define MAPS_MODULE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define MODULE_MISSING	"maps.ko is not found: give its path in MAPS_KO="

/* Where maps.ko is: MAPS_KO=, here, the guest of tools/vm/run, what is installed. */
static inline const char *module_path(void)
{
	static const char *const folders[] = { "/updates/dkms", "/updates", "/extra" };
	static char path[512];
	struct utsname kernel;
	size_t i;

	if (getenv("MAPS_KO"))
		return getenv("MAPS_KO");
	if (!access("maps.ko", R_OK))
		return "maps.ko";
	if (!access("/lib/maps.ko", R_OK))
		return "/lib/maps.ko";
	uname(&kernel);
	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s%s/maps.ko", kernel.release,
			 folders[i]);
		if (!access(path, R_OK))
			return path;
	}
	return NULL;
}

/*
 * In a test program: skip all of it, and say why, unless @there. (A skip in
 * FIXTURE_SETUP is not enough: older harnesses run the test nevertheless.)
 */
#define NEED(there, why)						\
static void __attribute__((constructor)) need_##there(void)		\
{									\
	if (there())							\
		return;							\
	ksft_print_header();						\
	ksft_exit_skip(why "\n");					\
}									\
_Static_assert(1, "")

/* The parameters that the module is loaded with now, as one would give them. */
static inline void module_parameters(char *text, size_t size)
{
	static const char dir[] = "/sys/module/maps/parameters";
	char path[512], value[128];
	struct dirent *entry;
	DIR *d = opendir(dir);
	FILE *file;

	*text = 0;
	while (d && (entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(path, "r");
		if (!file)
			continue;
		if (fscanf(file, "%127s", value) == 1)
			snprintf(text + strlen(text), size - strlen(text), "%s=%s ",
				 entry->d_name, value);
		fclose(file);
	}
	if (d)
		closedir(d);
}

/* Both return 0 or the errno. */
static inline int module_load(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
	close(fd);
	return err;
}

static inline int module_unload(void)
{
	return syscall(SYS_delete_module, "maps", O_NONBLOCK) ? errno : 0;
}

/* The parameters that a program needs: to be defined before this is included. */
#ifndef NEEDED_PARAMETERS
#define NEEDED_PARAMETERS	""
#endif

/* So often, a millisecond apart, while killed processes end. */
#define UNLOAD_TRIES	5000

static pid_t module_loader;	/* the process that unloads the module, or 0 */

/*
 * Root without a loaded module: load it, by its path or by modprobe. MAPS_PARAMS=
 * of the environment replaces the parameters. Nothing is done where there is none:
 * the program says then that the device is missing. Before all other constructors.
 */
static void __attribute__((constructor(101))) load_module(void)
{
	const char *path = module_path(), *params = getenv("MAPS_PARAMS");
	char command[256];
	int err;

	if (!access("/sys/module/maps", F_OK) || geteuid())
		return;
	params = params ?: NEEDED_PARAMETERS;
	snprintf(command, sizeof(command), "modprobe -q maps %s 2>/dev/null", params);
	err = path ? module_load(path, params) : system(command);
	if (path && err) {
		printf("Bail out! %s %s: %s\n", path, params, strerror(err));
		fflush(stdout);
		_exit(1);
	}
	if (!err)
		module_loader = getpid();
}

static void __attribute__((destructor)) unload_module(void)
{
	int i, err = EAGAIN;

	if (module_loader != getpid())
		return;
	for (i = 0; i < UNLOAD_TRIES && err == EAGAIN; i++) {
		err = module_unload();
		usleep(1000);
	}
	if (err) {
		printf("# the module cannot be unloaded: %s\n", strerror(err));
		fflush(stdout);
		_exit(1);
	}
}

#endif /* MAPS_MODULE_H */
