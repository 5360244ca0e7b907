// SPDX-License-Identifier: GPL-2.0-only
/* Set-ups: ALSA's buffers for samples, and the pages that tell and set its state. */
#define _GNU_SOURCE
#include "setup.h"

#include <sound/asound.h>

#define CARDS	8
#define BYTES	65536
#define STATE_AT	2048	/* nothing is there in pages of state */

/* As 64-bit programs know them: kernels from 5.6 on have other names for them, too. */
#define OFFSET_STATUS	0x82000000
#define OFFSET_CONTROL	0x83000000

static int open_pcm(const char *id, int access)
{
	char path[40], found[32];
	FILE *file;
	int i;

	for (i = 0; i < CARDS; i++) {
		snprintf(path, sizeof(path), "/proc/asound/card%d/id", i);
		file = fopen(path, "r");
		if (!file)
			continue;
		*found = 0;
		if (!fgets(found, sizeof(found), file))
			*found = 0;
		fclose(file);
		found[strcspn(found, "\n")] = 0;
		if (strcmp(found, id))
			continue;
		snprintf(path, sizeof(path), "/dev/snd/pcmC%dD0p", i);
		return open_path(path, access);
	}
	errno = ENODEV;
	return -1;
}

static int free_params(struct target *t)
{
	return ioctl(t->control, SNDRV_PCM_IOCTL_HW_FREE);
}

static void set_interval(struct snd_pcm_hw_params *params, int name, unsigned int value)
{
	struct snd_interval exactly = { .min = value, .max = value, .integer = 1 };

	params->intervals[name - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL] = exactly;
}

static void set_mask(struct snd_pcm_hw_params *params, int name, unsigned int bit)
{
	struct snd_mask only = { .bits = { 1U << bit } };

	params->masks[name - SNDRV_PCM_HW_PARAM_FIRST_MASK] = only;
}

/* 64 KiB of stereo, mapped; all else as the driver likes. */
static int set_params(int fd, size_t *length)
{
	static struct snd_pcm_hw_params params;
	size_t i;

	memset(&params, 0, sizeof(params));
	memset(params.masks, 0xff, sizeof(params.masks));
	for (i = 0; i < sizeof(params.intervals) / sizeof(*params.intervals); i++)
		params.intervals[i].max = ~0U;
	params.rmask = ~0U;
	params.info = ~0U;
	set_mask(&params, SNDRV_PCM_HW_PARAM_ACCESS, SNDRV_PCM_ACCESS_MMAP_INTERLEAVED);
	set_mask(&params, SNDRV_PCM_HW_PARAM_FORMAT, SNDRV_PCM_FORMAT_S16_LE);
	set_interval(&params, SNDRV_PCM_HW_PARAM_BUFFER_BYTES, BYTES);
	set_interval(&params, SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	set_interval(&params, SNDRV_PCM_HW_PARAM_RATE, 48000);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &params))
		return -1;
	*length = whole_pages(params.intervals[SNDRV_PCM_HW_PARAM_BUFFER_BYTES -
					       SNDRV_PCM_HW_PARAM_FIRST_INTERVAL].min);
	return 0;
}

static int open_samples(const struct subject *subject, struct target *t, int access)
{
	t->fd = open_pcm(subject->node, access);
	if (t->fd < 0 || set_params(t->fd, &t->length))
		return -1;
	t->control = dup(t->fd);
	t->release = free_params;
	return 0;
}

static int open_state(const struct subject *subject, struct target *t, int access)
{
	if (open_samples(subject, t, access))
		return -1;
	t->length = page_size();
	t->stamp_at = STATE_AT;
	t->release = NULL;
	return 0;
}

const struct subject sound_setups[] = {
	{ .name = "snd-dummy", .open = open_samples, .node = "Dummy",
	  .how = "snd_pcm_default_mmap(): .fault over continuous pages" },
	{ .name = "snd-aloop", .open = open_samples, .node = "Loopback",
	  .how = "the same over vmalloc()" },
	{ .name = "snd-hda", .open = open_samples, .node = "Intel",
	  .how = "the same over pages for DMA" },
	{ .name = "snd-ens1370", .open = open_samples, .node = "AudioPCI",
	  .how = "dma_mmap_coherent()" },
	{ .name = "snd-status", .open = open_state, .node = "Dummy", .offset = OFFSET_STATUS,
	  .traits = COOKIE, .how = ".fault with one page of state" },
	{ .name = "snd-control", .open = open_state, .node = "Dummy", .offset = OFFSET_CONTROL,
	  .traits = COOKIE, .how = ".fault with one page of state" },
	{ }
};
