// SPDX-License-Identifier: GPL-2.0-only
/*
 * sound CARD data: a buffer of samples, mapped from its page 3 on: does it show page 0?
 * sound CARD status: is a writable mapping of the page of state granted, and a write
 * to it SIGSEGV?
 */
#include "confirm.h"

#include <signal.h>
#include <sound/asound.h>

static struct snd_pcm_hw_params params;

static void only(int name, unsigned int value)
{
	struct snd_interval *interval = &params.intervals[name - SNDRV_PCM_HW_PARAM_FIRST_INTERVAL];

	interval->min = value;
	interval->max = value;
	interval->integer = 1;
}

int main(int argc, char **argv)
{
	char path[64], id[32];
	int fd = -1, i, sig;
	volatile uint32_t *at;

	for (i = 0; argc > 2 && fd < 0 && i < 8; i++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/asound/card%d/id", i);
		file = fopen(path, "r");
		if (!file || fscanf(file, "%31s", id) != 1 || strcmp(id, argv[1]))
			continue;
		snprintf(path, sizeof(path), "/dev/snd/pcmC%dD0p", i);
		fd = open(path, O_RDWR | O_NONBLOCK);
	}
	memset(params.masks, 0xff, sizeof(params.masks));
	for (i = 0; i < 12; i++)
		params.intervals[i].max = ~0U;
	params.rmask = ~0U;
	params.info = ~0U;
	memset(&params.masks[0], 0, sizeof(params.masks[0]));
	memset(&params.masks[1], 0, sizeof(params.masks[1]));
	params.masks[0].bits[0] = 1U << SNDRV_PCM_ACCESS_MMAP_INTERLEAVED;
	params.masks[1].bits[0] = 1U << SNDRV_PCM_FORMAT_S16_LE;
	only(SNDRV_PCM_HW_PARAM_BUFFER_BYTES, 65536);
	only(SNDRV_PCM_HW_PARAM_CHANNELS, 2);
	only(SNDRV_PCM_HW_PARAM_RATE, 48000);
	if (ioctl(fd, SNDRV_PCM_IOCTL_HW_PARAMS, &params))
		stop("hw_params");
	if (!strcmp(argv[2], "status")) {
		at = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, PAGE, 0x82000000);
		sig = signal_of(at + WORDS / 2, 1);
		printf("a write to a mapping made with PROT_WRITE ends in signal %d\n", sig);
		return sig != SIGSEGV;
	}
	mark(map(fd, PROT_READ | PROT_WRITE, MAP_SHARED, 65536, 0), 16);
	at = map(fd, PROT_READ, MAP_SHARED, PAGE, 3 * PAGE);
	printf("page 3 shows page %d\n", (int)(*at - 0x1000));
	return *at == 0x1003;
}
