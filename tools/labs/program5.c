// SPDX-License-Identifier: GPL-2.0-only
/* Answers with the numbers in the learner's predictions.c, one a line. */
#include <stdio.h>

#include "predictions.h"
#include "program.h"

int main(void)
{
	int i;

	for (i = 0; i < NR_QUESTIONS; i++)
		dprintf(PROGRAM_ANSWERS, "%d\n", (int)predictions[i]);
	return 0;
}
