/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer's nouns. A walk is a list of steps; the model predicts what each
 * step returns, which signal it ends in and which bytes are seen afterwards.
 *
 *	fuzz.c		options, episodes, workers, shortening a failing walk
 *	fuzz_steps.c	the table of steps: how each is drawn and carried out
 *	fuzz_model.c	what the kernel is expected to do
 *
 * A walk lives in an arena of page-sized slots at a fixed address. Steps name
 * slots and pages, never addresses, and any step can be carried out in any
 * state: so each part of a walk is a walk, and a failing one can be shortened
 * by leaving steps out.
 *
 * Several walkers share the device without sharing a byte: each owns the same
 * part, its lane, of every page. All they do to each other is race.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif
#define STEP_ARGS	6
#define FDS		4
#define PIECES		8	/* a pipe holds twice as many */

/* What a mapping of a strategy can do, and what it cannot. */
#define CAN_REFAULT	0x01	/* a page that was dropped comes back */
#define CAN_GROW	0x02	/* no VM_DONTEXPAND, no VM_PFNMAP */
#define IS_SPECIAL	0x04	/* a flag of VM_SPECIAL: never locked */
#define IS_PFNMAP	0x08	/* no struct page behind it for the core */
#define IS_READONLY	0x10	/* mmap() refuses PROT_WRITE for good */
#define PRIVATE_ONE	0x20	/* writable later and private: one page only */
#define PRIVATE_DEAD	0x40	/* the same, but mmap() does not say so */

struct strategy {
	const char	*name;
	const char	*node;
	unsigned int	can;
};

extern const struct strategy strategies[];
extern const unsigned int nr_strategies;

/* What was found out about the device and the kernel before the first step. */
struct facts {
	size_t	page;
	int	npages;
	int	slots;
	int	huge;			/* pages that one PMD maps, 0 for none */
	__u32 stamp;
	bool	noexec;			/* /dev is mounted so */
	bool	write_gives_read;	/* PROT_WRITE alone: riscv */
	bool	write_hides;		/* with PROT_WRITE alone a load never ends: MIPS */
	bool	mremap_checks_first;	/* before it unmaps the target: 6.17 */
	bool	mremap_moves_many;	/* VMAs in one call: 6.17 */
	bool	mremap_dontunmap;	/* of a file: 5.13 */
	/* Of a VMA that MREMAP_DONTUNMAP leaves in part: stable kernels mend it. */
	bool	mremap_unlocks_all;
	bool	mremap_shrinks_holes;	/* in place, with success: not since 5.16 */
	bool	mremap_extends_special;	/* in place: not since 5.17 */
	bool	dofork_refuses_special;	/* not just VM_IO: 6.18 */
	bool	fork_loses_frames;	/* of private copies: x86, to 6.14 */
	bool	onfault_wants_access;	/* mlock2() of PROT_NONE fails: not since 5.18 */
	bool	populate_stops;		/* at the first hole: 6.10 */
	bool	sends_devices;		/* sendfile() from a character device: 6.0 */
	bool	mem_forces;		/* /proc/PID/mem writes to what is read-only */
	bool	advice[32];		/* which of advices[] there is */
};

extern struct facts facts;

/* One page of the arena. */
struct slot {
	bool	mapped;
	bool	shared;		/* VM_SHARED */
	bool	mayshare;	/* VM_MAYSHARE */
	bool	maywrite;
	bool	locked;
	bool	onfault;
	bool	dontfork;
	bool	copied;		/* a private copy: copy_of() has its bytes */
	bool	dead;		/* nothing is mapped and nothing will be */
	__u8	prot;
	__u8	strategy;
	__u8	can;
	__s32	pgoff;
};

struct step {
	__u8	kind;
	__s32	arg[STEP_ARGS];
};

/*
 * What a walk shares with the children it forks: the list and how far it is
 * carried out, so that a child walks on and its parent takes over from there.
 */
struct track {
	__u64	rng;
	int		limit;		/* where the walk ends */
	int		at;		/* the next step */
	bool		replay;		/* the list is given, not drawn */
	bool		failed;
	char		why[400];
	struct step	steps[];
};

/* A part of a page of the device, in the walker's pipe: the page itself, no copy. */
struct piece {
	int		pgoff;
	size_t		at;
	size_t		len;
};

struct walk {
	struct track	*track;
	unsigned char	*arena;
	unsigned char	*copies;	/* private: a forked child has its own */
	unsigned char	*device;	/* shared: every byte the device holds */
	unsigned char	*scratch;	/* as large as the device */
	struct slot	*slots;
	int		*vma_end;	/* set by read_layout() */
	int		fd[FDS];	/* -1: closed */
	int		fd_mode[FDS];
	int		fd_strategy[FDS];
	int		mem;		/* /proc/self/mem */
	int		pipe[2];
	struct piece	pieces[PIECES];	/* in the pipe, the first one first */
	int		nr_pieces;
	int		only;		/* the strategy to open, -1 for any */
	int		depth;		/* of fork() */
	bool		crowded;	/* other walkers are threads of our process */
	size_t		lane;		/* first byte of each page that is ours */
	size_t		width;		/* how many are */
	void		(*trace)(const struct step *step);	/* or NULL */
};

/* fuzz_model.c */
void facts_learn(void);
unsigned char *slot_address(const struct walk *w, int slot);
unsigned char *slot_bytes(const struct walk *w, int slot);
int load_signal(const struct walk *w, int slot);
int store_signal(const struct walk *w, int slot);
bool gup_allowed(const struct walk *w, int slot, bool write, bool force);
bool model_store(struct walk *w, int slot);
void model_unmap(struct walk *w, int first, int n);
int model_may_fork(const struct walk *w);
void model_fork(struct walk *w);
int model_mmap(struct walk *w, int fd, int slot, int n, int pgoff, int prot, bool shared,
	       bool locked, bool populate);
int model_mprotect(struct walk *w, int first, int n, int prot);
int model_mlock(struct walk *w, int first, int n, bool lock, bool onfault);
int model_madvise(struct walk *w, int first, int n, int advice);
int model_msync(const struct walk *w, int first, int n, int flags);
int model_mincore(const struct walk *w, int first, int n);

enum remap { REMAP_MOVE, REMAP_STAY, REMAP_KEEP, REMAP_DUPLICATE };
int model_mremap(struct walk *w, int from, int old, int to, int new, enum remap how);

/* fuzz_steps.c */
/* An argument whose values are words, not numbers. */
struct words {
	const char	*name;
	const char	*const *words;
};

struct kind {
	const char	*name;
	unsigned int	weight;
	const char	*args[STEP_ARGS];
	void		(*draw)(struct walk *w, __s32 *arg);
	bool		(*run)(struct walk *w, const __s32 *arg);
};

extern const struct kind kinds[];
extern const unsigned int nr_kinds;

const char *const *words_of(const char *arg);
__u32 draw_below(struct walk *w, __u32 n);
void steps_init(void);
bool steps_run(struct walk *w);
void steps_finish(struct walk *w);
bool differs(struct walk *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* FUZZ_H */
