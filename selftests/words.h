/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes and words of a mapping. */
#ifndef WORDS_H
#define WORDS_H

/*
 * One access to memory, there and then: the compiler neither drops it nor
 * remembers what it saw.
 */
static inline unsigned char load(const unsigned char *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static inline void store(unsigned char *at, unsigned char byte)
{
	__atomic_store_n(at, byte, __ATOMIC_RELAXED);
}

/* Words lie in the buffer with their low byte first, whatever the machine. */
static inline unsigned int word_at(const unsigned char *at)
{
	return load(at) | load(at + 1) << 8 | load(at + 2) << 16 |
	       (unsigned int)load(at + 3) << 24;
}

static inline void put_word(unsigned char *at, unsigned int word)
{
	store(at, word);
	store(at + 1, word >> 8);
	store(at + 2, word >> 16);
	store(at + 3, word >> 24);
}

#endif /* WORDS_H */
